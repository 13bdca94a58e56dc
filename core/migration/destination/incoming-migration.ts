/**
 * A guest that is on its way to this host: everything that Prepare has made for it and Finish needs. Between the two its
 * job is parked; it ends by itself when QEMU dies, when the domain is destroyed, when the connection that asked for it
 * closes, or after a very long time (I9). Nothing of it is left then.
 */
import { setMaxListeners } from 'node:events';
import { VireoError, asVireoError, invariant } from '../../base/errors.ts';
import { DisposableStack, settlesWithin } from '../../base/lifetime.ts';
import type { DomainDefinition } from '../../conf/domain-definition.ts';
import type { Domain } from '../../domain/domain.ts';
import type { LiveDomain } from '../../domain/live-domain.ts';
import { withoutOwnLines } from '../../domain/domain-log.ts';
import type { Call } from '../../job/call.ts';
import type { AsyncJob, ParkTicket } from '../../job/handles.ts';
import { imageInUse } from '../../lock/image-in-use.ts';
import type { StartState } from '../../process/start-state.ts';
import { endOf, endRun } from '../../process/stop-domain.ts';
import type { MigrationCookie } from '../cookie/migration-cookie.ts';
import type { MigrationContext } from '../migration-context.ts';
import type { MigrationOptions } from '../migration-options.ts';
import type { DestinationPhase } from '../migration-phases.ts';
import type { PrepareRequest } from '../migration-target.ts';
import type { MigrationProgress } from '../progress/migration-progress.ts';
import type { MigrationSettings } from '../qemu/apply-setup.ts';
import { isPostcopy, lookAtMigration } from '../qemu/migration-status.ts';
import type { DiskServer } from '../storage/receive-disks.ts';
import { keepFailure } from './incoming-failures.ts';

export type IncomingJob = AsyncJob<'migration-in'>;

/** Disks of any size over any link; whoever leads is gone long before, and is noticed by the end of its connection. */
const parkedAtMostMs = 7 * 24 * 3_600_000;
/** QEMU's own words are in the error, but not more than a screen of them. */
const shownWordsBytes = 4_096;
const settlingMs = 500;

const forever = new Promise<void>(() => {});

const underWay = new WeakMap<Domain, IncomingMigration>();

/** The guest that is on its way to be this domain, as this driver has prepared for it. */
export function incomingOf(domain: Domain): IncomingMigration | null {
  return underWay.get(domain) ?? null;
}

export class IncomingMigration {
  readonly context: MigrationContext;
  readonly domain: Domain;
  readonly request: PrepareRequest;
  /** Null where the source sent none. */
  readonly cookie: MigrationCookie | null;
  /** What the run is made from, and kept for the next boot where the source says nothing else. */
  readonly definition: DomainDefinition;
  readonly progress: MigrationProgress;
  /** Ports and the like: until the guest is there, or given up. */
  readonly kept = new DisposableStack();
  /** Null for an offline migration, and for one that a driver before this one prepared. */
  start: StartState | null = null;
  diskServer: DiskServer | null = null;
  /** What QEMU was set to before it was told of the migration. */
  settingsBefore: MigrationSettings | null = null;
  /** What was kept for the next boot when Finish began; undefined before. */
  persistentBefore: DomainDefinition | null | undefined = undefined;
  /** Set while it ends by itself; resolves when nothing of it is left. */
  ending: Promise<void> | null = null;
  #found: LiveDomain | null = null;
  #parked: { readonly ticket: ParkTicket<'migration-in'>; readonly left: AbortController } | null = null;

  constructor(of: Pick<IncomingMigration, 'context' | 'domain' | 'request' | 'cookie' | 'definition'>) {
    this.context = of.context;
    this.domain = of.domain;
    this.request = of.request;
    this.cookie = of.cookie;
    this.definition = of.definition;
    this.progress = of.context.migrations.begin(of.domain, { clock: of.context.clock, side: 'destination', peer: of.cookie?.hostName ?? null });
    underWay.set(of.domain, this);
  }

  get options(): MigrationOptions {
    return this.request.options;
  }

  /** One that a driver before this one prepared, whose QEMU has part of the guest. */
  static found(of: Pick<IncomingMigration, 'context' | 'domain' | 'request'>, live: LiveDomain): IncomingMigration {
    const found = new IncomingMigration({ ...of, cookie: null, definition: live.definition });
    found.#found = live;
    return found;
  }

  get #run(): LiveDomain | null {
    return this.start?.run?.live ?? this.#found;
  }

  /** The run that waits for it; not for an offline migration. */
  get live(): LiveDomain {
    const run = this.#run;
    invariant(run, 'a guest on its way has a QEMU that waits for it');
    return run;
  }

  /** Its CPUs run, or stand still as they were meant to, and everybody was told: it is not ended with the migration any more. */
  get hasRun(): boolean {
    return this.#run?.starting === false;
  }

  /** Writes the phase down before it is acted upon. */
  async phase(job: IncomingJob, phase: DestinationPhase): Promise<void> {
    await job.setPhase(phase);
    this.progress.phase(phase);
    await this.context.atStep?.('migration-in', phase, this.domain);
  }

  /** Leaves it to Finish, or to its end: with `ending`, the client's connection. */
  async park(job: IncomingJob, owner: string, ending: AbortSignal | null): Promise<void> {
    const { context } = this;
    const onExpired = (left: IncomingJob): Promise<void> => {
      if (context.closing.aborted && this.hasRun) return forever; // it stays on disk as it is, for the next driver
      const work = this.#expire(left, owner);
      this.ending = work.finally(() => (this.ending = null));
      context.untilDone(this.ending); // the driver does not close before nothing is left
      return this.ending;
    };
    const ticket = await job.park({ owner, deadlineMs: parkedAtMostMs, onExpired });
    const left = new AbortController();
    this.#parked = { ticket, left };
    for (const end of [this.#run?.died ?? null, ending]) {
      if (!end) continue;
      setMaxListeners(0, end); // a client may move many guests
      if (end.aborted) ticket.expire();
      else end.addEventListener('abort', () => ticket.expire(), { once: true, signal: left.signal });
    }
  }

  /** Takes over what was parked. @throws OPERATION_INVALID where it has ended meanwhile. */
  async adopt(call: Call): Promise<IncomingJob> {
    const { domain } = this;
    if (!this.#parked) throw new VireoError('OPERATION_INVALID', `domain '${domain.name}' is not waiting for the end of a migration`, { domain: domain.identity });
    const job = await domain.jobs.adopt(call, this.#parked.ticket);
    this.#unpark();
    if (this.start) this.start.job = job;
    return job;
  }

  /** Whether parts of the guest are here that its source has no more. */
  async hasBegunPostcopy(job: IncomingJob): Promise<boolean> {
    if (!this.options.postcopy || !this.#run || !job.alive) return false;
    return await job.nest((monitor) => lookAtMigration(monitor)).then(({ value: { status } }) => isPostcopy(status), () => false);
  }

  /** Nothing of it stays. @returns what to tell, in QEMU's own words where it said any. Never throws. */
  async end(job: IncomingJob, thrown: unknown): Promise<VireoError> {
    const { context, domain } = this;
    const why = await this.#explain(thrown);
    await this.#endRun(job).catch((error: unknown) => context.log.write('error', 'the QEMU of a migration could not be ended', { domain: domain.name, error: asVireoError(error).message }));
    if (!this.#run && !domain.live && this.start) domain.transition({ state: 'shut off', reason: why.code === 'OPERATION_ABORTED' ? 'destroyed' : 'failed' }, null);
    await this.#takeBackDefinition().catch((error: unknown) => context.log.write('error', 'the definition of a guest that did not arrive could not be taken back', { domain: domain.name, error: asVireoError(error).message }));
    keepFailure(context, domain.uuid, why);
    this.progress.end({ error: why });
    job.conclude(why);
    context.registry.removeIfNothing(domain);
    await this.over();
    return why;
  }

  /** It has come to an end, one or the other: what was kept for it is given back. */
  async over(): Promise<void> {
    if (underWay.get(this.domain) === this) underWay.delete(this.domain);
    this.#unpark();
    await this.kept[Symbol.asyncDispose]();
    await this.diskServer?.[Symbol.asyncDispose]();
    await this.start?.resources[Symbol.asyncDispose]();
  }

  #unpark(): void {
    this.#parked?.left.abort();
    this.#parked = null;
  }

  /** Nobody came for it, or its QEMU is gone. */
  async #expire(job: IncomingJob, owner: string): Promise<void> {
    this.#unpark();
    if (this.start) this.start.job = job;
    // Neither host has the whole guest then: it is for whoever resumes the migration, or gives the guest up.
    if (await this.hasBegunPostcopy(job)) {
      await job.setPhase('postcopy_failed').catch(() => {}); // what is on disk means the same to the next driver
      return await this.park(job, owner, null);
    }
    await this.end(job, new VireoError('OPERATION_FAILED', `the connection of whoever migrates domain '${this.domain.name}' was closed`));
  }

  async #explain(thrown: unknown): Promise<VireoError> {
    const { context, domain } = this;
    const error = asVireoError(thrown).about(domain.identity);
    const run = this.start?.run;
    if (!run) return error;
    const { live, spawned, wordsFrom } = run;
    if (live.endReason === 'destroyed') return new VireoError('OPERATION_ABORTED', 'the domain was destroyed while its guest was on its way', { cause: error, domain: domain.identity });
    if (live.ended) return error; // a step of the start failed, and said why
    // The monitor's end is often seen before the process's.
    const isGone = spawned.ending() !== 'still running' || (live.died.aborted && !context.closing.aborted && (await settlesWithin(spawned.exited, context.clock, settlingMs)));
    if (!isGone) return error;
    const words = withoutOwnLines(await context.domainLog(domain.uuid).tail(shownWordsBytes, wordsFrom).catch(() => '')).trim();
    const inUse = await imageInUse(context.settings, live.definition, words);
    return inUse ?? new VireoError('INTERNAL_ERROR', `QEMU unexpectedly closed the monitor (vm='${domain.name}'): ${words || `it said nothing (${spawned.ending()})`}`, { cause: error, domain: domain.identity, details: { ending: spawned.ending(), stderr: words } });
  }

  async #endRun(job: IncomingJob): Promise<void> {
    const live = this.#run;
    if (!live) return;
    const reason = live.endReason ?? 'failed';
    // Nobody was told of a run that never began, but a destroy is told whatever it ended.
    await endRun(this.context, this.domain, live, job, reason === 'failed' && live.starting ? { reason, event: null } : endOf(reason));
  }

  async #takeBackDefinition(): Promise<void> {
    const { context, domain, persistentBefore: before } = this;
    if (before === undefined || domain.persistent === before) return;
    if (before === null) await context.forget(domain);
    else await context.persist(domain, before);
  }
}
