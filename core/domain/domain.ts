/** A domain: its identity, what it is defined as, what runs of it, and the jobs that order all access. */
import type { Clock } from '../base/clock.ts';
import type { ErrorDomain, VireoError } from '../base/errors.ts';
import type { DomainDefinition } from '../conf/domain-definition.ts';
import { type AsyncHolder, DomainJobs, type DomainJobsOptions, type Holder } from '../job/domain-jobs.ts';
import type { DomainState, LifecycleEvent, StateAndReason } from './domain-state.ts';
import type { ControlStatus, DomainSummary, JobHolder, LongJobHolder } from './domain-summary.ts';
import { describeDevices, describeDisplays, describeDomain } from './describe.ts';
import type { EventHub } from './event-hub.ts';
import type { LiveDomain } from './live-domain.ts';
import type { MigrationGlance } from './migration-glance.ts';

export interface DomainServices {
  readonly clock: Clock;
  readonly hub: EventHub;
  /** Writes the state file of a running domain; resolves at once for one that has none. */
  saveStatus(domain: Domain): Promise<void>;
  readonly jobWaitMs?: number;
  readonly maxQueued?: number;
}

export class Domain {
  readonly uuid: string;
  readonly jobs: DomainJobs;
  readonly #services: DomainServices;
  /** The next boot's definition; null for a transient domain. */
  persistent: DomainDefinition | null;
  live: LiveDomain | null = null;
  /** Started with the machine's session; only a persistent domain is. */
  autostart = false;
  /** Its state is saved in an image of its own, which its next start takes (core/save/managed-save.ts). */
  hasManagedSave = false;
  /** As its summary tells of it; written by core/migration/progress alone. */
  migration: MigrationGlance | null = null;
  #removed = false;
  #name: string;
  #state: StateAndReason = { state: 'shut off', reason: 'unknown' };
  #stateSinceMs: number | null = null;

  constructor(uuid: string, name: string, persistent: DomainDefinition | null, services: DomainServices) {
    this.uuid = uuid;
    this.#name = name;
    this.persistent = persistent;
    this.#services = services;
    const options: DomainJobsOptions = {
      clock: services.clock,
      domain: () => this.identity,
      run: () => this.live?.run ?? null,
      persist: () => services.saveStatus(this),
      ...(services.jobWaitMs === undefined ? {} : { waitMs: services.jobWaitMs }),
      ...(services.maxQueued === undefined ? {} : { maxQueued: services.maxQueued }),
    };
    this.jobs = new DomainJobs(options);
    this.jobs.changes.on(() => services.hub.jobsChanged(this));
    this.jobs.progress.on(() => services.hub.changed(this)); // who shows a job asks for its statistics then
  }

  get name(): string {
    return this.#name;
  }

  get identity(): ErrorDomain {
    return { name: this.#name, uuid: this.uuid };
  }

  /** In no list: gone for good, or its first definition is still being saved and only holds its name and UUID. */
  get removed(): boolean {
    return this.#removed || (this.live === null && this.persistent === null);
  }

  get state(): DomainState {
    return this.#state.state;
  }

  get stateAndReason(): StateAndReason {
    return this.#state;
  }

  get stateSinceMs(): number | null {
    return this.#stateSinceMs;
  }

  /** What describes the domain now: the running definition, else the next boot's. */
  get definition(): DomainDefinition {
    const definition = this.live?.definition ?? this.persistent;
    if (!definition) throw new Error('a domain has a definition while it exists');
    return definition;
  }

  /** Changes the state, with the one event that tells of it; none for a change that libvirt has no event for. */
  transition(next: StateAndReason, event: LifecycleEvent | null): void {
    const same = next.state === this.#state.state && next.reason === this.#state.reason;
    if (!same) {
      if (next.state !== this.#state.state) this.#stateSinceMs = this.#services.clock.wallTime();
      this.#state = next;
    }
    if (event) this.#services.hub.lifecycle(this, event, this.live?.facts.id ?? null);
    else if (!same) this.changed();
  }

  /** Takes over what a state file says, without an event. */
  restoreState(state: StateAndReason, sinceMs: number | null): void {
    this.#state = state;
    this.#stateSinceMs = sinceMs;
  }

  changed(): void {
    this.#services.hub.changed(this);
  }

  /** Gone for good: every API that waits or comes later ends with `reason`. */
  remove(reason: VireoError): void {
    this.#removed = true;
    this.jobs.close(reason);
  }

  /** virDomainControlInfo, as of now; `occupied` while QEMU works on a command. */
  controlInfo(): Omit<ControlStatus, 'sinceMs'> & { readonly forMs: number } {
    const nowMs = this.#services.clock.wallTime();
    const { state, details, sinceMs } = this.#control();
    const outstanding = state === 'error' ? null : this.live?.outstanding();
    if (outstanding) return { state: 'occupied', details: outstanding.command, forMs: outstanding.forMs };
    return { state, details, forMs: Math.max(0, nowMs - sinceMs) }; // the wall clock may have been set back
  }

  /** The long job, as others see it; null where there is none. */
  longJob(): LongJobHolder | null {
    return longHolder(this.jobs.status().async);
  }

  get isBusy(): boolean {
    const { sync, async: asyncJob, agent, waiting } = this.jobs.status();
    return sync !== null || asyncJob !== null || agent !== null || waiting > 0;
  }

  summary(): DomainSummary {
    const { live } = this;
    const jobs = this.jobs.status();
    if (this.isBusy) this.#services.hub.shownBusy(this);
    return {
      uuid: this.uuid,
      name: this.#name,
      ...describeDomain(this.definition),
      id: live?.facts.id ?? null,
      state: this.#state.state,
      reason: this.#state.reason,
      stateSinceMs: this.#stateSinceMs,
      persistent: this.persistent !== null,
      autostart: this.autostart,
      hasManagedSave: this.hasManagedSave,
      pendingChanges: live?.pendingChanges ?? false,
      accelerator: live?.facts.accelerator ?? null,
      emulator: live?.facts.emulator ?? null,
      qemuVersion: live?.facts.qemuVersion ?? null,
      pid: live?.facts.process.pid ?? null,
      taints: live ? [...live.taints] : [],
      agent: live?.agent ?? 'not configured',
      jobs: { sync: holder(jobs.sync), async: longHolder(jobs.async), agent: holder(jobs.agent), waiting: jobs.waiting },
      control: this.#control(),
      migration: this.migration,
      consoles: (live?.facts.consoles.status() ?? []).map(({ alias, kind, label, state, error, writer, watchers, sessions, readOnly, backend, position }) => ({
        alias,
        kind,
        label,
        state,
        error,
        writer: writer && { sessionId: writer.sessionId, label: writer.client, sinceMs: writer.sinceMs },
        watchers,
        sessions: sessions.map(({ id: sessionId, ...session }) => ({ sessionId, ...session })),
        readOnly,
        backend,
        position,
      })),
      displays: describeDisplays(this.definition, live?.facts.displays.status() ?? []),
      diskErrors: [...(live?.diskErrors.values() ?? [])],
      devices: describeDevices(this.definition),
    };
  }

  /** virDomainControlInfo: busy with a job, waiting in the monitor, or not answering; ages are wall-clock times. */
  #control(): ControlStatus {
    const { clock } = this.#services;
    const answering = this.live?.answering(clock.now());
    if (answering?.state === 'silent') {
      return { state: 'error', details: `QEMU not answering (${answering.command})`, sinceMs: clock.wallTime() - answering.forMs };
    }
    const { sync, async: asyncJob } = this.jobs.status();
    const busy = sync ?? asyncJob;
    if (busy) return { state: 'job', details: `${busy.kind} by ${busy.owner}`, sinceMs: busy.sinceWallMs };
    return { state: 'ok', details: null, sinceMs: this.#stateSinceMs ?? clock.wallTime() };
  }
}

function holder(held: Holder | null): JobHolder | null {
  return held && { kind: held.kind, owner: held.owner, client: held.client, sinceMs: held.sinceWallMs };
}

function longHolder(held: AsyncHolder | null): LongJobHolder | null {
  const common = holder(held);
  return held && common && { ...common, phase: held.phase === 'none' ? null : held.phase, parkedUntilMs: held.parkedUntilWallMs, abortRequested: held.abortRequested };
}
