/**
 * Dumps that nobody asks for by hand: of a guest that panicked, of one that its watchdog found hanging. They never stand
 * in the way of what comes after them, so nothing here throws; a domain's log and an event tell what became of them.
 */
import { lstat, statfs } from 'node:fs/promises';
import path from 'node:path';
import { makePrivateFolder } from '../base/atomic-file.ts';
import { VireoError, asVireoError } from '../base/errors.ts';
import type { Domain } from '../domain/domain.ts';
import type { LiveDomain } from '../domain/live-domain.ts';
import type { AsyncJob } from '../job/handles.ts';
import { type DumpedFile, takeDump, underDumpJob } from './dump.ts';
import { readDumpRecord } from './dump-record.ts';
import { asSoonAsFree, isOver } from './event-worker.ts';
import type { ProcessContext } from './process-context.ts';

type Cause = 'panic' | 'watchdog';

const owners: Readonly<Record<Cause, string>> = { panic: 'processGuestPanic', watchdog: 'processWatchdog' };

/** Dumps into the host's folder for it. The guest stands still before; after a watchdog's dump it runs, however that ended. */
export async function dumpAutomatically(context: ProcessContext, domain: Domain, live: LiveDomain, cause: Cause): Promise<void> {
  try {
    const record = await readDumpRecord(live);
    if (record?.cause === cause && record.finished) return; // the driver before this one had come so far
    const job = await beginWhenFree(context, domain, live, cause);
    if (!job) return;
    const dumped = await underDumpJob(context, job, () => dump(context, domain, live, job, cause));
    await tell(context, domain, cause, dumped);
  } catch (error) {
    if (!isOver(context, domain, live)) await tell(context, domain, cause, asVireoError(error));
  }
}

/** Null when the run is over, or somebody let the guest go on meanwhile. */
async function beginWhenFree(context: ProcessContext, domain: Domain, live: LiveDomain, cause: Cause): Promise<AsyncJob<'dump'> | null> {
  let begun: AsyncJob<'dump'> | null = null;
  await asSoonAsFree(context, owners[cause], domain, live, async (call) => {
    if (isStillWanted(domain, cause)) begun = await domain.jobs.beginAsync(call, 'dump');
  });
  const job = begun as AsyncJob<'dump'> | null;
  if (job && (isOver(context, domain, live) || !isStillWanted(domain, cause))) {
    await job[Symbol.asyncDispose]();
    return null;
  }
  return job;
}

function isStillWanted({ stateAndReason: { state, reason } }: Domain, cause: Cause): boolean {
  return cause === 'panic' ? state === 'crashed' : state === 'paused' && reason === 'watchdog';
}

async function dump(context: ProcessContext, domain: Domain, live: LiveDomain, job: AsyncJob<'dump'>, cause: Cause): Promise<DumpedFile> {
  const folder = context.settings.autoDumpFolder ?? path.join(context.stateFolder, 'dumps');
  await makePrivateFolder(folder);
  await refuseWithoutRoom(folder, live.definition.memoryKiB * 1024);
  const file = await freeName(folder, domain.name, context.clock.wallTime());
  return await takeDump(context, domain, live, job, { file, format: 'elf', live: false, afterwards: 'nothing', cause, resumes: cause === 'watchdog' });
}

/** A guest that crashes again and again must not fill the disk that everything else needs, too. */
async function refuseWithoutRoom(folder: string, bytes: number): Promise<void> {
  const { bavail, bsize } = await statfs(folder);
  const free = bavail * bsize;
  if (free < bytes) throw new VireoError('OPERATION_FAILED', `'${folder}' has room for ${Math.floor(free / 2 ** 20)} MiB, and the guest has ${Math.ceil(bytes / 2 ** 20)} MiB of memory`);
}

/** `<domain>-<time in UTC>`, with a number where two crashes share a second. */
async function freeName(folder: string, domainName: string, wallTimeMs: number): Promise<string> {
  const name = domainName.replaceAll(/[^\w.@+-]/g, '_').slice(0, 100);
  const time = new Date(wallTimeMs).toISOString().slice(0, 19).replace('T', '-').replaceAll(':', '');
  for (let number = 1; ; number++) {
    const file = path.join(folder, `${name}-${time}${number === 1 ? '' : `-${number}`}`);
    if (await lstat(file).then(() => false, () => true)) return file;
  }
}

async function tell(context: ProcessContext, domain: Domain, cause: Cause, result: DumpedFile | VireoError): Promise<void> {
  const failed = result instanceof VireoError;
  const line = failed ? `the guest could not be dumped (${cause}): ${result.message}` : `the guest was dumped into ${result.file} (${cause})`;
  if (failed) context.log.write('error', 'a guest could not be dumped', { domain: domain.name, cause, error: result.message });
  await context.domainLog(domain.uuid).line(line, context.clock.wallTime()).catch(() => {});
  context.hub.happened(domain, 'core-dump', failed ? `failed: ${result.message}` : result.file, { cause, file: failed ? null : result.file, error: failed ? result.message : null });
}
