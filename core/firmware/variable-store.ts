/** A domain's own firmware variables: a file that begins as a copy of the firmware's template and outlives every run. */
import { chmod, copyFile, link, mkdir, open, rename, rm, stat } from 'node:fs/promises';
import path from 'node:path';
import { randomBytes } from 'node:crypto';
import { VireoError } from '../base/errors.ts';
import { openOrdinary } from '../base/ordinary-file.ts';
import type { OsDefinition } from '../conf/os.ts';

/** Path of the file that a domain's variables are kept in, null where there is none or it is not a file of ours to make. */
export function variableStorePath({ loader, nvram }: OsDefinition): string | null {
  if (loader?.type !== 'pflash' || nvram === null) return null;
  if (nvram.type === null) return nvram.path;
  return nvram.type === 'file' ? (nvram.source?.file ?? null) : null;
}

/**
 * Makes the file where it is missing, or anew with `reset`; a file that is there is never touched otherwise. A copy is
 * whole or not there: a crash in between leaves a file of another name.
 * @throws CONFIG_UNSUPPORTED where nothing says what the variables begin with, OPERATION_FAILED with the path and reason.
 */
export async function prepareVariableStore(os: OsDefinition, options: { readonly reset: boolean } = { reset: false }): Promise<void> {
  const file = variableStorePath(os);
  if (file === null) return;
  if (!options.reset && (await exists(file))) return;
  const template = os.nvram?.template ?? null;
  if (template === null) {
    throw new VireoError('CONFIG_UNSUPPORTED', `the firmware variables '${file}' do not exist, and no template is known for the loader '${os.loader?.path}': give <nvram> a template`, { details: { file } });
  }
  const [from, to] = [os.nvram?.templateFormat ?? 'raw', os.nvram?.format ?? 'raw'];
  if (from !== to) throw new VireoError('CONFIG_UNSUPPORTED', `the firmware variables '${file}' are to have the format ${to}, and their template '${template}' has ${from}`, { details: { file, template } });
  try {
    await copyWhole(template, file, options.reset);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new VireoError('OPERATION_FAILED', `the firmware variables '${file}' could not be made from '${template}': ${reason}`, { cause: error, details: { file, template } });
  }
}

export async function removeVariableStore(os: OsDefinition): Promise<void> {
  const file = variableStorePath(os);
  if (file !== null) await rm(file, { force: true });
}

async function copyWhole(template: string, file: string, replace: boolean): Promise<void> {
  await mkdir(path.dirname(file), { recursive: true, mode: 0o700 });
  const unfinished = path.join(path.dirname(file), `.${randomBytes(8).toString('hex')}.new`);
  try {
    await refuseUnlikely(template);
    await copyFile(template, unfinished);
    await chmod(unfinished, 0o600);
    const handle = await open(unfinished, 'r+');
    try {
      await handle.sync();
    } finally {
      await handle.close();
    }
    // Somebody who made it meanwhile keeps theirs.
    if (replace) await rename(unfinished, file);
    else await link(unfinished, file).catch((error: NodeJS.ErrnoException) => ignoreExisting(error));
  } finally {
    await rm(unfinished, { force: true });
  }
}

/** The largest that is known has 64 MiB. */
const maximumTemplateBytes = 256 * 1_048_576;

/** A definition may name anything, and a device has no end. */
async function refuseUnlikely(template: string): Promise<void> {
  const handle = await openOrdinary(template);
  try {
    const { size } = await handle.stat();
    if (size > maximumTemplateBytes) throw new VireoError('INVALID_ARG', `it has ${size} bytes, and no firmware has so many variables`);
  } finally {
    await handle.close();
  }
}

function ignoreExisting(error: NodeJS.ErrnoException): void {
  if (error.code !== 'EEXIST') throw error;
}

function exists(file: string): Promise<boolean> {
  return stat(file).then(() => true, (error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return false;
    throw new VireoError('OPERATION_FAILED', `the firmware variables '${file}' cannot be looked at: ${error.message}`, { cause: error, details: { file } });
  });
}
