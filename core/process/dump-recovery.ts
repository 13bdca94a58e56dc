/**
 * A dump that the driver before this one had begun. QEMU has gone on with it, so it is waited for and kept: nobody has
 * to dump the guest again, and no guest stays paused for a dump that nobody waits for.
 */
import { asVireoError } from '../base/errors.ts';
import type { Domain } from '../domain/domain.ts';
import type { AsyncJob } from '../job/handles.ts';
import { carryOn, finishDump, giveUpDump } from './dump.ts';
import { partSize } from './dump-file.ts';
import { type DumpRecord, readDumpRecord } from './dump-record.ts';
import { DumpWatch, waitForDump } from './dump-wait.ts';
import type { ProcessContext } from './process-context.ts';

/**
 * Finishes the dump, or undoes it, and lets the guest go on as it was. For whoever restored `job`: it needs the
 * monitor, nests by itself, says how the job ended, and leaves ending it to its holder. Never throws.
 */
export async function recoverDump(context: ProcessContext, domain: Domain, job: AsyncJob<'dump'>): Promise<void> {
  const { live } = domain;
  if (!live) return;
  job.setAbortPolicy({ refused: 'cannot abort memory-only dump' });
  job.setMask(['query', 'abort']);
  const record = (await readDumpRecord(live)) ?? unknownDump(domain);
  try {
    const isInPlace = record.finished || (job.phase === 'finishing' && (await partSize(record.part)) === null);
    if (!isInPlace) await waitIfBegun(context, domain, job, record);
    if (isInPlace) await carryOn(context, domain, live, job, record);
    else await finishDump(context, domain, live, job, record);
    job.conclude();
  } catch (error) {
    if (context.closing.aborted) return;
    job.conclude(asVireoError(error));
    context.log.write('warning', 'a dump of an earlier driver came to nothing', { domain: domain.name, error: asVireoError(error).message });
  }
}

/** The record could not be read: a guest that stands still for a dump goes on, and no file is touched. */
function unknownDump({ stateAndReason: { state, reason } }: Domain): DumpRecord {
  return { file: '', part: '', resumes: state === 'paused' && reason === 'dumping', afterwards: 'nothing', cause: 'asked', finished: false };
}

/** @throws when there is nothing to finish; the guest goes on then. */
async function waitIfBegun(context: ProcessContext, domain: Domain, job: AsyncJob<'dump'>, record: DumpRecord): Promise<void> {
  const { live } = domain;
  if (!live) return;
  try {
    if (job.phase === 'finishing') return;
    using watch = new DumpWatch(live);
    await waitForDump(context, live, job, watch);
    // QEMU remembers its last dump: that it is complete means this one only where it has written something.
    const size = await partSize(record.part);
    if (size === null || size === 0) throw new Error('QEMU was not told to dump yet');
  } catch (error) {
    if (!context.closing.aborted) await giveUpDump(context, domain, live, job, record);
    throw error;
  }
}
