/**
 * The timelines of a host's domains. One is opened when something happens to its domain or somebody looks at it, never
 * before: a host with a thousand idle domains reads and writes nothing here.
 */
import type { Clock } from '../base/clock.ts';
import { Emitter } from '../base/events.ts';
import { settlesWithin } from '../base/lifetime.ts';
import type { Log } from '../base/log.ts';
import type { Domain } from '../domain/domain.ts';
import type { DomainLog } from '../domain/domain-log.ts';
import type { DomainRegistry } from '../domain/domain-registry.ts';
import type { DomainEvent } from '../domain/domain-summary.ts';
import type { EventHub } from '../domain/event-hub.ts';
import type { LiveDomain } from '../domain/live-domain.ts';
import type { QmpEvent } from '../monitor/commands.ts';
import { JobWatch } from './job-watch.ts';
import { RunWatch } from './run-watch.ts';
import { entryOfEvent } from './state-entries.ts';
import { Timeline } from './timeline.ts';
import type { NewEntry, RunAccount } from './timeline-entry.ts';
import { TimelineFile } from './timeline-file.ts';
import { whatWasMissed } from './what-was-missed.ts';

export interface TimelinesOptions {
  readonly clock: Clock;
  readonly log: Log;
  readonly hub: EventHub;
  readonly registry: Pick<DomainRegistry, 'byUuid'>;
  readonly logFolder: (uuid: string) => string;
  readonly domainLog: (uuid: string) => DomainLog;
}

/** Closing a driver waits no longer than this for a disk that does not answer. */
const closeDeadlineMs = 2_000;

export class Timelines {
  /** Fires when a domain's timeline has grown. */
  readonly written = new Emitter<{ readonly uuid: string; readonly newest: number }>();
  readonly #options: TimelinesOptions;
  readonly #timelines = new Map<string, Timeline>();
  readonly #runs = new Map<string, RunWatch>();
  readonly #states = new Map<string, string>();
  readonly #jobs: JobWatch;

  constructor(options: TimelinesOptions) {
    const { hub, clock, registry } = options;
    this.#options = options;
    this.#jobs = new JobWatch(clock, (uuid, entry) => this.record(uuid, entry));
    hub.events.on((event) => this.#happened(event));
    hub.touched.on(({ uuid }) => this.#jobs.look(uuid, registry.byUuid(uuid)?.jobs ?? null));
  }

  of(uuid: string): Timeline {
    const known = this.#timelines.get(uuid);
    if (known) return known;
    const { clock, log, logFolder } = this.#options;
    const timeline = new Timeline({ file: new TimelineFile(logFolder(uuid)), clock, log, onWritten: (newest) => this.written.fire({ uuid, newest }) });
    this.#timelines.set(uuid, timeline);
    return timeline;
  }

  /** Whether anything was ever kept of this domain, which may be gone. */
  has(uuid: string): Promise<boolean> {
    return new TimelineFile(this.#options.logFolder(uuid)).exists();
  }

  /** The run it belongs to is added where there is one. */
  record(uuid: string, entry: Omit<NewEntry, 'atMs'> & { readonly atMs?: number }): void {
    this.of(uuid).record({ atMs: this.#options.clock.wallTime(), run: this.#runs.get(uuid)?.id ?? null, ...entry });
  }

  /** QEMU was spawned. @param wordsFrom where in the domain's log its own words begin. */
  began(domain: Domain, live: LiveDomain, wordsFrom: number): void {
    this.#states.set(domain.uuid, stateKey(domain.stateAndReason));
    const { id, process, qemuVersion, accelerator } = live.facts;
    this.record(domain.uuid, { kind: 'driver', what: 'spawned', run: id, details: { pid: process.pid, qemuVersion, accelerator, logOffset: wordsFrom } });
    this.#watch(domain, live, wordsFrom);
  }

  /** The run of an earlier driver was found, alive or dead; what nobody saw meanwhile is marked. */
  async found(domain: Domain, live: LiveDomain, unfinished: string | null): Promise<void> {
    const { clock, domainLog } = this.#options;
    const { uuid } = domain;
    this.#states.set(uuid, stateKey(domain.stateAndReason));
    const missed = await whatWasMissed(this.of(uuid), domainLog(uuid));
    const toMs = clock.wallTime();
    const run = live.facts.id;
    if (missed.sinceMs !== null) this.record(uuid, { kind: 'driver', what: 'nobody-watched', run, details: { fromMs: missed.sinceMs, toMs, letGo: missed.letGo } });
    const { state, reason } = domain.stateAndReason;
    this.record(uuid, { kind: 'driver', what: 'found', run, details: { state, reason, pid: live.facts.process.pid, ...(unfinished === null ? {} : { unfinished }) } });
    this.#watch(domain, live, missed.wordsFrom);
    live.reached.addEventListener('abort', () => {
      if (!live.died.aborted) this.record(uuid, { kind: 'driver', what: 'reached', details: { state: domain.state, reason: domain.stateAndReason.reason } });
    }, { once: true });
  }

  /** A run that ended with the machine: no driver saw how. */
  endedUnseen(uuid: string, run: number): void {
    this.record(uuid, { kind: 'driver', what: 'machine-restarted', run });
  }

  qmp(domain: Domain, event: QmpEvent): void {
    this.#runs.get(domain.uuid)?.event(event);
  }

  /** Lets go: every run that goes on is told to go on unwatched, and what waits is written. */
  async close(): Promise<void> {
    for (const [uuid, watch] of this.#runs) {
      watch[Symbol.dispose]();
      if (this.#options.registry.byUuid(uuid)?.live) this.record(uuid, { kind: 'driver', what: 'let-go', details: { logOffset: watch.logOffset } });
    }
    const written = Promise.all([...this.#timelines.values()].map((timeline) => timeline.flush()));
    await settlesWithin(written, this.#options.clock, closeDeadlineMs);
  }

  #watch(domain: Domain, live: LiveDomain, wordsFrom: number): void {
    const { uuid } = domain;
    const { clock, domainLog } = this.#options;
    this.#runs.get(uuid)?.[Symbol.dispose]();
    this.#runs.set(uuid, new RunWatch({ domain, live, timeline: this.of(uuid), log: domainLog(uuid), wordsFrom, clock }));
  }

  #happened(event: DomainEvent): void {
    const { uuid } = event.domain;
    const state = event.summary && stateKey(event.summary);
    const known = this.#states.get(uuid);
    const isOver = event.summary === null || event.summary.state === 'shut off';
    const entry = entryOfEvent(event, known !== undefined && state !== null && known !== state);
    const account = isOver ? this.#takeAccount(uuid) : null;
    const run = account?.run ?? event.domain.id ?? this.#runs.get(uuid)?.id ?? null;
    if (entry) this.record(uuid, { ...entry, run, ...(account ? { account: account.account } : {}) });
    else if (account) this.record(uuid, { kind: 'lifecycle', what: 'ended', run, account: account.account });
    if (event.summary === null) this.#states.delete(uuid);
    else if (known !== undefined || event.summary.id !== null) this.#states.set(uuid, stateKey(event.summary));
  }

  /** The account of the run that is over, once. */
  #takeAccount(uuid: string): { readonly run: number; readonly account: RunAccount } | null {
    const watch = this.#runs.get(uuid);
    if (!watch?.account) return null;
    this.#runs.delete(uuid);
    return { run: watch.id, account: watch.account };
  }
}

function stateKey({ state, reason }: { readonly state: string; readonly reason: string }): string {
  return `${state} (${reason})`;
}
