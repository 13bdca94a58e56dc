/**
 * A dump of a guest's memory into a file (J3), as an asynchronous job. QEMU writes it in a thread of its own and answers
 * meanwhile, but for the guest it stops the CPUs all the while, with `live` too (7.2). A dump that QEMU has begun cannot
 * be aborted. What libvirt writes without `--memory-only` is an image of a saved guest, which is not a dump.
 */
import { VireoError, asVireoError } from '../base/errors.ts';
import type { Domain } from '../domain/domain.ts';
import type { LiveDomain } from '../domain/live-domain.ts';
import type { Call } from '../job/call.ts';
import type { AsyncJob } from '../job/handles.ts';
import { startCpus, stopCpus } from './cpus.ts';
import type { DumpFormat } from './dump-format.ts';
import { discardPart, finishPart, makePart, partOf, writerOf } from './dump-file.ts';
import { type DumpRecord, removeDumpRecord, writeDumpRecord } from './dump-record.ts';
import { DumpWatch, waitForDump } from './dump-wait.ts';
import { resetGuest } from './reset-guest.ts';
import type { ProcessContext } from './process-context.ts';
import { endOf, endRun } from './stop-domain.ts';

export interface DumpOptions {
  /** Absolute; a file that is there is replaced once the dump is complete. */
  readonly file: string;
  readonly format: DumpFormat;
  /** Leaves it to QEMU to stop the CPUs and to start them again. */
  readonly live: boolean;
  /** `crash` ends the domain as crashed, `reset` resets it, once the dump is complete. */
  readonly afterwards: DumpRecord['afterwards'];
}

export interface DumpedFile {
  readonly file: string;
  readonly sizeBytes: number;
  /** A file of this name was there before. */
  readonly replaced: boolean;
}

export interface DumpPlan extends DumpOptions {
  readonly cause: DumpRecord['cause'];
  /** The guest runs, or is to run, after the dump. */
  readonly resumes: boolean;
}

/**
 * Dumps a running or paused guest and lets it go on as it was.
 * @throws OPERATION_INVALID, INVALID_ARG for a format that this QEMU does not write or a path that will not do,
 *   OPERATION_FAILED in QEMU's words. Nothing is left of a dump that failed, and the guest is as before.
 */
export async function dumpDomain(context: ProcessContext, call: Call, domain: Domain, options: DumpOptions): Promise<DumpedFile> {
  if (!domain.live) throw notRunning(domain);
  const job = await domain.jobs.beginAsync(call, 'dump');
  return await underDumpJob(context, job, async () => {
    const { live } = domain;
    if (!live) throw notRunning(domain);
    return await takeDump(context, domain, live, job, { ...options, cause: 'asked', resumes: domain.state === 'running' });
  }).catch((error: unknown) => {
    throw asVireoError(error).about(domain.identity);
  });
}

function notRunning(domain: Domain): VireoError {
  return new VireoError('OPERATION_INVALID', 'domain is not running', { domain: domain.identity });
}

/** Says how the job ended, and ends it; a driver that closes leaves it to the next one, which finds it in the state file. */
export async function underDumpJob<T>(context: ProcessContext, job: AsyncJob<'dump'>, work: () => Promise<T>): Promise<T> {
  try {
    job.setAbortPolicy({ refused: 'cannot abort memory-only dump' });
    const result = await work();
    job.conclude();
    return result;
  } catch (error) {
    job.conclude(asVireoError(error));
    throw error;
  } finally {
    if (!context.closing.aborted) await job[Symbol.asyncDispose]();
  }
}

/** The dump itself, under its job. @throws as `dumpDomain`. */
export async function takeDump(context: ProcessContext, domain: Domain, live: LiveDomain, job: AsyncJob<'dump'>, plan: DumpPlan): Promise<DumpedFile> {
  await refuseUnknownFormat(job, plan.format);
  const { file, afterwards, cause, resumes } = plan;
  const part = partOf(file);
  let replaces = false;
  const record: DumpRecord = { file, part, resumes, afterwards, cause, finished: false };
  try {
    await live.during(writeDumpRecord(live, record));
    replaces = await live.during(makePart(part, file, await writerOf(live.facts.process.pid)));
    await job.setPhase('preparing');
    if (domain.state === 'running') await pauseForDump(domain, live, job, plan.live);
    await job.setPhase('dumping');
    using watch = new DumpWatch(live);
    // Without a format QEMU writes ELF, also one that has no other.
    const format = plan.format === 'elf' ? {} : { format: plan.format };
    await job.nest((monitor) => monitor.execute('dump-guest-memory', { paging: false, protocol: `file:${part}`, detach: true, ...format }));
    await waitForDump(context, live, job, watch);
  } catch (error) {
    if (!context.closing.aborted) await giveUpDump(context, domain, live, job, record);
    throw error;
  }
  return { file, sizeBytes: await finishDump(context, domain, live, job, record), replaced: replaces };
}

async function refuseUnknownFormat(job: AsyncJob<'dump'>, format: DumpFormat): Promise<void> {
  const { value } = await job.nest((monitor) => monitor.query('query-dump-guest-memory-capability'));
  if (!value.formats.includes(format)) throw new VireoError('INVALID_ARG', `unsupported dumpformat '${format}' for this QEMU binary`, { details: { formats: value.formats } });
}

async function pauseForDump(domain: Domain, live: LiveDomain, job: AsyncJob<'dump'>, leavesItToQemu: boolean): Promise<void> {
  if (leavesItToQemu) live.pauseReason = 'dumping';
  else await job.nest((monitor) => stopCpus(monitor, domain, live, 'dumping'));
}

/** QEMU has written it all: the file gets its name, the guest goes on or what else is to become of it. @returns the file's size. */
export async function finishDump(context: ProcessContext, domain: Domain, live: LiveDomain, job: AsyncJob<'dump'>, record: DumpRecord): Promise<number> {
  let size: number;
  try {
    await job.setPhase('finishing').catch(() => {}); // a full disk may have room for the dump, where it is another one
    // Nobody waits for the disk with CPUs that stand still, unless the guest's end depends on the file.
    if (record.afterwards === 'nothing') await resumeGuest(domain, live, job, record);
    size = await finishPart(record.part, record.file);
  } catch (error) {
    if (!context.closing.aborted) await giveUpDump(context, domain, live, job, record);
    throw error;
  }
  await carryOn(context, domain, live, job, record);
  return size;
}

/** The file is complete: what was to become of the guest becomes of it. */
export async function carryOn(context: ProcessContext, domain: Domain, live: LiveDomain, job: AsyncJob<'dump'>, record: DumpRecord): Promise<void> {
  if (record.afterwards === 'crash') return await endRun(context, domain, live, job, endOf('crashed'));
  if (record.afterwards === 'reset') {
    await job.nest((monitor) => resetGuest(context, domain, live, monitor));
  }
  await resumeGuest(domain, live, job, record);
  if (record.cause === 'panic') await writeDumpRecord(live, { ...record, finished: true }).catch(() => {});
  else await removeDumpRecord(live);
}

/** Nothing is left of the dump, and the guest is as before; what fails meanwhile is not what went wrong. */
export async function giveUpDump(context: ProcessContext, domain: Domain, live: LiveDomain, job: AsyncJob<'dump'>, record: DumpRecord): Promise<void> {
  await discardPart(record.part);
  if (!live.died.aborted) {
    await resumeGuest(domain, live, job, record).catch((error: unknown) => context.log.write('error', 'a guest does not run after its dump', { domain: domain.name, error: asVireoError(error).message }));
  }
  await removeDumpRecord(live);
}

/** @throws OPERATION_FAILED; the domain is paused then, and says why. */
async function resumeGuest(domain: Domain, live: LiveDomain, job: AsyncJob<'dump'>, record: DumpRecord): Promise<void> {
  if (!record.resumes || domain.live !== live || domain.state === 'running') return;
  try {
    await job.nest((monitor) => startCpus(monitor, domain, live));
  } catch (error) {
    if (live.died.aborted) throw error;
    domain.transition({ state: 'paused', reason: 'api error' }, { event: 'suspended', detail: 'api-error' });
    throw new VireoError('OPERATION_FAILED', `resuming after dump failed: ${asVireoError(error).message}`, { cause: error });
  }
}
