/**
 * Where what happened to domains becomes revisions. Every event of a host passes here once, so revisions rise by
 * exactly one; `changed` events, which only say that a summary differs, are gathered for a moment.
 */
import type { Clock } from '../base/clock.ts';
import { Emitter } from '../base/events.ts';
import type { LifecycleEvent } from './domain-state.ts';
import type { DomainEvent, DomainSummary } from './domain-summary.ts';

/** What the hub needs to know of a domain. */
export interface EventSource {
  readonly uuid: string;
  readonly name: string;
  readonly removed: boolean;
  /** A job is held or waited for. */
  readonly isBusy: boolean;
  summary(): DomainSummary;
}

/** A guest that floods its console changes its summary thousands of times a second; people need ten. */
const gatherMs = 80;

export class EventHub {
  readonly events = new Emitter<DomainEvent>();
  /** Fires at once where `changed` gathers: for who must see every change, a short job among them. */
  readonly touched = new Emitter<EventSource>();
  readonly #clock: Clock;
  readonly #changed = new Set<EventSource>();
  readonly #jobsChanged = new Set<EventSource>();
  readonly #shownBusy = new WeakSet<EventSource>();
  readonly #stop = new AbortController();
  #revision = 0;
  #gathering = false;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  get revision(): number {
    return this.#revision;
  }

  lifecycle(source: EventSource, what: LifecycleEvent, id: number | null): void {
    this.#publish(source, 'lifecycle', what.event, what.detail, id);
  }

  /** One of libvirt's other events, with a word of detail where it has one, and what it carries by name. */
  happened(source: EventSource, type: Exclude<DomainEvent['type'], 'lifecycle' | 'changed'>, detail: string | null, details?: DomainEvent['details']): void {
    this.#publish(source, type, null, detail, null, details);
  }

  /** The summary differs in something that has no event of its own. */
  changed(source: EventSource): void {
    this.touched.fire(source);
    if (source.removed || this.#stop.signal.aborted) return;
    this.#changed.add(source);
    this.#gather();
  }

  /**
   * A job began or ended. One that is over by the time people are told, and that nobody has seen, is no change: whoever
   * draws curves has QEMU asked once a second for each domain, and each window would be told of each question twice.
   */
  jobsChanged(source: EventSource): void {
    this.touched.fire(source);
    if (source.removed || this.#stop.signal.aborted) return;
    this.#jobsChanged.add(source);
    this.#gather();
  }

  /** Somebody was shown a job of this domain: its end will be told, however soon it comes. */
  shownBusy(source: EventSource): void {
    this.#shownBusy.add(source);
  }

  #gather(): void {
    if (this.#gathering) return;
    this.#gathering = true;
    void this.#clock.sleep(gatherMs, this.#stop.signal).then(() => this.#flush());
  }

  /** A domain left every list without an event of libvirt's: clients that saw it appear see it go. */
  vanished(source: EventSource): void {
    this.#publish(source, 'changed', null, null, null);
  }

  close(): void {
    this.#stop.abort();
  }

  #flush(): void {
    this.#gathering = false;
    const ofJobs = [...this.#jobsChanged].filter((source) => source.isBusy || this.#shownBusy.has(source));
    const sources = new Set([...this.#changed, ...ofJobs]);
    this.#changed.clear();
    this.#jobsChanged.clear();
    if (this.#stop.signal.aborted) return;
    for (const source of sources) if (!source.removed) this.#publish(source, 'changed', null, null, null);
  }

  #publish(source: EventSource, type: DomainEvent['type'], event: string | null, detail: string | null, id: number | null, details?: DomainEvent['details']): void {
    this.#changed.delete(source); // this event carries the newest summary
    this.#jobsChanged.delete(source);
    this.#shownBusy.delete(source);
    this.#revision += 1;
    const summary = source.removed ? null : source.summary();
    this.events.fire({
      revision: this.#revision,
      atMs: this.#clock.wallTime(),
      domain: { uuid: source.uuid, name: source.name, id: summary?.id ?? id },
      type,
      event,
      detail,
      ...(details === undefined ? {} : { details }),
      summary,
    });
  }
}
