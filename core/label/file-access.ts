/**
 * Whether somebody else may open a file, told before a program finds out: which file, which folder on the way, and whom
 * the system refuses. Rights are read from the modes along the path; where they say no, the kernel itself is asked as
 * that user, because an access list or a file system of another computer may say yes.
 */
import { execFile } from 'node:child_process';
import { realpath, stat } from 'node:fs/promises';
import path from 'node:path';
import { VireoError } from '../base/errors.ts';
import type { Identity } from './identity.ts';

/** `search` is what a folder on the way needs. */
export type Access = 'read' | 'read-write' | 'search';

/** A file as `stat` tells of it. */
interface Rights {
  readonly uid: number;
  readonly gid: number;
  readonly mode: number;
}

const bits = { read: 4, write: 2, search: 1 } as const;
type Right = keyof typeof bits;

const rightsOf: Readonly<Record<Access, readonly Right[]>> = { read: ['read'], 'read-write': ['read', 'write'], search: ['search'] };
/** The options of test(1). */
const tests: Readonly<Record<Right, string>> = { read: '-r', write: '-w', search: '-x' };

/** By the mode alone, as path_resolution(7) has it: the first of owner, group and others that fits decides. */
export function modeAllows({ uid, gid, mode }: Rights, identity: Pick<Identity, 'uid' | 'gid' | 'groups'>, wanted: readonly Right[]): boolean {
  if (identity.uid === 0) return true;
  const shift = identity.uid === uid ? 6 : identity.gid === gid || identity.groups.includes(gid) ? 3 : 0;
  return wanted.every((right) => ((mode >> shift) & bits[right]) !== 0);
}

/**
 * Why `identity` may not open `file`, as a sentence without its full stop; null where it may, or where there is no such
 * file: whoever opens it says so.
 */
export async function accessProblem(identity: Identity, file: string, access: Access): Promise<string | null> {
  const real = await realpath(file).catch(() => null);
  if (real === null || identity.uid === 0) return null;
  const wanted = rightsOf[access];
  const problem = await problemOnTheWay(identity, real, wanted);
  if (problem === null) return null;
  const allowed = await Promise.all(wanted.map((right) => kernelAllows(identity, real, right)));
  return allowed.every(Boolean) ? null : `cannot open '${file}' as ${identity.described}: ${problem}`;
}

/** @throws OPERATION_FAILED `Permission denied`, before any program is started for it. */
export async function requireAccess(identity: Identity, file: string, access: Access): Promise<void> {
  const problem = await accessProblem(identity, file, access);
  if (problem !== null) throw new VireoError('OPERATION_FAILED', `${problem}: Permission denied`, { details: { path: file, uid: identity.uid, gid: identity.gid } });
}

async function problemOnTheWay(identity: Identity, real: string, wanted: readonly Right[]): Promise<string | null> {
  for (const folder of foldersAbove(real)) {
    const rights = await stat(folder).catch(() => null);
    if (rights && !modeAllows(rights, identity, ['search'])) return `that user may not search the folder '${folder}' (${described(rights)})`;
  }
  const rights = await stat(real).catch(() => null);
  if (!rights || modeAllows(rights, identity, wanted)) return null;
  return `that user may not ${wanted.join(' and ')} it (${described(rights)})`;
}

/** From the root down. */
function foldersAbove(real: string): readonly string[] {
  const folders: string[] = [];
  for (let folder = path.dirname(real); ; folder = path.dirname(folder)) {
    folders.unshift(folder);
    if (folder === path.dirname(folder)) return folders;
  }
}

function described({ uid, gid, mode }: Rights): string {
  return `mode ${(mode & 0o7777).toString(8).padStart(4, '0')}, owner ${uid}:${gid}`;
}

const timeoutMs = 5_000;

/** Asked as that user, by access(2). */
function kernelAllows(identity: Identity, real: string, right: Right): Promise<boolean> {
  const options = { timeout: timeoutMs, killSignal: 'SIGKILL', env: { PATH: '/usr/sbin:/usr/bin:/sbin:/bin' }, cwd: '/' } as const;
  return new Promise((resolve) => {
    const groups = identity.groups.length === 0 ? ['--clear-groups'] : ['--groups', identity.groups.join(',')];
    execFile('setpriv', ['--reuid', String(identity.uid), '--regid', String(identity.gid), ...groups, '--', 'test', tests[right], real], options, (error) => resolve(error === null));
  });
}
