/** The QEMU that waits: told what both sides agree on, its disks' server, and where to listen for the memory; and when all of it has come. */
import { VireoError } from '../../base/errors.ts';
import { devicesOf } from '../../conf/device-definition.ts';
import { listenOf } from '../../devices/graphics/graphics-definition.ts';
import type { DomainDefinition } from '../../conf/domain-definition.ts';
import type { Domain } from '../../domain/domain.ts';
import type { LiveDomain } from '../../domain/live-domain.ts';
import type { CookieGraphics, MigrationCookie } from '../cookie/migration-cookie.ts';
import type { MigrationContext } from '../migration-context.ts';
import { applySetup, readSettings, restoreSettings } from '../qemu/apply-setup.ts';
import { migrationSetup } from '../qemu/migration-setup.ts';
import { isPostcopy, lookAtMigration } from '../qemu/migration-status.ts';
import { MigrationWatch } from '../qemu/migration-watch.ts';
import { addTlsCredentials, migrationTlsId, removeTlsCredentials, tlsParameters } from '../qemu/tls-credentials.ts';
import { DiskServer } from '../storage/receive-disks.ts';
import type { IncomingJob, IncomingMigration } from './incoming-migration.ts';
import { listenAddressFor, listenFor } from './listen.ts';

export interface Receiving {
  readonly uri: string;
  /** For Prepare's cookie. */
  readonly contents: Partial<MigrationCookie>;
}

/** @param socket where QEMU listens for the tunnel instead. @throws in QEMU's words; the run is the caller's to end. */
export async function receive(incoming: IncomingMigration, job: IncomingJob, socket: string | null): Promise<Receiving> {
  const { context, options, cookie, live } = incoming;
  incoming.settingsBefore = (await job.nest(async (monitor) => {
    const known = await readSettings(monitor);
    await applySetup(monitor, migrationSetup(options, 'destination'), known, 'destination');
    if (options.tls) {
      await addTlsCredentials(monitor, context.settings, 'destination');
      await monitor.execute('migrate-set-parameters', tlsParameters('destination', null));
    }
    return known;
  })).value;
  // Before the memory is waited for: the source looks for it as soon as it may.
  incoming.diskServer = await DiskServer.start({ live, job, log: context.log, ports: context.ports, options, nbd: cookie?.nbd ?? null, listenAddress: listenAddressFor(options), tlsCredentials: options.tls ? migrationTlsId : null });
  const tell = async (uri: string): Promise<void> => void (await job.nest((monitor) => monitor.execute('migrate-incoming', { uri })));
  let uri = '';
  if (socket === null) uri = incoming.kept.use(await listenFor(context, options, tell)).uri;
  else await tell(`unix:${socket}`);
  const capabilities = Object.keys(incoming.settingsBefore.capabilities).map((name) => ({ name, automatic: name === 'return-path' || name === 'pause-before-switchover' }));
  const { diskServer } = incoming;
  return { uri, contents: { capabilities, graphics: graphicsOf(live.definition), ...(diskServer ? { nbd: { port: diskServer.port, disks: [] } } : {}) } };
}

/** Where clients of the screen find it here; only spice follows a guest. */
function graphicsOf(definition: DomainDefinition): CookieGraphics | null {
  for (const { backend } of devicesOf(definition.devices, 'graphics')) {
    if (backend.type !== 'spice') continue;
    const listen = listenOf(backend);
    const address = listen?.type === 'address' || listen?.type === 'network' ? (listen.address ?? '127.0.0.1') : null;
    if (address === null) continue;
    return { type: 'spice', port: backend.port ?? -1, tlsPort: backend.tlsPort ?? -1, listen: address, tlsSubject: null };
  }
  return null;
}

export interface ArrivalScene {
  readonly context: Pick<MigrationContext, 'clock' | 'closing' | 'log'>;
  readonly domain: Domain;
  readonly live: LiveDomain;
}

/** QEMU tells of each change; this is for what no event tells, and for a tunnel that is still being emptied. */
const lookAgainMs = 250;
/** The source says that all is sent before Finish is called: what is under way by then arrives in a moment. */
const arrivalMs = 90_000;

/**
 * Until all of the guest is here, or, in post-copy, enough to run.
 * @throws OPERATION_FAILED in QEMU's words, OPERATION_TIMEOUT, and why the run ended.
 */
export async function untilArrived({ context, domain, live }: ArrivalScene, job: IncomingJob, options: { readonly whole: boolean }): Promise<'whole' | 'post-copy'> {
  const { clock, closing } = context;
  using watch = new MigrationWatch(live, () => clock.wallTime());
  const over = AbortSignal.any([live.died, closing]);
  const untilMs = clock.now() + arrivalMs;
  for (;;) {
    over.throwIfAborted();
    using change = watch.nextChange();
    const { value: look } = await job.nest((monitor) => lookAtMigration(monitor));
    if (look.status === 'completed') return 'whole';
    if (look.status === 'failed' || look.status === 'cancelled' || look.status === 'postcopy-paused') throw new VireoError('OPERATION_FAILED', `migration of domain '${domain.name}' failed here: ${look.error ?? (look.status === 'postcopy-paused' ? 'the connection to the source was lost in post-copy' : 'QEMU does not say why')}`, { domain: domain.identity, details: { status: look.status } });
    if (isPostcopy(look.status) && !options.whole) return 'post-copy';
    if (!isPostcopy(look.status) && clock.now() >= untilMs) throw new VireoError('OPERATION_TIMEOUT', `domain '${domain.name}' has not arrived: its QEMU still waits for what the source was to send (${look.status})`, { domain: domain.identity });
    await clock.sleep(lookAgainMs, AbortSignal.any([over, change.signal]));
  }
}

/** The guest is here: nothing listens for it any more, and the next migration of this QEMU finds it as if none had been. */
export async function stopReceiving(incoming: IncomingMigration, job: IncomingJob): Promise<void> {
  const { context, domain, settingsBefore, options } = incoming;
  if (settingsBefore) {
    const { value: problem } = await job.nest(async (monitor) => {
      const restored = await restoreSettings(monitor, settingsBefore);
      if (options.tls) await removeTlsCredentials(monitor);
      return restored;
    });
    if (problem) context.log.write('warning', 'the migration settings of a guest that arrived could not be restored', { domain: domain.name, error: problem.message });
  }
}
