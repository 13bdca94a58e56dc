/**
 * Saving a guest into a file and ending it (J1): the CPUs stop, QEMU sends memory and devices, the file is complete on
 * disk before it gets its name, and only then is QEMU ended. Until that moment the save can be called off, and whatever
 * goes wrong leaves no file and a guest that goes on as before.
 */
import { VireoError, asVireoError } from '../base/errors.ts';
import type { Domain } from '../domain/domain.ts';
import type { LiveDomain } from '../domain/live-domain.ts';
import type { Call } from '../job/call.ts';
import type { AsyncJob } from '../job/handles.ts';
import { startCpus, stopCpus } from '../process/cpus.ts';
import type { ProcessContext } from '../process/process-context.ts';
import { endOf, endRun } from '../process/stop-domain.ts';
import { definitionToSave } from './image-definition.ts';
import { encodeHead } from './image-header.ts';
import { cannotWrite, commitPart, discardPart, makePart, partOf, refuseUnwritable } from './image-part.ts';
import { readMigrationSettings, setAsBefore, setForSave } from './migration-settings.ts';
import { saveCookie } from './save-cookie.ts';
import type { SaveContext } from './save-context.ts';
import { type SaveFormat, type FilterProgram, numberOfFormat, writerProgram } from './save-formats.ts';
import { type SaveRecord, removeSaveRecord, writeSaveRecord } from './save-record.ts';
import { sendState } from './send-state.ts';
import { cancelMigration } from './state-migration.ts';

export interface SaveOptions {
  /** Absolute; a file that is there is replaced once the image is complete. */
  readonly file: string;
  readonly format: SaveFormat;
  /** Another definition for the restore; null for that of the run. */
  readonly xml: string | null;
  /** Whether the guest runs once it is restored. */
  readonly restoresTo: 'as it is' | 'running' | 'paused';
  readonly bypassCache: boolean;
  /** The domain's own image, which its next start takes. */
  readonly managed: boolean;
}

/**
 * Saves a running or paused guest, and ends it. A transient domain is gone then.
 * @throws OPERATION_INVALID, CONFIG_UNSUPPORTED for another definition that the guest would notice, OPERATION_FAILED where
 *   a program or the disk fails, OPERATION_ABORTED where somebody called it off. The guest is as before then.
 */
export async function saveDomain(context: SaveContext, call: Call, domain: Domain, options: SaveOptions): Promise<void> {
  if (!domain.live) throw notRunning(domain);
  const job = await domain.jobs.beginAsync(call, 'save');
  await underSaveJob(context, job, async () => {
    const { live } = domain;
    if (!live) throw notRunning(domain);
    if (options.managed && !domain.persistent) throw new VireoError('OPERATION_INVALID', 'cannot do managed save for transient domain');
    await takeSave(context, domain, live, job, options);
  }).catch((error: unknown) => {
    throw asVireoError(error).about(domain.identity);
  });
}

function notRunning(domain: Domain): VireoError {
  return new VireoError('OPERATION_INVALID', 'domain is not running', { domain: domain.identity });
}

/** Says how the job ended, and ends it; a driver that closes leaves it to the next one, which finds it in the state file. */
async function underSaveJob(context: ProcessContext, job: AsyncJob<'save'>, work: () => Promise<void>): Promise<void> {
  try {
    await work();
    job.conclude();
  } catch (error) {
    job.conclude(asVireoError(error));
    throw error;
  } finally {
    if (!context.closing.aborted) await job[Symbol.asyncDispose]();
  }
}

async function takeSave(context: SaveContext, domain: Domain, live: LiveDomain, job: AsyncJob<'save'>, options: SaveOptions): Promise<void> {
  const { file, format, managed } = options;
  await refuseUnwritable(file);
  await refuseBlocked(job);
  const program = await writerProgram(format, { bypassCache: options.bypassCache, isAligned: true });
  const xml = await definitionToSave(context, domain, options.xml);
  const resumes = domain.state === 'running';
  const wasRunning = options.restoresTo === 'as it is' ? resumes : options.restoresTo === 'running';
  const head = encodeHead({ xml, cookie: saveCookie(live.definition), wasRunning, formatNumber: numberOfFormat(format) }, 'partial');
  const { value: settings } = await job.nest(readMigrationSettings);
  const record: SaveRecord = { file, part: partOf(file), resumes, managed, settings };
  try {
    await live.during(writeSaveRecord(live, record));
    await writeImage(context, domain, live, job, { record, head, program });
  } catch (error) {
    if (context.closing.aborted) throw error;
    await giveUpSave(context, domain, live, job, record);
    throw job.abortRequested.aborted && !live.died.aborted ? job.abortRequested.reason : error;
  }
  await endSaved(context, domain, live, job, record);
}

/** Devices that QEMU cannot save are a reason not even to stop the guest. */
async function refuseBlocked(job: AsyncJob<'save'>): Promise<void> {
  const { value: status } = await job.nest((monitor) => monitor.query('query-migrate'));
  const reasons = status['blocked-reasons'] ?? [];
  if (reasons.length > 0) throw new VireoError('OPERATION_INVALID', `cannot save domain: ${reasons.join('; ')}`, { details: { reasons } });
}

interface Writing {
  readonly record: SaveRecord;
  readonly head: Buffer;
  readonly program: FilterProgram;
}

/** Up to a complete image in its place: from then on the guest is in there, and nowhere else. */
async function writeImage(context: SaveContext, domain: Domain, live: LiveDomain, job: AsyncJob<'save'>, { record, head, program }: Writing): Promise<void> {
  const { file, part, resumes, settings } = record;
  await step(context, domain, job, 'saving');
  if (resumes) await job.nest((monitor) => stopCpus(monitor, domain, live, 'saving'));
  const handle = await live.during(makePart(part, file, head));
  try {
    await context.atStep?.('save', 'sending', domain);
    await job.nest((monitor) => setForSave(monitor, settings));
    await sendState(context, live, job, { handle, program, stop: job.abortRequested }).catch((error: unknown) => {
      throw job.abortRequested.aborted ? error : cannotWrite(file, error);
    });
  } finally {
    await handle.close();
  }
  job.setAbortPolicy({ refused: 'cannot abort save: the image is complete' });
  job.abortRequested.throwIfAborted(); // asked for before it was refused
  await step(context, domain, job, 'committing');
  await live.during(commitPart(part, file));
}

/** Written down before it is acted upon. */
async function step(context: ProcessContext, domain: Domain, job: AsyncJob<'save'>, phase: 'saving' | 'committing'): Promise<void> {
  await job.setPhase(phase);
  await context.atStep?.('save', phase, domain);
}

/** The guest is in the image: its QEMU ends, and its next start finds the image where that is the domain's own. */
export async function endSaved(context: ProcessContext, domain: Domain, live: LiveDomain, job: AsyncJob<'save'>, record: SaveRecord): Promise<void> {
  if (record.managed) domain.hasManagedSave = true;
  await context.atStep?.('save', 'ending', domain);
  live.endReason ??= 'saved';
  await endRun(context, domain, live, job, endOf('saved'));
}

/** Nothing is left of the save, and the guest is as before; what fails meanwhile is not what went wrong. */
export async function giveUpSave(context: ProcessContext, domain: Domain, live: LiveDomain, job: AsyncJob<'save'>, record: SaveRecord): Promise<void> {
  const tried = async (what: string, work: () => Promise<unknown>): Promise<void> => {
    if (live.died.aborted) return;
    await work().catch((error: unknown) => context.log.write('error', what, { domain: domain.name, error: asVireoError(error).message }));
  };
  await tried('a save could not be called off', () => cancelMigration(live, job, context.clock));
  await discardPart(record.part);
  await tried('the settings of migrations are not as before', () => job.nest((monitor) => setAsBefore(monitor, record.settings)));
  await tried('a guest does not run after its save', () => resumeGuest(domain, live, job, record));
  await removeSaveRecord(live);
}

/** @throws what QEMU says; the domain is paused then, and says why. */
async function resumeGuest(domain: Domain, live: LiveDomain, job: AsyncJob<'save'>, { resumes }: SaveRecord): Promise<void> {
  if (!resumes || domain.live !== live || domain.state !== 'paused') return;
  try {
    await job.nest((monitor) => startCpus(monitor, domain, live, 'save canceled'));
  } catch (error) {
    if (!live.died.aborted) domain.transition({ state: 'paused', reason: 'api error' }, { event: 'suspended', detail: 'api-error' });
    throw error;
  }
}
