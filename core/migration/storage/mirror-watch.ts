/**
 * Hears how the mirror jobs of a storage copy go. It is there before QEMU is told to begin, for a small disk is in step
 * before the answer is read.
 */
import { Emitter } from '../../base/events.ts';
import type { LiveDomain } from '../../domain/live-domain.ts';
import type { QmpEvent } from '../../monitor/commands.ts';

export interface MirrorState {
  /** It was in step with the guest once, and stays so until it ends. */
  readonly isReady: boolean;
  /** Nothing of it happens any more; it waits to be dismissed. */
  readonly hasEnded: boolean;
  /** QEMU's words about why it failed. */
  readonly error: string | null;
  /** Which side failed, where QEMU told. */
  readonly failedAt: 'read' | 'write' | null;
}

const begun: MirrorState = { isReady: false, hasEnded: false, error: null, failedAt: null };

export class MirrorWatch implements Disposable {
  /** Fires after a job changed. */
  readonly changes = new Emitter<string>();
  readonly #states: Map<string, MirrorState>;
  readonly #subscription: Disposable;

  constructor(live: LiveDomain, jobs: readonly string[]) {
    this.#states = new Map(jobs.map((job) => [job, begun]));
    this.#subscription = live.qmpEvents.on((event) => this.#hear(event));
  }

  of(job: string): MirrorState {
    return this.#states.get(job) ?? begun;
  }

  /** For what was told otherwise than by an event. */
  learn(job: string, state: Partial<MirrorState>): void {
    this.#states.set(job, { ...this.of(job), ...state });
    this.changes.fire(job);
  }

  #hear(event: QmpEvent): void {
    switch (event.event) {
      case 'BLOCK_JOB_READY':
        return this.#note(event.data.device, { isReady: true });
      case 'BLOCK_JOB_ERROR':
        return this.#note(event.data.device, { failedAt: event.data.operation });
      case 'BLOCK_JOB_COMPLETED':
        return event.data.error === undefined ? undefined : this.#note(event.data.device, { error: event.data.error });
      case 'JOB_STATUS_CHANGE':
        if (event.data.status === 'concluded' || event.data.status === 'null') this.#note(event.data.id, { hasEnded: true });
        return;
      default:
        return;
    }
  }

  #note(job: string, state: Partial<MirrorState>): void {
    if (this.#states.has(job)) this.learn(job, state);
  }

  [Symbol.dispose](): void {
    this.#subscription[Symbol.dispose]();
  }
}
