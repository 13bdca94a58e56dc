/** Finds and ends what a test started, by the state folder that stands in its command line. Linux only, as the tests. */
import { readFile, readdir, readlink } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';

export interface FoundProcess {
  readonly pid: number;
  readonly program: string;
  /** The command line, the program first. */
  readonly words: readonly string[];
}

/** Every live process but this one whose command line has `text` in it. */
export async function processesNaming(text: string): Promise<FoundProcess[]> {
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name) && Number(name) !== process.pid);
  const found = await Promise.all(
    pids.map(async (pid): Promise<FoundProcess | null> => {
      const line = await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => ''); // it may have ended since; zombies have none
      if (!line.includes(text)) return null;
      const words = line.split('\0').filter((word) => word !== '');
      return { pid: Number(pid), program: words[0] ?? '', words };
    }),
  );
  return found.filter((process) => process !== null);
}

/** What the process has open: files by path, the rest as the kernel calls it (`socket:[4711]`). */
export async function openFiles(pid: number): Promise<string[]> {
  const descriptors = await readdir(`/proc/${pid}/fd`);
  return await Promise.all(descriptors.map((descriptor) => readlink(`/proc/${pid}/fd/${descriptor}`).catch(() => 'closed since')));
}

/** kill -9, by pid. */
export async function endProcesses(processes: readonly FoundProcess[]): Promise<void> {
  for (const { pid } of processes) {
    try {
      process.kill(pid, 'SIGKILL');
    } catch {
      // It ended by itself.
    }
  }
  await eventually('killed processes are gone', async () => {
    const alive = await Promise.all(processes.map(({ pid }) => isAlive(pid)));
    return !alive.includes(true);
  }, 5_000).catch(() => {});
}

/** True while the process runs; a zombie does not. */
export async function isAlive(pid: number): Promise<boolean> {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => null);
  return stat !== null && !/\) [ZX] /.test(stat);
}

/** Waits until `holds` answers true; asks again and again, because neither /proc nor another program's screen tells. */
export async function eventually(what: string, holds: () => Promise<boolean>, timeoutMs: number): Promise<void> {
  const deadline = performance.now() + timeoutMs;
  while (!(await holds())) {
    if (performance.now() > deadline) throw new Error(`within ${timeoutMs} ms it did not happen that ${what}`);
    await sleep(50);
  }
}
