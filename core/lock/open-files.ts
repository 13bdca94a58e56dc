/** Which processes have a file open, as far as this user may look: for people, where nobody left a word about it. */
import { readFile, readdir, readlink, stat } from 'node:fs/promises';
import path from 'node:path';

export interface OpenedBy {
  readonly pid: number;
  /** The program's name, and the guest's where it is a QEMU that was given one. */
  readonly program: string;
  readonly guest: string | null;
}

/** More than this is not told, and not looked for. */
const maximumFound = 16;
const maximumDescriptors = 4096;

/** Empty also where the system does not tell (other than Linux) or the processes are another user's. */
export async function processesWithOpen(file: string): Promise<readonly OpenedBy[]> {
  if (process.platform !== 'linux') return [];
  const wanted = await stat(file, { bigint: true }).catch(() => null);
  if (!wanted) return [];
  const same = wanted.isBlockDevice() ? (facts: { rdev: bigint }) => facts.rdev === wanted.rdev : (facts: { dev: bigint; ino: bigint }) => facts.dev === wanted.dev && facts.ino === wanted.ino;
  const found: OpenedBy[] = [];
  for (const pid of (await readdir('/proc')).filter((name) => /^\d+$/.test(name)).map(Number)) {
    if (found.length === maximumFound) break;
    if (pid !== process.pid && (await hasOpen(pid, same))) found.push(await describe(pid));
  }
  return found;
}

type Facts = { readonly dev: bigint; readonly ino: bigint; readonly rdev: bigint };

async function hasOpen(pid: number, same: (facts: Facts) => boolean): Promise<boolean> {
  const folder = `/proc/${pid}/fd`;
  const descriptors = (await readdir(folder).catch(() => [])).slice(0, maximumDescriptors);
  for (const descriptor of descriptors) {
    const link = path.join(folder, descriptor);
    if (!(await readlink(link).catch(() => '')).startsWith('/')) continue; // a socket, a pipe
    const facts = await stat(link, { bigint: true }).catch(() => null);
    if (facts && same(facts)) return true;
  }
  return false;
}

async function describe(pid: number): Promise<OpenedBy> {
  const [name, commandLine] = await Promise.all([readFile(`/proc/${pid}/comm`, 'utf8').catch(() => ''), readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '')]);
  const [guest] = /(?<=\0guest=)[^,\0]+/.exec(commandLine) ?? [];
  return { pid, program: shown(name.trim()) || 'unknown', guest: guest === undefined ? null : shown(guest) };
}

/** Processes name themselves, and people read it on a terminal. */
function shown(name: string): string {
  return name.replace(/\p{Cc}/gu, '?').slice(0, 256);
}
