/** A domain's jobs as others see them: screens, refusals, the state file, and the driver that comes after this one. */
import type { AsyncHolder, AsyncRecord, Holder } from './async-state.ts';
import type { AsyncJob } from './handles.ts';
import type { AsyncKind } from './kinds.ts';

/** What is written down of the jobs: the asynchronous one with its phase, and a destroy. */
export interface JobRecord {
  readonly async: AsyncRecord | null;
  readonly destroy: boolean;
}

/** What a restarted driver found under way. */
export interface RestoredJobs {
  /** Held for the recoverer, who finishes or rolls back and ends it, or parks it again for `parkedFor`. */
  readonly job: { readonly [K in AsyncKind]: AsyncJob<K> }[AsyncKind] | null;
  readonly parkedFor: string | null;
  /** It stands in every record until a destroy job has ended here. */
  readonly destroy: boolean;
}

/** A parked job by what is known of it where its ticket is not, as after a restart. */
export interface ParkedJob<K extends AsyncKind> {
  readonly kind: K;
  readonly owner: string;
}

export interface JobsStatus {
  readonly sync: Holder | null;
  readonly async: AsyncHolder | null;
  readonly agent: Holder | null;
  readonly waiting: number;
}
