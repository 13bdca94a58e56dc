/**
 * What a run needs from the host beside QEMU, looked for before anything is started: whoever starts a domain is told
 * everything that is missing at once, and what to do about it.
 */
import { constants } from 'node:fs';
import { access, readFile, stat } from 'node:fs/promises';
import path from 'node:path';
import { VireoError } from '../base/errors.ts';
import type { HostNeed } from '../devices/device-module.ts';

/** Where daemons lie that are not in everybody's PATH. */
const systemFolders = ['/usr/local/bin', '/usr/bin', '/bin', '/usr/local/sbin', '/usr/sbin', '/sbin'];

/** @throws CONFIG_UNSUPPORTED for what this driver cannot do, OPERATION_FAILED for what is missing; all of it is in the one message. */
export async function checkHostNeeds(needs: readonly HostNeed[]): Promise<void> {
  const texts = await Promise.all(needs.map(whatIsMissing));
  const missing = [...new Set(texts.filter((text) => text !== null))];
  if (missing.length === 0) return;
  const isUnsupported = needs.some(({ type }) => type === 'unsupported');
  throw new VireoError(isUnsupported ? 'CONFIG_UNSUPPORTED' : 'OPERATION_FAILED', `the domain cannot run on this host: ${missing.join('; ')}`, { details: { missing } });
}

async function whatIsMissing(need: HostNeed): Promise<string | null> {
  switch (need.type) {
    case 'unsupported':
      return need.reason;
    case 'program':
      return await programProblem(need);
    case 'path':
      return await pathProblem(need);
  }
}

async function programProblem({ names, why, setuid = false }: HostNeed & { readonly type: 'program' }): Promise<string | null> {
  const found = await findProgram(names);
  if (found === null) return `${names.join(' or ')} is not installed, and is needed for ${why}`;
  if (!setuid || process.geteuid?.() === 0) return null;
  const { mode, uid } = await stat(found);
  return uid === 0 && (mode & setuidBit) !== 0 ? null : `'${found}' does not run as root (chmod u+s), and is needed for ${why}`;
}

const setuidBit = 0o4000;

async function pathProblem({ path: file, access: wanted, why }: HostNeed & { readonly type: 'path' }): Promise<string | null> {
  try {
    await access(file, wanted === 'read' ? constants.R_OK : constants.R_OK | constants.W_OK);
    return null;
  } catch (error) {
    const isThere = (error as NodeJS.ErrnoException).code !== 'ENOENT';
    const rights = wanted === 'read' ? 'read' : 'read and write';
    return isThere ? `'${file}' may not be opened by this user (${rights}), and is needed for ${why}` : `'${file}' does not exist, and is needed for ${why}`;
  }
}

/** The full path of the first of `names` that can be run; null where there is none. */
export async function findProgram(names: readonly string[]): Promise<string | null> {
  const folders = [...new Set([...(process.env['PATH'] ?? '').split(path.delimiter), ...systemFolders])].filter((folder) => path.isAbsolute(folder));
  for (const name of names) {
    const candidates = path.isAbsolute(name) ? [name] : folders.map((folder) => path.join(folder, name));
    for (const candidate of candidates) if (await isProgram(candidate)) return candidate;
  }
  return null;
}

async function isProgram(file: string): Promise<boolean> {
  const facts = await stat(file).catch(() => null);
  if (!facts?.isFile()) return false;
  return await access(file, constants.X_OK).then(() => true, () => false);
}

/** Whether the kernel moves the packets of network cards. */
export async function hasVhostNet(): Promise<boolean> {
  return await access('/dev/vhost-net', constants.R_OK | constants.W_OK).then(() => true, () => false);
}

/** capabilities(7) of Linux. */
const netAdmin = 12n;

/** Whether this process may make network devices of the host. */
export async function mayMakeTaps(): Promise<boolean> {
  if (process.platform !== 'linux') return false;
  const status = await readFile('/proc/self/status', 'utf8').catch(() => '');
  const effective = /^CapEff:\s*([0-9a-f]{1,16})$/m.exec(status)?.[1];
  return effective !== undefined && ((BigInt(`0x${effective}`) >> netAdmin) & 1n) === 1n;
}
