/**
 * Where this host keeps control groups, and below which of them this process may make its own: read from what the kernel
 * says of its mounts and of us, so that a container, a hybrid of both versions, or a host without any is the same code.
 */
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import type { GroupController, GroupPlace } from '../domain/control-groups.ts';

/** The group that a run's own are made in, by controller. */
export type ParentGroups = ReadonlyMap<GroupController, GroupPlace>;

/** libvirt's partition where a definition names none; it means "the usual place" here. */
export const defaultPartition = '/machine';

interface Mount {
  readonly version: 1 | 2;
  /** The part of the hierarchy that is mounted. */
  readonly root: string;
  readonly folder: string;
  /** Of version 1; a hierarchy without a controller has none that we know. */
  readonly controllers: readonly GroupController[];
}

const controllersOfV1: readonly GroupController[] = ['cpu', 'cpuacct', 'memory', 'blkio', 'cpuset'];
/** v2's names, and ours. */
const controllersOfV2: Readonly<Record<string, GroupController>> = { cpu: 'cpu', memory: 'memory', io: 'blkio', cpuset: 'cpuset' };

/**
 * Empty where there are none. Nothing is made: whether a group can be, the attempt tells.
 * @param partition a path in the hierarchy, `<resource><partition>`; null for this process's own group.
 */
export async function findParentGroups(partition: string | null): Promise<ParentGroups> {
  const [mountinfo, own] = await Promise.all(['/proc/self/mountinfo', '/proc/self/cgroup'].map((file) => readFile(file, 'utf8').catch(() => '')));
  const places = parentGroups(mountinfo ?? '', own ?? '', partition);
  const found = new Map<GroupController, GroupPlace>(places.v1);
  if (places.v2 !== null) {
    const offered = await readFile(path.join(places.v2, 'cgroup.controllers'), 'utf8').catch(() => '');
    for (const name of offered.trim().split(/\s+/)) {
      const controller = controllersOfV2[name];
      if (controller && !found.has(controller)) found.set(controller, { version: 2, folder: places.v2 });
    }
    // v2 accounts for the time of whatever is in a group.
    if (!found.has('cpuacct') && [...found.values()].some(({ version }) => version === 2)) found.set('cpuacct', { version: 2, folder: places.v2 });
  }
  return found;
}

/** From the two files' texts (cgroups(7), proc(5)): a folder for each controller of v1, and the one of v2. */
export function parentGroups(mountinfo: string, own: string, partition: string | null): { readonly v1: ReadonlyMap<GroupController, GroupPlace>; readonly v2: string | null } {
  const mounts = mountinfo.split('\n').map(parseMount).filter((mount) => mount !== null);
  const paths = new Map(own.split('\n').flatMap((line): [string, string][] => {
    const [, names, group] = /^\d+:([^:]*):(\/.*)$/.exec(line) ?? [];
    return names === undefined || group === undefined ? [] : names.split(',').map((name) => [name, group]);
  }));
  const v1 = new Map<GroupController, GroupPlace>();
  for (const mount of mounts.filter(({ version }) => version === 1)) {
    for (const controller of mount.controllers) {
      const group = partition ?? paths.get(controller);
      if (group !== undefined && !v1.has(controller)) v1.set(controller, { version: 1, folder: folderOf(mount, group) });
    }
  }
  const unified = mounts.find(({ version }) => version === 2);
  const group = partition ?? paths.get('');
  return { v1, v2: unified && group !== undefined ? folderOf(unified, group) : null };
}

/** `36 35 98:0 /root /mount/point options - type source super-options` */
function parseMount(line: string): Mount | null {
  const [before = '', after = ''] = line.split(' - ');
  const [, , , root, folder] = before.split(' ');
  const [type, , options = ''] = after.split(' ');
  if (root === undefined || folder === undefined || (type !== 'cgroup' && type !== 'cgroup2')) return null;
  const names = options.split(',');
  return { version: type === 'cgroup2' ? 2 : 1, root: unescaped(root), folder: unescaped(folder), controllers: controllersOfV1.filter((name) => names.includes(name)) };
}

/** The kernel writes spaces and their like as octal numbers. */
function unescaped(text: string): string {
  return text.replaceAll(/\\([0-7]{3})/g, (_, digits: string) => String.fromCodePoint(Number.parseInt(digits, 8)));
}

/** A group outside the part that is mounted is not to be seen: what is mounted stands for it. */
function folderOf({ root, folder }: Mount, group: string): string {
  const below = path.posix.relative(root, group);
  return below.startsWith('..') ? folder : path.join(folder, below);
}
