/** The processes of the system that belong to one state folder, known by it in their command line. */
import { readFile, readdir } from 'node:fs/promises';

export interface SeenProcess {
  readonly pid: number;
  readonly argv: readonly string[];
  /** A QEMU, real or scripted, that runs a domain; else a program beside one, or a probe. */
  readonly isGuest: boolean;
}

export async function processesOf(home: string): Promise<readonly SeenProcess[]> {
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name)).map(Number);
  const seen = await Promise.all(pids.map(async (pid): Promise<SeenProcess | null> => {
    const argv = (await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '')).split('\0');
    if (!argv.some((word) => word.includes(`${home}/`))) return null;
    return { pid, argv, isGuest: argv.slice(0, 2).some((word) => word.includes('qemu-system')) && argv.includes('-uuid') };
  }));
  return seen.filter((each) => each !== null).toSorted((one, other) => one.pid - other.pid);
}

export async function endEverythingOf(home: string): Promise<void> {
  for (const { pid } of await processesOf(home)) {
    try {
      process.kill(pid, 'SIGKILL');
    } catch {
      // It has ended meanwhile.
    }
  }
}
