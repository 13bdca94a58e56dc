/**
 * Who works in a run folder, asked of the system and not of any file: what a driver started in the moment before it was
 * killed is written down nowhere. Every program of a run has the folder in its arguments or as its home.
 */
import { readFile, readdir } from 'node:fs/promises';
import path from 'node:path';
import { processStartTime } from '../base/process-identity.ts';

export interface ProcessInFolder {
  readonly pid: number;
  readonly startTime: string;
  /** QEMU itself, by the pid file that it is told to write; else a program beside it. */
  readonly isQemu: boolean;
}

/** Processes are looked at so many at a time: a host has hundreds. */
const lookedAtOnce = 32;

/** Live processes of the run folder, this one left out; none where the system does not tell (all but Linux). */
export async function processesInFolder(runFolder: string): Promise<readonly ProcessInFolder[]> {
  if (process.platform !== 'linux') return [];
  const left = (await readdir('/proc')).filter((name) => /^\d+$/.test(name)).map(Number).values();
  const found: ProcessInFolder[] = [];
  const lane = async (): Promise<void> => {
    for (const pid of left) {
      const seen = pid === process.pid ? null : await look(pid, runFolder);
      if (seen) found.push(seen);
    }
  };
  await Promise.all(Array.from({ length: lookedAtOnce }, lane));
  return found;
}

async function look(pid: number, runFolder: string): Promise<ProcessInFolder | null> {
  const words = (await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '')).split('\0');
  const isQemu = words.includes(path.join(runFolder, 'pid'));
  if (!isQemu && !words.some((word) => word.includes(`${runFolder}/`)) && !(await hasHome(pid, runFolder))) return null;
  const startTime = await processStartTime(pid);
  return startTime === null ? null : { pid, startTime, isQemu };
}

/** Other users' environments cannot be read, and are not ours. */
async function hasHome(pid: number, runFolder: string): Promise<boolean> {
  const environment = await readFile(`/proc/${pid}/environ`, 'utf8').catch(() => '');
  return environment.split('\0').includes(`HOME=${runFolder}`);
}
