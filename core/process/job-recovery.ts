/**
 * What becomes of a long job whose driver was killed in the middle of it (B7): each kind has its own answer, in one table
 * (core/driver/job-recoveries.ts) that does not compile where a kind has none.
 */
import type { Domain } from '../domain/domain.ts';
import type { AsyncJob } from '../job/handles.ts';
import type { AsyncKind } from '../job/kinds.ts';
import type { ProcessContext } from './process-context.ts';

/**
 * Goes on with the job, or rolls it back, once QEMU is reached and the domain is up to date; its events are handled
 * meanwhile. It sets the job's mask, nests for the monitor, and leaves ending the job to its caller. It heeds
 * `context.closing`, and never throws.
 */
export type RecoverJob<K extends AsyncKind> = (context: ProcessContext, domain: Domain, job: AsyncJob<K>) => Promise<void>;

/** `undone`: a run that was never there for anybody is ended (reconnect.ts); once the guest runs there is nothing to undo. */
type Recovery<K extends AsyncKind> = RecoverJob<K> | 'undone' | 'not there yet';

export type JobRecoveries = { readonly [K in AsyncKind]: Recovery<K> };

type AnyJob = { readonly [K in AsyncKind]: AsyncJob<K> }[AsyncKind];

/** How this job is gone on with; null where there is nothing to go on with, or nobody who can. */
export function recoveryOf({ jobRecoveries }: ProcessContext, job: AnyJob): ((context: ProcessContext, domain: Domain) => Promise<void>) | null {
  const recover = jobRecoveries[job.kind] as Recovery<typeof job.kind>;
  return typeof recover === 'function' ? (context, domain) => (recover as RecoverJob<AsyncKind>)(context, domain, job as AsyncJob<AsyncKind>) : null;
}
