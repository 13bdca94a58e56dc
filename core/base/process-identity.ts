/**
 * Whether a process written down earlier is still the same one. A pid alone is reused; a pid with its start time, under
 * one boot, is not. The start time is an opaque string: compare it, never read it.
 */
import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';

/** The start time of a live process, or null when there is none; a zombie has ended and counts as none. */
export async function processStartTime(pid: number): Promise<string | null> {
  if (!Number.isSafeInteger(pid) || pid <= 0) return null;
  if (process.platform === 'linux') {
    const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => null);
    return stat === null ? null : parseLinuxStartTime(stat);
  }
  if (process.platform === 'win32') return null; // no cheap source without native code; callers fall back to the owner socket
  return await psStartTime(pid);
}

/** True while the process `pid` that began at `startTime` lives. */
export async function isSameProcess(pid: number, startTime: string | null): Promise<boolean> {
  if (startTime === null) return false;
  return (await processStartTime(pid)) === startTime;
}

/** A name for this boot of the machine, or null where the system offers none; pids of another boot mean nothing. */
export async function bootId(): Promise<string | null> {
  if (process.platform === 'linux') {
    const id = await readFile('/proc/sys/kernel/random/boot_id', 'utf8').catch(() => null);
    return id === null ? null : id.trim();
  }
  if (process.platform === 'darwin') return await firstLine('sysctl', ['-n', 'kern.bootsessionuuid']);
  return null;
}

/**
 * Field 22 of /proc/PID/stat (proc(5)), in clock ticks since boot. The command's name in field 2 may hold spaces and
 * parentheses, so fields are counted from the last parenthesis.
 */
export function parseLinuxStartTime(stat: string): string | null {
  const fields = stat.slice(stat.lastIndexOf(')') + 2).trim().split(' ');
  const [state] = fields;
  const startTime = fields[22 - 3];
  if (state === 'Z' || state === 'X' || startTime === undefined) return null;
  return startTime;
}

async function psStartTime(pid: number): Promise<string | null> {
  const line = await firstLine('ps', ['-o', 'stat=,lstart=', '-p', String(pid)]);
  if (line === null) return null;
  const [state = '', ...start] = line.split(/\s+/);
  return state.startsWith('Z') ? null : start.join(' ');
}

function firstLine(command: string, args: string[]): Promise<string | null> {
  return new Promise((resolve) => {
    // LC_ALL keeps the date's form the same whoever asks.
    execFile(command, args, { timeout: 5_000, env: { ...process.env, LC_ALL: 'C' } }, (error, stdout) => {
      resolve(error ? null : stdout.trim().split('\n')[0] || null);
    });
  });
}
