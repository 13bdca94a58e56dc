/** Finish, on the destination: the guest runs here, or nothing of it stays. */
import { VireoError, asVireoError, invariant } from '../../base/errors.ts';
import { sameDefinition } from '../../domain/same-definition.ts';
import { noChain } from '../../devices/disk/backing-chain.ts';
import { formatDomain } from '../../devices/domain-xml.ts';
import type { DomainDefinition } from '../../conf/domain-definition.ts';
import type { Call } from '../../job/call.ts';
import { startHook } from '../../process/call-hooks.ts';
import { keepMadeFiles, writeMadeFiles } from '../../process/made-images.ts';
import { runCpus, tellStarted } from '../../process/start-told.ts';
import type { StartState } from '../../process/start-state.ts';
import { formatCookie } from '../cookie/format-cookie.ts';
import { createCookie, type CookieFeature, type MigrationCookie } from '../cookie/migration-cookie.ts';
import { parseCookie } from '../cookie/parse-cookie.ts';
import type { MigrationContext } from '../migration-context.ts';
import type { FinishRequest, Finished } from '../migration-target.ts';
import { parseMigrationUri } from '../migration-uri.ts';
import { activateImages } from './activate-images.ts';
import { takeFailure } from './incoming-failures.ts';
import { type IncomingJob, type IncomingMigration, incomingOf } from './incoming-migration.ts';
import { removeIncomingRecord, writeIncomingRecord } from './incoming-record.ts';
import { type MigrationTimes, migrationTimes } from './migration-times.ts';
import { failPostcopy, fetchTheRest, finishResume } from './post-copy.ts';
import { stopReceiving, untilArrived } from './receive.ts';

const heeded: readonly CookieFeature[] = ['persistent', 'network', 'statistics', 'lockstate', 'capabilities'];

/** @throws why the guest is not here: the source may run it again then. */
export async function finishMigration(context: MigrationContext, call: Call, request: FinishRequest): Promise<Finished> {
  const receivedMs = context.clock.wallTime();
  const domain = context.registry.byUuid(request.uuid.toLowerCase());
  await (domain && incomingOf(domain)?.ending); // it ends by itself just now, and then there is a reason to be told
  const incoming = domain && incomingOf(domain);
  if (!incoming) return nothingToFinish(context, request);
  await using job = await incoming.adopt(call);
  if (request.cancelled) return await cancel(incoming, job);
  try {
    const cookie = parseCookie(request.cookie, { name: incoming.request.name, uuid: incoming.domain.uuid, hostUuid: context.hostUuid, heeds: heeded });
    if (incoming.options.offline) return await keepOffline(incoming, job, cookie);
    const finishing = new Finishing(incoming, job, request, cookie, receivedMs);
    return incoming.hasRun ? await finishing.goOn() : await finishing.run();
  } catch (thrown) {
    if (await incoming.hasBegunPostcopy(job)) throw await failPostcopy(incoming, job, thrown);
    if (!incoming.hasRun) throw await failed(incoming, job, thrown);
    // It runs here, and ends, if it has to, as any other guest does.
    const error = asVireoError(thrown).about(incoming.domain.identity);
    incoming.progress.end({ error });
    job.conclude(error);
    await incoming.over();
    throw error;
  }
}

async function failed(incoming: IncomingMigration, job: IncomingJob, thrown: unknown): Promise<VireoError> {
  const error = await incoming.end(job, thrown);
  takeFailure(incoming.context, incoming.domain.uuid); // it is told now
  return error;
}

/** It has ended by itself, or never was here. */
function nothingToFinish(context: MigrationContext, { uuid, name, cancelled }: FinishRequest): Finished {
  const failure = takeFailure(context, uuid.toLowerCase());
  if (failure) throw failure;
  if (cancelled) return { cookie: '', id: null };
  throw new VireoError('NO_DOMAIN', `no domain with matching uuid '${uuid}' (${name}) is on its way to this host`, { details: { uuid } });
}

/** @throws what went wrong here, where that is why the source gives up. */
async function cancel(incoming: IncomingMigration, job: IncomingJob): Promise<Finished> {
  const cancelled = new VireoError('OPERATION_ABORTED', 'the source called the migration off');
  if (await incoming.hasBegunPostcopy(job)) throw await failPostcopy(incoming, job, cancelled);
  const error = await failed(incoming, job, cancelled);
  if (error.code !== 'OPERATION_ABORTED') throw error;
  return { cookie: '', id: null };
}

async function keepOffline(incoming: IncomingMigration, job: IncomingJob, cookie: MigrationCookie | null): Promise<Finished> {
  const { context, domain } = incoming;
  await context.persist(domain, await definitionToKeep(incoming, cookie));
  incoming.progress.end({ outcome: 'completed' });
  job.conclude();
  await incoming.over();
  return { cookie: answer(incoming), id: null };
}

/** What the source wants kept, under the name that the domain has here. */
async function definitionToKeep({ context, domain, cookie: prepared, definition }: IncomingMigration, cookie: MigrationCookie | null): Promise<DomainDefinition> {
  const xml = cookie?.persistentXml ?? prepared?.persistentXml ?? null;
  return xml === null ? definition : { ...(await context.readDefinition(xml)), uuid: domain.uuid, name: domain.name };
}

/** A run knows more: the chains of its images, and the CPU that it has. That alone is no change that waits for the next boot. */
function beforeARun(definition: DomainDefinition, { cpu }: DomainDefinition): DomainDefinition {
  const devices = definition.devices.map((device) => (device.kind === 'disk' ? { ...device, chain: noChain } : device));
  return { ...definition, devices, cpu: cpu?.mode === 'host-model' ? cpu : definition.cpu && { ...definition.cpu, check: null } };
}

function answer({ context, domain, request }: IncomingMigration, contents: Partial<MigrationCookie> = {}): string {
  return formatCookie(createCookie({ name: request.name, uuid: domain.uuid, hostName: context.hostName, hostUuid: context.hostUuid }, contents));
}

/** The way from a QEMU that has been sent everything to a guest that runs. */
class Finishing {
  readonly #incoming: IncomingMigration;
  readonly #job: IncomingJob;
  readonly #request: FinishRequest;
  readonly #cookie: MigrationCookie | null;
  readonly #receivedMs: number;

  constructor(incoming: IncomingMigration, job: IncomingJob, request: FinishRequest, cookie: MigrationCookie | null, receivedMs: number) {
    this.#incoming = incoming;
    this.#job = job;
    this.#request = request;
    this.#cookie = cookie;
    this.#receivedMs = receivedMs;
  }

  /** @throws why it does not run; nobody has run it here then. */
  async run(): Promise<Finished> {
    const incoming = this.#incoming;
    const { context, progress } = incoming;
    const start = this.#start;
    const paused = incoming.options.paused || this.#request.options.paused;
    const isKept = incoming.options.persistDestination;
    const kept = isKept ? await definitionToKeep(incoming, this.#cookie) : null;
    start.options = { ...start.options, paused };
    await this.#record(paused, kept);
    await incoming.phase(this.#job, 'finish2');
    progress.stage('finishing');
    const came = await untilArrived(incoming, this.#job, { whole: false });
    await incoming.diskServer?.stop(this.#job);
    if (kept) await this.#keep(kept);
    await startHook(start, 'started'); // a script that refuses must be heard before the guest runs
    await incoming.phase(this.#job, 'finish3');
    const made = await keepMadeFiles(start.live.facts.runFolder);
    const running = runCpus(start).catch(async (error: unknown) => {
      // This run ends, and the source goes on with its own disks; not in post-copy, where both stay. A driver that closes leaves it to the next one.
      if (came !== 'post-copy' && !context.closing.aborted) await writeMadeFiles(start.live.facts.runFolder, made);
      throw error;
    });
    await start.live.during(running);
    if (paused) await this.#job.nest((monitor) => activateImages(monitor));
    const times = migrationTimes(this.#cookie?.statistics ?? null, this.#receivedMs, context.clock.wallTime());
    await context.atStep?.('migration-in', 'ran', incoming.domain);
    await this.#told(paused);
    if (came === 'post-copy') await fetchTheRest(incoming, this.#job);
    return await this.#conclude(times);
  }

  /** After a link that broke in post-copy. @throws where it breaks again; the guest waits as before then. */
  async goOn(): Promise<Finished> {
    await finishResume(this.#incoming, this.#job, this.#request.options.paused);
    return await this.#conclude(migrationTimes(null, 0, 0));
  }

  get #start(): StartState {
    const { start } = this.#incoming;
    invariant(start?.run, 'a guest on its way has a QEMU that waits for it');
    return start;
  }

  async #record(paused: boolean, kept: DomainDefinition | null): Promise<void> {
    const { request, cookie, options, domain, live } = this.#incoming;
    const xmlOf = (definition: DomainDefinition | null): string | null => definition && formatDomain(definition, { form: 'inactive', secure: true });
    const before = kept ? { xml: xmlOf(domain.persistent) } : null;
    const asked = options.uri === null ? null : parseMigrationUri(options.uri);
    await writeIncomingRecord(live, { sourceName: request.name, peer: cookie?.hostName ?? null, options, paused, persistentXml: xmlOf(kept), before, socket: asked?.type === 'unix' ? asked.path : null });
  }

  async #keep(definition: DomainDefinition): Promise<void> {
    const incoming = this.#incoming;
    incoming.persistentBefore = incoming.domain.persistent;
    await incoming.context.persist(incoming.domain, definition);
    this.#start.live.pendingChanges = !sameDefinition(beforeARun(definition, definition), beforeARun(incoming.definition, definition));
  }

  /** The guest runs, so nothing from here on may end it. */
  async #told(paused: boolean): Promise<void> {
    const { context, domain } = this.#incoming;
    const start = this.#start;
    await start.live.during(tellStarted(start)).catch((error: unknown) => {
      context.log.write('error', 'the state of a guest that arrived could not be saved', { domain: domain.name, error: asVireoError(error).message });
      start.events.release();
    });
    if (!paused && domain.state === 'running') domain.transition({ state: 'running', reason: 'migrated' }, { event: 'resumed', detail: 'migrated' });
  }

  async #conclude({ totalMs, downtimeMs, deltaMs }: MigrationTimes): Promise<Finished> {
    const incoming = this.#incoming;
    const { context, domain, progress } = incoming;
    await stopReceiving(incoming, this.#job).catch((error: unknown) => context.log.write('warning', 'what a guest was received with could not be cleared away', { domain: domain.name, error: asVireoError(error).message }));
    await removeIncomingRecord(incoming.live);
    const statistics = this.#cookie?.statistics ?? null;
    const report = { ...statistics?.report, downtimeMs, downtimeNetMs: downtimeMs, elapsedNetMs: totalMs };
    const { id } = incoming.live.facts;
    if (statistics) this.#job.report(report);
    this.#job.conclude();
    progress.report(report);
    progress.end({ outcome: 'completed', totalMs, downtimeMs });
    await incoming.over();
    const contents = statistics ? { statistics: { ...statistics, sentMs: context.clock.wallTime(), deltaMs, elapsedMs: totalMs ?? statistics.elapsedMs, report } } : {};
    context.log.write('info', 'a guest has arrived', { domain: domain.name, from: incoming.cookie?.hostName ?? null, totalMs, downtimeMs });
    return { cookie: answer(incoming, contents), id };
  }
}
