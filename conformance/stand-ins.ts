/**
 * A definition names disks, sockets' folders and kernels of the machine it was written on. So that QEMU judges the
 * command line and not this machine's files, what is missing is replaced: images, firmware and host devices by a blank
 * raw image, sockets, logs and shared folders by ones in the trial's folder, sealed secrets by an open one, kernels by none.
 */
import { access, truncate, writeFile } from 'node:fs/promises';
import path from 'node:path';

const blankBytes = 64 * 1024 * 1024;
/** Of x86: code and variables together have to fit into 8 MiB (QEMU's pc-system-flash). Elsewhere both are of this size. */
const flashBytes = { x86: 2 * 1024 * 1024, other: blankBytes };
const kernelOptions = new Set(['-kernel', '-initrd', '-append', '-dtb']);
/** Drivers that open a file or a device of the host by its name. */
const hostDrivers = new Set(['file', 'host_device', 'host_cdrom']);

type Json = Readonly<Record<string, unknown>>;

export async function withStandIns(binary: string, args: readonly string[], folder: string): Promise<readonly string[]> {
  const replaced: string[] = [];
  const blank = new Set<unknown>();
  for (let at = 0; at < args.length; at += 1) {
    const [option, value] = [args[at] ?? '', args[at + 1] ?? ''];
    if (kernelOptions.has(option)) {
      at += 1;
    } else if (option === '-blockdev' && value.startsWith('{')) {
      replaced.push(option, JSON.stringify(await blankIfMissing(JSON.parse(value) as Json, { folder, blank, flash: /x86_64|i386/.test(binary) ? flashBytes.x86 : flashBytes.other })));
      at += 1;
    } else if (option === '-object' && value.startsWith('{')) {
      replaced.push(option, JSON.stringify(openSecret(JSON.parse(value) as Json)));
      at += 1;
    } else if (option === '-fsdev') {
      replaced.push(option, await withSharedFolder(value, folder));
      at += 1;
    } else if (option === '-chardev') {
      replaced.push(option, await withFolders(value, folder));
      at += 1;
    } else replaced.push(option);
  }
  return replaced;
}

interface Blanks {
  readonly folder: string;
  /** Nodes that have been replaced. */
  readonly blank: Set<unknown>;
  readonly flash: number;
}

/** A format above a blank image is raw, whatever it was; what else the node says stays where raw knows it. */
async function blankIfMissing(node: Json, { folder, blank, flash }: Blanks): Promise<Json> {
  const { driver, filename } = node;
  if (typeof filename === 'string' && hostDrivers.has(String(driver)) && !(await isThere(filename))) {
    const isFlash = String(node['node-name']).includes('pflash');
    const image = path.join(folder, isFlash ? 'flash' : 'blank');
    await writeFile(image, '', { flag: 'a' });
    await truncate(image, isFlash ? flash : blankBytes);
    blank.add(node['node-name']);
    return { ...node, driver: 'file', filename: image, locking: 'off' };
  }
  if (!blank.has(node['file']) || driver === 'throttle' || driver === 'copy-on-read') return node;
  const { 'node-name': name, 'read-only': readOnly, discard, 'detect-zeroes': zeroes, cache, file } = node;
  return Object.fromEntries(Object.entries({ driver: 'raw', 'node-name': name, 'read-only': readOnly, discard, 'detect-zeroes': zeroes, cache, file }).filter(([, part]) => part !== undefined));
}

/** The driver seals what it hands over with a key of the run, which is nowhere while a command line is only looked at. */
function openSecret(object: Json): Json {
  return object['qom-type'] === 'secret' ? { 'qom-type': 'secret', id: object['id'], data: 'stand-in' } : object;
}

async function withSharedFolder(value: string, folder: string): Promise<string> {
  const shared = /,path=((?:[^,]|,,)+)/.exec(value)?.[1];
  return shared === undefined || (await isThere(shared.replaceAll(',,', ','))) ? value : value.replace(shared, folder);
}

/** Sockets and files are made by QEMU itself, in a folder that has to be there. */
async function withFolders(value: string, folder: string): Promise<string> {
  const made = /,(?:logfile|path)=((?:[^,]|,,)+)/g;
  let result = value;
  for (const [pair, named = ''] of value.matchAll(made)) {
    const file = named.replaceAll(',,', ',');
    if (await isThere(path.dirname(file))) continue;
    result = result.replace(pair, pair.replace(named, path.join(folder, path.basename(file)).slice(0, 100).replaceAll(',', ',,')));
  }
  return result;
}

async function isThere(file: string): Promise<boolean> {
  return access(file).then(() => true, () => false);
}
