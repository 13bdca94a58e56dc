/** The sample guest as a domain: a definition around the built image, and a disk of its own. */
import { constants, mkdir, open } from 'node:fs/promises';
import path from 'node:path';
import { VireoError } from '../base/errors.ts';
import { sampleDomain } from '../conf/sample-domain.ts';
import type { Call } from '../job/call.ts';
import { findSampleGuest } from '../storage/sample-guest.ts';
import type { Defined } from './definitions.ts';
import type { Driver } from './driver.ts';

const diskBytes = 64 * 1024 * 1024;
const memoryMiB = 256;

/** @throws OPERATION_FAILED where a domain of that name exists, CONFIG_UNSUPPORTED where the image is missing. */
export async function defineSample(driver: Driver, call: Call, name: string, imageFolder: string, accelerated: () => Promise<'kvm' | 'hvf' | 'whpx' | 'tcg'>): Promise<Defined> {
  const guest = await findSampleGuest();
  if ('missing' in guest) throw new VireoError('CONFIG_UNSUPPORTED', `the sample guest is not here: ${guest.missing}`);
  if (driver.context.registry.byName(name)) throw new VireoError('OPERATION_FAILED', `domain '${name}' already exists`);
  const disk = path.join(imageFolder, `${encodeURIComponent(name)}.raw`);
  await makeDisk(disk);
  const accelerator = await accelerated();
  const type = accelerator === 'tcg' ? 'qemu' : accelerator;
  const xml = sampleDomain({ type, name, kernel: guest.kernel, initrd: guest.initrd, disk, memoryMiB });
  return driver.define(call, xml, 'the sample guest');
}

/** A sparse raw image; the guest formats it. One that is there already is kept with what it holds. */
async function makeDisk(file: string): Promise<void> {
  await mkdir(path.dirname(file), { recursive: true, mode: 0o700 });
  try {
    const handle = await open(file, constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL, 0o600);
    try {
      await handle.truncate(diskBytes);
    } finally {
      await handle.close();
    }
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  }
}
