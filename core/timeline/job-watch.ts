/**
 * Long jobs from their begin to their end. Short ones are too many to keep, and nobody asks for them later: what they
 * were held for is there as an action, and who held one in somebody's way is in the refusal.
 */
import type { Clock } from '../base/clock.ts';
import type { AsyncHolder, DomainJobs } from '../job/domain-jobs.ts';
import type { NewEntry } from './timeline-entry.ts';

export class JobWatch {
  readonly #clock: Clock;
  readonly #record: (uuid: string, entry: Omit<NewEntry, 'atMs'>) => void;
  readonly #held = new Map<string, AsyncHolder>();

  constructor(clock: Clock, record: (uuid: string, entry: Omit<NewEntry, 'atMs'>) => void) {
    this.#clock = clock;
    this.#record = record;
  }

  /** Looks at a domain after a change of any kind; null for one that is gone. */
  look(uuid: string, jobs: DomainJobs | null): void {
    const before = this.#held.get(uuid) ?? null;
    const now = jobs?.status().async ?? null;
    if (before === null && now === null) return;
    if (before && now && before.sinceMs === now.sinceMs && before.kind === now.kind) {
      if (now.abortRequested && !before.abortRequested) this.#tell(uuid, 'abort-asked', now, {});
      this.#held.set(uuid, now);
      return;
    }
    if (before) this.#tell(uuid, 'ended', before, { durationMs: Math.round(this.#clock.now() - before.sinceMs) });
    if (now) this.#tell(uuid, 'began', now, {});
    if (now) this.#held.set(uuid, now);
    else this.#held.delete(uuid);
  }

  #tell(uuid: string, what: string, { kind, owner, client, phase }: AsyncHolder, more: Record<string, unknown>): void {
    this.#record(uuid, { kind: 'job', what, by: { owner, client }, details: { job: kind, ...(phase === 'none' ? {} : { phase }), ...more } });
  }
}
