/**
 * A save that the driver before this one had begun. Nobody writes what QEMU sends any more, so it is called off and the
 * guest goes on; only an image that was complete is kept, and its guest ends in it.
 */
import { stat } from 'node:fs/promises';
import { asVireoError, VireoError } from '../base/errors.ts';
import type { Domain } from '../domain/domain.ts';
import type { AsyncJob } from '../job/handles.ts';
import type { ProcessContext } from '../process/process-context.ts';
import { commitPart } from './image-part.ts';
import { endSaved, giveUpSave } from './save-domain.ts';
import { type SaveRecord, readSaveRecord } from './save-record.ts';
import { readSaveImage } from './save-image.ts';

/**
 * Finishes the save, or undoes it. For whoever restored `job`: it needs the monitor, nests by itself, says how the job
 * ended, and leaves ending it to its holder. Never throws.
 */
export async function recoverSave(context: ProcessContext, domain: Domain, job: AsyncJob<'save'>): Promise<void> {
  const { live } = domain;
  if (!live) return;
  job.setMask(['query', 'abort']);
  const record = (await readSaveRecord(live)) ?? unknownSave(domain);
  try {
    if (await isInPlace(job, record)) {
      await endSaved(context, domain, live, job, record);
      return job.conclude();
    }
    await giveUpSave(context, domain, live, job, record);
    if (record.managed) domain.hasManagedSave = false;
    job.conclude(new VireoError('OPERATION_ABORTED', 'the driver ended while the domain was saved'));
  } catch (error) {
    if (context.closing.aborted) return;
    job.conclude(asVireoError(error));
    context.log.write('warning', 'a save of an earlier driver came to nothing', { domain: domain.name, error: asVireoError(error).message });
  }
}

/** From the phase `committing` on the part is whole; it may have its name already. */
async function isInPlace({ phase }: AsyncJob<'save'>, { part, file }: SaveRecord): Promise<boolean> {
  if (phase !== 'committing') return false;
  try {
    if (await stat(part).then(() => true, () => false)) await commitPart(part, file);
    await readSaveImage(file);
    return true;
  } catch {
    return false; // the guest itself is still there
  }
}

/** The record could not be read: a guest that stands still for a save goes on, and no file is touched. */
function unknownSave({ stateAndReason: { state, reason } }: Domain): SaveRecord {
  const settings = { capabilities: [], maxBandwidth: null, tlsCreds: null, tlsHostname: null };
  return { file: '', part: '', resumes: state === 'paused' && reason === 'saving', managed: false, settings };
}
