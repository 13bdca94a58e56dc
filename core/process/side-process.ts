/**
 * One program beside QEMU, from its spawn until QEMU may connect to it. It runs in its own session like QEMU, so that
 * the end of the driver ends no guest's network or disk; its words go into a log of their own beside the domain's.
 */
import { mkdir, stat } from 'node:fs/promises';
import path from 'node:path';
import { VireoError } from '../base/errors.ts';
import type { SideProcess } from '../devices/device-module.ts';
import { DomainLog } from '../domain/domain-log.ts';
import type { RunningProcess } from '../domain/live-domain.ts';
import { cleanEnvironment } from './clean-environment.ts';
import { findProgram } from './host-needs.ts';
import { type SpawnedQemu, spawnQemu } from './qemu-process.ts';
import type { SideStart } from './side-work.ts';

const pollMs = 10;
const shownBytes = 1_024;

/**
 * @param record is told of the process before anything is waited for.
 * @throws OPERATION_FAILED with the last line that the program wrote, OPERATION_TIMEOUT, and why `signal` aborted.
 */
export async function startSideProcess(side: SideProcess, start: SideStart, record: (running: RunningProcess) => Promise<void>): Promise<void> {
  const { name, programs, argv, folders } = side;
  const { runFolder, logFolder } = start.launch;
  const binary = await findProgram(programs);
  if (binary === null) throw new VireoError('OPERATION_FAILED', `${programs.join(' or ')} is not installed`);
  for (const folder of folders) await mkdir(folder, { recursive: true, mode: 0o700 });
  const log = new DomainLog(path.join(logFolder, `${name}.log`));
  await log.line(`starting up: ${[binary, ...argv].map(shellWord).join(' ')}`, start.clock.wallTime());
  const wordsFrom = await log.size();
  const output = await log.openForAppend();
  try {
    const spawned = await spawnQemu({ binary, argv, environment: cleanEnvironment(runFolder), logFd: output.fd });
    await record(spawned);
    await waitUntilReady(side, spawned, start, async () => (await log.tail(shownBytes, wordsFrom)).trim().split('\n').at(-1) ?? '');
    void spawned.exited.then(() => start.onEnd(name, spawned.ending()));
  } finally {
    await output.close().catch(() => {}); // the program has its own by now
  }
}

async function waitUntilReady(side: SideProcess, spawned: SpawnedQemu, start: SideStart, lastWords: () => Promise<string>): Promise<void> {
  const { clock, signal, deadlineMs } = start;
  const untilMs = clock.now() + deadlineMs;
  for (;;) {
    if (side.socket === null || (await isSocket(side.socket))) break;
    signal.throwIfAborted();
    if (spawned.ending() !== 'still running') throw await failure(side, `ended before it was ready (${spawned.ending()})`, lastWords);
    if (clock.now() >= untilMs) {
      throw new VireoError('OPERATION_TIMEOUT', `${side.name} did not open its socket within ${deadlineMs / 1000} s`, { details: { socket: side.socket, said: await lastWords() } });
    }
    await clock.sleep(pollMs, signal);
  }
}

async function failure({ name, programs }: SideProcess, what: string, lastWords: () => Promise<string>): Promise<VireoError> {
  const said = await lastWords();
  return new VireoError('OPERATION_FAILED', `${name} ${what}${said === '' ? '' : `: ${said}`}`, { details: { programs, said } });
}

/** As a person would type it. */
function shellWord(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;
}

async function isSocket(file: string): Promise<boolean> {
  return await stat(file).then((facts) => facts.isSocket(), () => false);
}
