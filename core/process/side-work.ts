/**
 * What stands beside QEMU for a run: programs that serve one device each, and short commands on the host. Whatever has
 * been started is written down in the run folder before anything else happens, so that the next driver ends it if this
 * one cannot. It goes with the run folder: nothing removes that folder without ending first what is written there.
 */
import { type FileHandle, open, rm } from 'node:fs/promises';
import { z } from 'zod';
import { readTextIfThere, writeAtomic } from '../base/atomic-file.ts';
import type { Clock } from '../base/clock.ts';
import type { Log } from '../base/log.ts';
import { VireoError } from '../base/errors.ts';
import { settlesWithin } from '../base/lifetime.ts';
import { bootId } from '../base/process-identity.ts';
import type { DomainDefinition } from '../conf/domain-definition.ts';
import type { HostCommand, HostNeed, HostSetup, SideProcess } from '../devices/device-module.ts';
import type { LaunchContext } from '../devices/launch-context.ts';
import { domainHostNeeds } from '../command/host-needs.ts';
import { moduleOf } from '../devices/registry.ts';
import type { RunningProcess } from '../domain/live-domain.ts';
import { takeFilesBack } from '../label/given-files.ts';
import { removeGroups } from '../tuning/run-groups.ts';
import { dumpRecordFile } from './dump-record.ts';
import { migrationRecordFile } from './migration-record-files.ts';
import { saveRecordFile } from './save-record-file.ts';
import { runHostCommand } from './host-command.ts';
import { discardMadeFiles } from './made-images.ts';
import { processesInFolder } from './processes-in-folder.ts';
import { adoptProcess } from './qemu-process.ts';
import { startSideProcess } from './side-process.ts';

export interface SideWork {
  readonly needs: readonly HostNeed[];
  readonly programs: readonly SideProcess[];
  readonly setups: readonly HostSetup[];
}

/** Asks the machine and every device of a live definition. */
export function sideWorkOf(definition: DomainDefinition, launch: LaunchContext): SideWork {
  const { devices } = definition;
  const ofDevices = devices.flatMap((device) => {
    const { hostNeeds } = moduleOf(device);
    return hostNeeds === 'none' ? [] : hostNeeds(device, launch);
  });
  const work = devices.flatMap((device) => {
    const { sideProcesses } = moduleOf(device);
    return sideProcesses === 'none' ? [] : sideProcesses(device, launch);
  });
  return { needs: [...domainHostNeeds(definition), ...ofDevices], programs: work.filter((each) => 'programs' in each), setups: work.filter((each) => 'onceSpawned' in each) };
}

const recordSchema = z.object({
  version: z.literal(1),
  bootId: z.string().nullable(),
  processes: z.array(z.object({ name: z.string(), pid: z.number().int().positive(), startTime: z.string() })),
  /** The program that is spawned next: until it is among `processes`, whoever reads this looks for it among all of the system's. */
  spawning: z.string().nullable().default(null),
  afterwards: z.array(z.array(z.string()).min(1)),
});
type SideRecord = z.infer<typeof recordSchema>;

/** Beside the folder, which may be another user's while QEMU runs: what stands here is carried out as whoever this driver is. */
function recordFile(runFolder: string): string {
  return `${runFolder}.side.json`;
}

export interface SideStart {
  readonly launch: LaunchContext;
  readonly clock: Clock;
  readonly log: Log;
  /** How long each program may take until it is ready. */
  readonly deadlineMs: number;
  /** Ends the waiting. */
  readonly signal: AbortSignal;
  /** Told when a program that was ready ends, which most do with QEMU; not told by the next driver. */
  readonly onEnd: (name: string, ending: string) => void;
}

/**
 * Starts the programs one after the other, each when the one before it is ready.
 * @throws OPERATION_FAILED with the words of the one that failed, OPERATION_TIMEOUT; what was started is the caller's to
 * end, with `removeRunFolder`.
 */
export async function startSideProcesses({ programs, setups }: SideWork, start: SideStart): Promise<void> {
  if (programs.length === 0 && setups.length === 0) return;
  const { runFolder } = start.launch;
  let record: SideRecord = { version: 1, bootId: await bootId(), processes: [], spawning: programs[0]?.name ?? null, afterwards: setups.flatMap(({ afterwards }) => afterwards.map((command) => [...command])) };
  await writeAtomic(recordFile(runFolder), JSON.stringify(record));
  for (const { name, beforehand = [] } of setups) {
    for (const command of beforehand) {
      start.signal.throwIfAborted();
      await runHostCommand(name, command);
    }
  }
  for (const [at, program] of programs.entries()) {
    await startSideProcess(program, start, async ({ pid, startTime }) => {
      record = { ...record, processes: [...record.processes, { name: program.name, pid, startTime }], spawning: programs[at + 1]?.name ?? null };
      await writeAtomic(recordFile(runFolder), JSON.stringify(record));
    });
  }
}

/** Opens what QEMU shall find open, in order; the caller closes it once QEMU has it. @throws OPERATION_FAILED. */
export async function openInherited({ setups }: SideWork, clock: Clock): Promise<OpenFiles> {
  const files = new OpenFiles();
  try {
    for (const file of setups.flatMap(({ inherited = [] }) => inherited)) await files.open(file, clock);
    return files;
  } catch (error) {
    await files[Symbol.asyncDispose]();
    throw error;
  }
}

/** How long the system may take to make the node of a device that is there. */
const nodeDeadlineMs = 2_000;
const nodePollMs = 10;

class OpenFiles implements AsyncDisposable {
  readonly #handles: FileHandle[] = [];

  get descriptors(): readonly number[] {
    return this.#handles.map(({ fd }) => fd);
  }

  async open(file: string, clock: Clock): Promise<void> {
    const untilMs = clock.now() + nodeDeadlineMs;
    for (;;) {
      try {
        this.#handles.push(await open(file, 'r+'));
        return;
      } catch (error) {
        if (clock.now() >= untilMs) throw new VireoError('OPERATION_FAILED', `cannot open '${file}' for QEMU: ${(error as Error).message}`, { cause: error });
      }
      await clock.sleep(nodePollMs);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const handle of this.#handles.splice(0)) await handle.close().catch(() => {});
  }
}

/**
 * @param died aborts when the run has ended: what has been undone by then must not be done again.
 * @throws OPERATION_FAILED with what the command said, and why the run ended.
 */
export async function runHostSetups(setups: readonly HostSetup[], died: AbortSignal): Promise<void> {
  for (const { name, onceSpawned } of setups) {
    for (const command of onceSpawned) {
      died.throwIfAborted();
      await runHostCommand(name, command);
    }
  }
}

/** The end of a run folder: first of what runs in it beside QEMU and of what the run was given, then of the folder. QEMU is gone already. */
export async function removeRunFolder(runFolder: string, clock: Clock, log: Log): Promise<void> {
  await emptyRunFolder(runFolder, clock, log);
  await discardMadeFiles(runFolder, log);
}

/** The same before a run that has been prepared for: what was made for it stays. */
export async function emptyRunFolder(runFolder: string, clock: Clock, log: Log): Promise<void> {
  await endSideWork(runFolder, clock, log);
  await rm(recordFile(runFolder), { force: true });
  await takeFilesBack(runFolder, clock, log);
  await removeGroups(runFolder, clock, log);
  await rm(dumpRecordFile(runFolder), { force: true });
  await rm(saveRecordFile(runFolder), { force: true });
  await rm(migrationRecordFile(runFolder, 'source'), { force: true });
  await rm(migrationRecordFile(runFolder, 'destination'), { force: true });
  await rm(runFolder, { recursive: true, force: true });
}

/** Ends all that is written down in the run folder, whoever started it. Never throws: the run ends all the same. */
async function endSideWork(runFolder: string, clock: Clock, log: Log): Promise<void> {
  const record = await readRecord(runFolder, log);
  if (!record || record.bootId !== (await bootId())) return;
  const stop = new AbortController();
  const report = (what: string) => (error: unknown) => log.write('warning', `${what} could not be ended`, { folder: runFolder, error: String(error) });
  const spawned = record.spawning === null ? [] : await spawnedUnwritten(runFolder, record.spawning, record.processes);
  const endings = [...record.processes, ...spawned].map(async ({ name, pid, startTime }) => {
    const running = await adoptProcess(pid, startTime, clock, stop.signal);
    if (running) await endSideProcess(running, clock).catch(report(name));
  });
  await Promise.all(endings);
  stop.abort();
  for (const [program = '', ...argv] of record.afterwards) {
    await runHostCommand('the end of a run', [program, ...argv] satisfies HostCommand).catch(report(program));
  }
}

/** What was spawned in the moment before its driver died, or could not be written down. */
async function spawnedUnwritten(runFolder: string, name: string, written: SideRecord['processes']): Promise<SideRecord['processes']> {
  const found = (await processesInFolder(runFolder)).filter(({ isQemu, pid }) => !isQemu && !written.some((each) => each.pid === pid));
  return found.map(({ pid, startTime }) => ({ name, pid, startTime }));
}

/** QEMU is gone, and most of these end with it by themselves. */
const graceMs = 2_000;

async function endSideProcess(running: RunningProcess, clock: Clock): Promise<void> {
  await running.kill('SIGTERM');
  if (await settlesWithin(running.exited, clock, graceMs)) return;
  await running.kill('SIGKILL');
  if (!(await settlesWithin(running.exited, clock, graceMs))) throw new VireoError('SYSTEM_ERROR', `process ${running.pid} did not end after SIGKILL`);
}

async function readRecord(runFolder: string, log: Log): Promise<SideRecord | null> {
  try {
    const text = await readTextIfThere(recordFile(runFolder));
    return text === null ? null : recordSchema.parse(JSON.parse(text));
  } catch (error) {
    log.write('warning', 'what ran beside a QEMU is not known', { folder: runFolder, error: String(error) });
    return null;
  }
}
