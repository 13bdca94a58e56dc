/** Prepare, on the destination: a QEMU that waits for the guest, with everything that it will need (I1). */
import path from 'node:path';
import { VireoError } from '../../base/errors.ts';
import type { Call } from '../../job/call.ts';
import { leaseSourceOf } from '../../lock/lease-hand-over.ts';
import { addMadeFile } from '../../process/made-images.ts';
import { makeReady } from '../../process/start-domain.ts';
import { StartState } from '../../process/start-state.ts';
import { announceStart } from '../../process/starts-under-way.ts';
import { formatCookie } from '../cookie/format-cookie.ts';
import { createCookie, type CookieFeature, type MigrationCookie } from '../cookie/migration-cookie.ts';
import { parseCookie } from '../cookie/parse-cookie.ts';
import type { MigrationContext } from '../migration-context.ts';
import type { MigrationTunnel, PrepareRequest, Prepared } from '../migration-target.ts';
import { parseMigrationUri } from '../migration-uri.ts';
import { checkMigrationOptions } from '../qemu/option-rules.ts';
import { requireCertificates } from '../qemu/tls-credentials.ts';
import { createImages } from '../storage/create-images.ts';
import { type Arriving, arrivingDefinition, domainFor, refuseActive } from './arriving-definition.ts';
import { takeFailure } from './incoming-failures.ts';
import { type IncomingJob, IncomingMigration } from './incoming-migration.ts';
import { writeIncomingRecord } from './incoming-record.ts';
import { prepareResume } from './post-copy.ts';
import { receive } from './receive.ts';
import { openTunnel } from './tunnel.ts';

/** What Begin's cookie may demand to be heeded. */
const heeded: readonly CookieFeature[] = ['lockstate', 'persistent', 'nbd', 'memory-hotplug', 'cpu-hotplug', 'cpu', 'allowReboot', 'capabilities'];

/** What is prepared goes when `call.clientGone` aborts before Finish has come. @throws why there is nothing prepared. */
export async function prepareMigration(context: MigrationContext, call: Call, request: PrepareRequest): Promise<Prepared> {
  if (request.options.tunnelled) throw new VireoError('INVALID_ARG', 'a tunnelled migration is prepared with its tunnel');
  const { cookie, uri } = await prepare(context, call, request);
  return { cookie, uri };
}

export async function prepareTunnel(context: MigrationContext, call: Call, request: PrepareRequest): Promise<Prepared & { readonly tunnel: MigrationTunnel }> {
  if (!request.options.tunnelled) throw new VireoError('INVALID_ARG', 'a migration with a tunnel is a tunnelled one');
  const { tunnel, ...prepared } = await prepare(context, call, request);
  if (!tunnel) throw new VireoError('INTERNAL_ERROR', 'a tunnelled migration has its tunnel');
  return { ...prepared, tunnel };
}

type PreparedAs = Prepared & { readonly tunnel: MigrationTunnel | null };

async function prepare(context: MigrationContext, call: Call, request: PrepareRequest): Promise<PreparedAs> {
  const { options, uuid, name } = request;
  checkMigrationOptions(options);
  const cookie = parseCookie(request.cookie, { name, uuid, hostUuid: context.hostUuid, heeds: heeded });
  if (options.uri !== null) parseMigrationUri(options.uri);
  if (options.postcopyResume) return { uri: await prepareResume(context, call, request), tunnel: null, cookie: answer(context, uuid, request, {}) };
  if (options.tls && !options.offline) await requireCertificates(context.settings, 'destination');
  const arriving = await arrivingDefinition(context, call, request);
  call.signal.throwIfAborted();
  const domain = domainFor(context, arriving.definition);
  let job: IncomingJob;
  try {
    job = await domain.jobs.beginAsync(call, 'migration-in');
  } catch (error) {
    context.registry.removeIfNothing(domain);
    throw error;
  }
  takeFailure(context, domain.uuid); // of a migration before this one
  try {
    refuseActive(domain);
  } catch (error) {
    await job[Symbol.asyncDispose]();
    throw error;
  }
  const incoming = new IncomingMigration({ context, domain, request, cookie, definition: arriving.definition });
  try {
    const prepared = options.offline ? { uri: '', contents: {}, tunnel: null } : await makeIncoming(incoming, call, job, arriving);
    await incoming.park(job, call.client, call.clientGone);
    return { uri: prepared.uri, tunnel: prepared.tunnel, cookie: answer(context, uuid, request, prepared.contents) };
  } catch (thrown) {
    const error = await incoming.end(job, thrown);
    takeFailure(context, domain.uuid); // it is told now
    await job[Symbol.asyncDispose]();
    throw error;
  }
}

interface MadeIncoming {
  readonly uri: string;
  readonly contents: Partial<MigrationCookie>;
  readonly tunnel: MigrationTunnel | null;
}

/** @throws why it cannot be; what was made so far is the caller's to end. */
async function makeIncoming(incoming: IncomingMigration, call: Call, job: IncomingJob, { definition, taints }: Arriving): Promise<MadeIncoming> {
  const { context, domain, options, cookie } = incoming;
  using underway = announceStart(domain);
  await incoming.phase(job, 'prepare');
  const signal = AbortSignal.any([call.signal, underway.calledOff, context.closing]);
  const images = await createImages(context, { definition, nbd: cookie?.nbd ?? null, options, runFolder: context.runFolder(domain.uuid), signal });
  const start = new StartState(context, call, domain, job, images.definition, {
    definition: images.definition,
    paused: options.paused,
    taints,
    incoming: { from: 'migration', wasRunning: true, descriptors: [], load: null, leasesFrom: cookie ? leaseSourceOf(cookie) : null },
  }, underway.calledOff);
  incoming.start = start;
  await makeReady(start);
  const { live } = start;
  domain.transition({ state: 'paused', reason: 'migrating' }, null);
  const socket = options.uri === null ? null : parseMigrationUri(options.uri);
  await writeIncomingRecord(live, { sourceName: incoming.request.name, peer: cookie?.hostName ?? null, options, paused: options.paused, persistentXml: null, before: null, socket: socket?.type === 'unix' ? socket.path : null });
  if (socket?.type === 'unix') await addMadeFile(live.facts.runFolder, { file: socket.path, kind: 'socket', identity: null });
  const tunnelPath = options.tunnelled ? path.join(live.facts.runFolder, 'tunnel') : null;
  const { uri, contents } = await receive(incoming, job, tunnelPath);
  return { uri, contents, tunnel: tunnelPath === null ? null : await openTunnel(tunnelPath) };
}

/** Under the name that the domain has on the source (I11). */
function answer(context: MigrationContext, uuid: string, { name }: PrepareRequest, contents: Partial<MigrationCookie>): string {
  return formatCookie(createCookie({ name, uuid, hostName: context.hostName, hostUuid: context.hostUuid }, contents));
}
