/**
 * A QEMU that no readable state file names: its driver died between the spawn and the first state file, or the file was
 * damaged. It is known by the pid file in its run folder and by that folder on its command line.
 */
import { access, readFile } from 'node:fs/promises';
import path from 'node:path';
import type { Clock } from '../base/clock.ts';
import { VireoError } from '../base/errors.ts';
import { readOrdinary } from '../base/ordinary-file.ts';
import { processStartTime } from '../base/process-identity.ts';
import type { Log } from '../base/log.ts';
import type { RunningProcess } from '../domain/live-domain.ts';
import { Monitor } from '../monitor/monitor.ts';
import { processesInFolder } from './processes-in-folder.ts';
import { adoptProcess, endProcess } from './qemu-process.ts';
import { removeRunFolder } from './side-work.ts';

const maximumPidBytes = 64;

/**
 * The pid of a live QEMU that uses this run folder, null where there is none or the system does not tell. Its pid file
 * says so; one that is too young to have written it is looked for among all processes.
 */
export async function qemuInFolder(runFolder: string): Promise<number | null> {
  if (process.platform !== 'linux') return null;
  // The folder may be another user's, whose QEMU could have put anything in the file's place.
  const written = await readOrdinary(path.join(runFolder, 'pid'), maximumPidBytes).then((bytes) => bytes.toString('utf8'), () => null);
  if (written === null) return (await isThere(runFolder)) ? ((await processesInFolder(runFolder)).find(({ isQemu }) => isQemu)?.pid ?? null) : null;
  const pid = Number(written.trim() || Number.NaN);
  if (!Number.isSafeInteger(pid)) return null;
  const commandLine = await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '');
  return commandLine.includes(`${runFolder}/`) ? pid : null;
}

function isThere(file: string): Promise<boolean> {
  return access(file).then(() => true, () => false);
}

const monitorDeadlineMs = 5_000;

/**
 * Clears a run folder that belongs to no known run. A QEMU in it that never ran its guest is the rest of an interrupted
 * start and is ended; one whose guest has run is somebody's, and is left alone.
 * @returns the pid of the QEMU that stays, or null when the folder is gone.
 */
export async function clearRunFolder(runFolder: string, clock: Clock, log: Log, signal: AbortSignal): Promise<number | null> {
  const pid = await qemuInFolder(runFolder);
  const startTime = pid === null ? null : await processStartTime(pid);
  const stop = new AbortController();
  try {
    const found = pid === null || startTime === null ? null : await adoptProcess(pid, startTime, clock, AbortSignal.any([signal, stop.signal]));
    if (found) {
      if (!(await neverRan(path.join(runFolder, 'm'), found, clock, log, signal))) return pid;
      log.write('warning', 'a start that was interrupted is undone', { pid, folder: runFolder });
      await endProcess(found, clock, false);
    }
  } finally {
    stop.abort();
  }
  await removeRunFolder(runFolder, clock, log);
  return null;
}

/** A QEMU that has just been spawned opens its monitor in a moment, or ends: that it is not there yet says nothing. */
async function neverRan(monitorPath: string, qemu: RunningProcess, clock: Clock, log: Log, signal: AbortSignal): Promise<boolean> {
  const gone = new AbortController();
  void qemu.exited.then(() => gone.abort(new VireoError('OPERATION_FAILED', 'it has ended')));
  try {
    await using monitor = await Monitor.connect({ path: monitorPath, clock, log, deadlineMs: monitorDeadlineMs, signal: AbortSignal.any([signal, gone.signal]), waitForSocket: true });
    return (await monitor.execute('query-status', {}, { timeoutMs: monitorDeadlineMs })).status === 'prelaunch';
  } catch (error) {
    if (gone.signal.aborted) return true;
    log.write('warning', 'a QEMU that no state file names does not answer', { monitorPath, error: String(error) });
    return false;
  }
}
