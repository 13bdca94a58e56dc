/**
 * virtiofsd, the process that serves a shared folder to the guest. There are two: QEMU's own, written in C (until 7.2),
 * and its successor in Rust. What is written here both take, but for what only the second one can: mapped ids and a
 * share that cannot be written to.
 */
import type { HostNeed, SideProcess } from '../device-module.ts';
import type { LaunchContext } from '../launch-context.ts';
import type { Filesystem } from './filesystem-definition.ts';

/** Where distributions put it, as it is no command for people. */
const places = ['/usr/lib/qemu/virtiofsd', '/usr/libexec/virtiofsd', '/usr/lib/virtiofsd', 'virtiofsd'];

const why = "a shared folder of driver type 'virtiofs'";

/** Where QEMU meets it: the run's own socket, or that of a server that somebody else runs. */
export function virtiofsSocket({ source, alias }: Filesystem, { runFolder }: LaunchContext): string {
  return source.socket ?? `${runFolder}/f-${alias ?? ''}`;
}

export function virtiofsNeeds({ source, binary }: Filesystem): readonly HostNeed[] {
  if (source.socket !== null) return [{ type: 'path', path: source.socket, access: 'read-write', why }];
  return [{ type: 'program', names: programs(binary), why }, ...(source.dir === null ? [] : [{ type: 'path', path: source.dir, access: 'read', why } as const])];
}

function programs(binary: Filesystem['binary']): readonly string[] {
  return binary?.path ? [binary.path] : places;
}

export function virtiofsd(filesystem: Filesystem, launch: LaunchContext): readonly SideProcess[] {
  const { source, binary, idmap, readonly, alias } = filesystem;
  if (source.socket !== null || source.dir === null) return [];
  const socket = virtiofsSocket(filesystem, launch);
  const argv = [
    `--socket-path=${socket}`,
    ...sharing(source.dir, binary),
    ...numbered('--thread-pool-size', binary?.threadPool?.size),
    ...numbered('--rlimit-nofile', binary?.openFiles?.maximum),
    ...(idmap?.uid ?? []).map(({ start, target, count }) => `--uid-map=:${start}:${target}:${count}:`),
    ...(idmap?.gid ?? []).map(({ start, target, count }) => `--gid-map=:${start}:${target}:${count}:`),
    ...(readonly ? ['--readonly'] : []),
  ];
  return [{ name: `virtiofsd-${alias ?? ''}`, programs: programs(binary), argv, socket, folders: [] }];
}

/** A folder whose name would be taken apart at its commas is given in the way that only the newer one knows. */
function sharing(folder: string, binary: Filesystem['binary']): readonly string[] {
  const isPlain = !/[,\\]/.test(folder);
  const options = [
    ...(isPlain ? [`source=${folder}`] : []),
    ...(binary?.cache?.mode ? [`cache=${binary.cache.mode}`] : []),
    ...(binary?.sandbox?.mode ? [`sandbox=${binary.sandbox.mode}`] : []),
    ...flag('xattr', binary?.xattr),
    ...flag('flock', binary?.lock?.flock),
    ...flag('posix_lock', binary?.lock?.posix),
  ];
  return [...(isPlain ? [] : ['--shared-dir', folder]), ...(options.length === 0 ? [] : ['-o', options.join(',')])];
}

function flag(name: string, value: boolean | null | undefined): readonly string[] {
  return (value ?? null) === null ? [] : [value ? name : `no_${name}`];
}

function numbered(option: string, value: number | null | undefined): readonly string[] {
  return (value ?? null) === null ? [] : [`${option}=${value}`];
}
