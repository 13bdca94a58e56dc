/**
 * A QEMU that no readable state file names: its driver died between the spawn and the first state file, or the file was
 * damaged. It is known by the pid file in its run folder and by that folder on its command line.
 */
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { readTextIfThere } from '../base/atomic-file.ts';
import type { Clock } from '../base/clock.ts';
import { processStartTime } from '../base/process-identity.ts';
import type { Log } from '../base/log.ts';
import { Monitor } from '../monitor/monitor.ts';
import { adoptProcess, endProcess } from './qemu-process.ts';
import { removeRunFolder } from './side-work.ts';

/** The pid of a live QEMU that uses this run folder, null where there is none or the system does not tell. */
export async function qemuInFolder(runFolder: string): Promise<number | null> {
  const pid = Number((await readTextIfThere(path.join(runFolder, 'pid')).catch(() => null))?.trim() || Number.NaN);
  if (process.platform !== 'linux' || !Number.isSafeInteger(pid)) return null;
  const commandLine = await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '');
  return commandLine.includes(`${runFolder}/`) ? pid : null;
}

const monitorDeadlineMs = 5_000;

/**
 * Clears a run folder that belongs to no known run. A QEMU in it that never ran its guest is the rest of an interrupted
 * start and is ended; one whose guest has run is somebody's, and is left alone.
 * @returns the pid of the QEMU that stays, or null when the folder is gone.
 */
export async function clearRunFolder(runFolder: string, clock: Clock, log: Log, signal: AbortSignal): Promise<number | null> {
  const pid = await qemuInFolder(runFolder);
  if (pid !== null) {
    if (!(await neverRan(path.join(runFolder, 'm'), clock, log, signal))) return pid;
    const startTime = await processStartTime(pid);
    const found = startTime === null ? null : await adoptProcess(pid, startTime, clock, signal);
    log.write('warning', 'a start that was interrupted is undone', { pid, folder: runFolder });
    if (found) await endProcess(found, clock, false);
  }
  await removeRunFolder(runFolder, clock, log);
  return null;
}

async function neverRan(monitorPath: string, clock: Clock, log: Log, signal: AbortSignal): Promise<boolean> {
  try {
    await using monitor = await Monitor.connect({ path: monitorPath, clock, log, deadlineMs: monitorDeadlineMs, signal });
    return (await monitor.execute('query-status', {}, { timeoutMs: monitorDeadlineMs })).status === 'prelaunch';
  } catch (error) {
    log.write('warning', 'a QEMU that no state file names does not answer', { monitorPath, error: String(error) });
    return false;
  }
}
