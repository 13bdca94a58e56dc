/** Gives a command line to a real QEMU, which must start paused and answer; whatever it does, it is ended. */
import { spawn } from 'node:child_process';
import { mkdir, rm } from 'node:fs/promises';
import path from 'node:path';
import { systemClock } from '../core/base/clock.ts';
import { asVireoError, VireoError } from '../core/base/errors.ts';
import { silentLog } from '../core/base/log.ts';
import { ProbedProcess } from '../core/capabilities/probed-process.ts';
import { startDeadline } from '../core/monitor/deadline.ts';
import { Monitor } from '../core/monitor/monitor.ts';
import type { Trial } from './examine-document.ts';
import { withStandIns } from './stand-ins.ts';

const limitMs = 10_000;
/** What a QEMU whose monitor is gone gets to end and say why. */
const lastWordsMs = 500;

/** Null where QEMU took it, else what it said. */
export async function tryStart(trial: Trial): Promise<string | null> {
  const runFolder = path.dirname(trial.monitorPath);
  await mkdir(runFolder, { recursive: true, mode: 0o700 });
  try {
    return await startIn(trial);
  } finally {
    await rm(runFolder, { recursive: true, force: true });
  }
}

async function startIn(trial: Trial): Promise<string | null> {
  using deadline = startDeadline(systemClock, limitMs, AbortSignal.timeout(limitMs * 2), () => new VireoError('OPERATION_TIMEOUT', `no answer within ${limitMs} ms`));
  const args = await withStandIns(trial.binary, trial.args, path.dirname(trial.monitorPath));
  const died = new AbortController();
  deadline.signal.addEventListener('abort', () => died.abort(deadline.signal.reason));
  const env = { ...process.env, ...trial.environment };
  await using qemu = new ProbedProcess((binary, args, options) => spawn(binary, args, { ...options, env }), systemClock, trial.binary, args);
  void qemu.ended.then(() => died.abort(new VireoError('OPERATION_FAILED', 'QEMU ended')));
  try {
    await using monitor = await Monitor.connect({ path: trial.monitorPath, clock: systemClock, log: silentLog, deadlineMs: limitMs, signal: died.signal, waitForSocket: true });
    const { running } = await monitor.execute('query-status', {}, { signal: died.signal });
    return running ? 'it runs although it was to start paused' : null;
  } catch (error) {
    await qemu.endWithin(lastWordsMs, deadline.signal);
    return lastWords(qemu.stderr) ?? asVireoError(error).message;
  }
}

/** QEMU's reason stands last, behind its warnings. */
function lastWords(stderr: string): string | null {
  const lines = stderr.split('\n').filter((line) => line.trim() !== '' && !line.includes('warning:'));
  return lines.at(-1)?.replace(/^(?:\d{4}-\S+ )?\S*qemu-system-\S+: /, '') ?? null;
}
