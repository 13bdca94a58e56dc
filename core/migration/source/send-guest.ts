/**
 * The work of Perform: QEMU is set up, disks are copied and kept in step, memory goes over in passes, and at the switch-over
 * the guest stands still while the rest is sent. Whatever throws here leaves the undoing to its caller (give-up.ts).
 */
import { VireoError } from '../../base/errors.ts';
import { abortable } from '../../base/lifetime.ts';
import type { Domain } from '../../domain/domain.ts';
import type { LiveDomain } from '../../domain/live-domain.ts';
import type { Call } from '../../job/call.ts';
import type { AsyncJob } from '../../job/handles.ts';
import { stopCpus } from '../../process/cpus.ts';
import type { MigrationCookie } from '../cookie/migration-cookie.ts';
import type { MigrationContext } from '../migration-context.ts';
import type { MigrationProgress } from '../progress/migration-progress.ts';
import { applySetup, readSettings } from '../qemu/apply-setup.ts';
import { migrationSetup, withThrottleAtHand } from '../qemu/migration-setup.ts';
import { type MigrationLook, isPostcopy, lookAtMigration } from '../qemu/migration-status.ts';
import { MigrationWatch } from '../qemu/migration-watch.ts';
import { addTlsCredentials, migrationTlsId, noTlsParameters, tlsParameters } from '../qemu/tls-credentials.ts';
import { bandwidthBytes } from '../qemu/bandwidth.ts';
import { StorageCopy } from '../storage/copy-disks.ts';
import { planCopies } from '../storage/copy-plan.ts';
import { serverAddress } from '../storage/nbd-address.ts';
import { hostOf, qemuUri } from './qemu-uri.ts';
import { relocateGraphics } from './relocate-graphics.ts';
import type { Outgoing } from './outgoing.ts';
import { writeOutgoingRecord } from './outgoing-record.ts';
import { enterPostcopy } from './postcopy.ts';
import { TunnelPump } from './tunnel-pump.ts';
import type { PerformRequest } from './perform.ts';

export interface SendScene {
  readonly context: MigrationContext;
  readonly call: Call;
  readonly domain: Domain;
  readonly live: LiveDomain;
  readonly job: AsyncJob<'migration-out'>;
  readonly state: Outgoing;
  readonly request: PerformRequest;
  /** Of Prepare. */
  readonly cookie: MigrationCookie | null;
  readonly progress: MigrationProgress | null;
}

/** Twice what people are promised, as QEMU's answers may wait for others. */
const lookEveryMs = 250;

/** A destination loads the state of the devices in far less; one that hangs would keep the guest from running for ever. */
const standstillMs = 60_000;

/** What abort is refused with once the guest is being handed over. */
const committed = { refused: 'cannot abort migration: the guest is being handed over to the destination' } as const;

export class SendGuest {
  readonly #scene: SendScene;
  readonly #watch: MigrationWatch;
  readonly #copy: StorageCopy;
  #pump: TunnelPump | null = null;
  /** Everything that ends it: who asked, who is gone, what failed. */
  readonly #over: AbortSignal;
  #isCommitted = false;
  /** When the destination last took something of what it needs to run the guest. */
  #lastMoved: { readonly atMs: number; readonly bytes: number } | null = null;

  constructor(scene: SendScene) {
    this.#scene = scene;
    const { live, context: { clock, log }, job, state, progress, request } = scene;
    this.#copy = new StorageCopy({ clock, log, live, job, progress }, planCopies(live.definition, request.options));
    const gone = [request.connection, scene.call.clientGone, request.tunnel?.closed].filter((signal) => signal !== undefined && signal !== null);
    this.#over = AbortSignal.any([job.abortRequested, scene.call.signal, this.#copy.failed, live.died, ...gone]);
    this.#watch = new MigrationWatch(live, () => clock.wallTime(), [this.#over]);
    state.watch?.[Symbol.dispose]();
    state.watch = this.#watch;
    state.copy = this.#copy;
  }

  /** Resolves when the guest stands still and all of it is at the destination, or post-copy has begun. @throws why neither is so. */
  async run(): Promise<void> {
    using copy = this.#copy;
    try {
      await this.#setUp();
      await this.#copyDisks();
      await this.#sendMemory();
    } catch (error) {
      await copy.cancel();
      throw error;
    } finally {
      this.#scene.state.copy = null;
      await this.#pump?.[Symbol.asyncDispose]();
    }
  }

  /** In the words of people: a signal's own reason may be of another floor. Once the guest is handed over nobody's wish counts any more. */
  #throwIfOver(): void {
    const { job, call, request, live } = this.#scene;
    live.died.throwIfAborted();
    this.#copy.failed.throwIfAborted();
    const isAborted = job.abortRequested.aborted || call.signal.aborted;
    if (isAborted && !this.#isCommitted) throw job.abortRequested.aborted ? job.abortRequested.reason : new VireoError('OPERATION_ABORTED', 'migration out job: canceled by client');
    // Nobody will tell the destination to run it, so that it is ours.
    const isTunnelLost = request.tunnel?.closed.aborted === true && this.#pump?.hasAll !== true;
    if (request.connection?.aborted || isTunnelLost || call.clientGone?.aborted) throw new VireoError('OPERATION_FAILED', 'Lost connection to destination host');
    if (this.#isCommitted) return;
    if (request.options.abortOnError && this.#watch.diskError !== null) throw new VireoError('OPERATION_FAILED', "job 'migration out' failed due to I/O error", { details: { node: this.#watch.diskError } });
  }

  async #setUp(): Promise<void> {
    const { context, domain, live, job, state, request: { options }, cookie, progress } = this.#scene;
    const bandwidthMiBps = options.bandwidthMiBps ?? live.migrationBandwidthMiBps;
    state.wasRunning = domain.state === 'running';
    const { value: before } = await job.nest((monitor) => readSettings(monitor));
    state.before = before;
    const setup = withThrottleAtHand(migrationSetup(options, 'source', { bandwidthMiBps, maxDowntimeMs: options.maxDowntimeMs }), options, before);
    refuseWhatTheyLack(cookie, setup.capabilities);
    await writeOutgoingRecord(live, { options, peer: progress?.view().peer ?? null, wasRunning: state.wasRunning, before });
    await job.nest(async (monitor) => {
      if (options.tls) await addTlsCredentials(monitor, context.settings, 'source');
      await applySetup(monitor, { ...setup, parameters: { ...setup.parameters, ...(options.tls ? tlsParameters('source', options.tlsDestination) : noTlsParameters) } }, before, 'source');
    });
    const downtime = options.maxDowntimeMs ?? before.parameters['downtime-limit'];
    progress?.settings({ bandwidthMiBps, maxDowntimeMs: typeof downtime === 'number' ? downtime : null, slowed: options.autoConverge });
    progress?.refuse({ postcopy: options.postcopy ? null : 'The migration was begun without post-copy' });
    state.movesClients = await relocateGraphics(job, live, cookie, hostOf(this.#scene.request.uri));
  }

  async #copyDisks(): Promise<void> {
    const { live, request: { options, uri }, cookie, progress } = this.#scene;
    const { disks } = planCopies(live.definition, options);
    if (disks.length === 0) return;
    progress?.stage('disks');
    const bandwidthMiBps = options.bandwidthMiBps ?? live.migrationBandwidthMiBps;
    const tls = options.tls ? { credentials: migrationTlsId, hostName: options.tlsDestination } : null;
    const address = serverAddress(options, cookie?.nbd ?? null, hostOf(uri) ?? '127.0.0.1');
    try {
      await this.#copy.start({ address, bandwidthBytesPerSecond: bandwidthMiBps === 0 ? 0 : bandwidthBytes(bandwidthMiBps), tls }, this.#over);
      await this.#copy.untilReady(this.#over);
    } catch (error) {
      this.#throwIfOver();
      throw error;
    }
  }

  async #sendMemory(): Promise<void> {
    const { domain, live, job, state, request, progress, context } = this.#scene;
    const { options } = request;
    this.#throwIfOver();
    if (!options.live && domain.state === 'running') await job.nest((monitor) => stopCpus(monitor, domain, live, 'migrating'));
    else live.pauseReason = 'migrating'; // QEMU stops them by itself at the switch-over
    await context.domainLog(domain.uuid).line('initiating migration', context.clock.wallTime()).catch(() => {});
    progress?.stage('memory');
    this.#pump = request.tunnel ? await TunnelPump.listen(live, request.tunnel, context.clock) : null;
    const uri = this.#pump?.uri ?? qemuUri(request.uri);
    await job.nest((monitor) => monitor.execute('migrate', { uri }));
    for (;;) {
      if (this.#watch.status === 'pre-switchover' && !this.#isCommitted) await this.#switchOver();
      const { changeCount } = this.#watch;
      const look = await this.#look();
      if (look.status === 'completed') break;
      if (isPostcopy(look.status)) return await enterPostcopy(this.#scene.context, domain, job, state);
      this.#refuseEnd(look);
      this.#throwIfOver();
      this.#refuseStandstill(look);
      using change = this.#watch.nextChange(changeCount); // what came while QEMU was asked counts
      await context.clock.sleep(lookEveryMs, change.signal);
    }
    if (this.#pump) await abortable(this.#pump.sent(), AbortSignal.any([live.died, request.connection ?? live.died]));
  }

  async #look(): Promise<MigrationLook> {
    const { job, progress } = this.#scene;
    const { value: look } = await job.nest((monitor) => lookAtMigration(monitor));
    job.report(look.report);
    progress?.report(look.report);
    const verdict = progress?.view().verdict;
    if (verdict && 'remainingMs' in verdict) job.report({ remainingMs: verdict.remainingMs });
    if (!this.#isCommitted) await this.#copy.look();
    return look;
  }

  #refuseEnd({ status, error }: MigrationLook): void {
    if (status === 'failed') {
      this.#throwIfOver(); // why it failed is rather why we know it had to
      throw new VireoError('OPERATION_FAILED', error === null ? "job 'migration out' unexpectedly failed" : `job 'migration out' failed: ${error}`, { details: { qemuText: error } });
    }
    if (status === 'cancelled') {
      this.#throwIfOver();
      throw new VireoError('OPERATION_ABORTED', 'migration out job: canceled by client');
    }
    if (status === 'none') throw new VireoError('OPERATION_FAILED', "job 'migration out' is not active");
  }

  /** A guest that stands still for a destination that takes nothing more of it belongs here: who hangs there, hangs. */
  #refuseStandstill({ report }: MigrationLook): void {
    if (!this.#isCommitted) return;
    const nowMs = this.#scene.context.clock.now();
    const bytes = report.memory?.processedBytes ?? 0;
    if (!this.#lastMoved || this.#lastMoved.bytes !== bytes) this.#lastMoved = { atMs: nowMs, bytes };
    if (nowMs - this.#lastMoved.atMs > standstillMs) throw new VireoError('OPERATION_FAILED', `the destination has taken nothing of the guest for ${standstillMs / 1000} s`);
  }

  /** The guest stands still: the last moment to give up; then the disks end and QEMU sends the rest. */
  async #switchOver(): Promise<void> {
    const { job, progress, live } = this.#scene;
    this.#throwIfOver();
    job.setAbortPolicy(committed);
    this.#isCommitted = true;
    progress?.stage('switching over');
    await this.#copy.complete(live.died);
    await job.nest((monitor) => monitor.execute('migrate-continue', { state: 'pre-switchover' }));
  }
}

/** Both have to be able to do it: said before anything moves. */
function refuseWhatTheyLack(cookie: MigrationCookie | null, wanted: ReadonlyMap<string, boolean>): void {
  const known = cookie?.capabilities ?? null;
  if (!known || known.length === 0) return;
  for (const option of ['xbzrle', 'compress', 'multifd', 'postcopy-ram', 'return-path']) {
    if (wanted.get(option) === true && !known.some(({ name }) => name === option)) throw new VireoError('OPERATION_UNSUPPORTED', `Migration option '${option}' is not supported by destination QEMU`, { details: { option } });
  }
}
