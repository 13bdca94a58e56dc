/** Writing into the groups of a run, and reading back what the kernel made of it. */
import { readFile, stat, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { isSystemError, VireoError } from '../base/errors.ts';
import type { ControlGroups, GroupController, GroupPlace } from '../domain/control-groups.ts';
import type { GroupValue } from './group-values.ts';

/** libvirt's names of controllers in its refusals. */
const shownNames: Readonly<Record<GroupController, string>> = { cpu: 'CPU', cpuacct: 'CPUACCT', memory: 'memory', blkio: 'blkio', cpuset: 'cpuset' };

/** @throws OPERATION_INVALID where the run has no group of that controller. */
export function requireGroup(groups: ControlGroups, controller: GroupController): GroupPlace {
  const place = groups[controller];
  if (!place) throw new VireoError('OPERATION_INVALID', `cgroup ${shownNames[controller]} controller is not mounted: this computer gives the domain no control group for it`);
  return place;
}

/** @throws OPERATION_INVALID; CONFIG_UNSUPPORTED for a limit that this kernel has not; SYSTEM_ERROR with the kernel's refusal. */
export async function writeValues(groups: ControlGroups, values: readonly GroupValue[]): Promise<void> {
  for (const value of values) await writeValue(requireGroup(groups, value.controller).folder, value);
}

export async function writeValue(folder: string, { files, value }: Omit<GroupValue, 'controller'>): Promise<void> {
  for (const name of files) {
    const file = path.join(folder, name);
    try {
      await writeFile(file, value, { flag: 'r+' }); // a group's files are there or not, and never made
      return;
    } catch (error) {
      if (!isSystemError(error)) throw error;
      if (error.code === 'ENOENT') continue;
      throw new VireoError('SYSTEM_ERROR', `Unable to write to '${file}': ${error.message}`, { cause: error, details: { file, value } });
    }
  }
  throw new VireoError('CONFIG_UNSUPPORTED', `this computer's kernel has no '${files.at(-1) ?? ''}' for control groups`, { details: { files } });
}

/** Trimmed; null where there is no such file. */
export async function readGroupFile(groups: ControlGroups, controller: GroupController, names: readonly string[]): Promise<string | null> {
  const place = groups[controller];
  if (!place) return null;
  for (const name of names) {
    const text = await readFile(path.join(place.folder, name), 'utf8').catch(() => null);
    if (text !== null) return text.trim();
  }
  return null;
}

/** `major:minor` by path, as groups name block devices. @throws CONFIG_UNSUPPORTED for what is none. */
export async function numbersOfDevices(paths: readonly string[]): Promise<ReadonlyMap<string, string>> {
  return new Map(await Promise.all(paths.map(async (file): Promise<[string, string]> => {
    const facts = await stat(file, { bigint: true }).catch(() => null);
    if (!facts?.isBlockDevice()) throw new VireoError('CONFIG_UNSUPPORTED', `blkiotune: '${file}' is not a block device of this computer`, { details: { path: file } });
    return [file, deviceNumber(facts.rdev)];
  })));
}

/** makedev(3) of Linux, backwards. */
export function deviceNumber(rdev: bigint): string {
  const major = ((rdev >> 8n) & 0xfffn) | ((rdev >> 32n) & 0xffff_f000n);
  const minor = (rdev & 0xffn) | ((rdev >> 12n) & 0xffff_ff00n);
  return `${major}:${minor}`;
}
