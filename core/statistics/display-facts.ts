/** A domain's displays: where each listens, what protects it, and who looks at it now. */
import type { Call } from '../job/call.ts';
import { devicesOf } from '../conf/device-definition.ts';
import { type Encryption, displayUri, encryptionOf, expiryOf, passwordOf, reachOf, warningOf } from '../devices/graphics/display-access.ts';
import { type GraphicsBackend, listenOf, tcpAddress } from '../devices/graphics/graphics-definition.ts';
import type { Domain } from '../domain/domain.ts';
import type { ReadMonitor } from '../job/domain-run.ts';
import { startDeadline } from '../monitor/deadline.ts';
import type { ProcessContext } from '../process/process-context.ts';
import { queryDomain } from './query-domain.ts';
import { VireoError } from '../base/errors.ts';

export type DisplayListen =
  | { readonly on: 'socket'; readonly path: string | null }
  | { readonly on: 'tcp'; readonly address: string; readonly port: number | null; readonly tlsPort: number | null; readonly websocketPort: number | null }
  | { readonly on: 'nothing' };

export interface DisplayClient {
  readonly host: string | null;
  readonly service: string | null;
  readonly websocket: boolean;
  readonly certificate: string | null;
  readonly user: string | null;
}

export interface DisplayFacts {
  readonly type: GraphicsBackend['type'];
  readonly listen: DisplayListen;
  readonly password: 'none' | 'set' | 'empty' | 'expired';
  readonly passwordValidTo: string | null;
  readonly encryption: Encryption;
  readonly reach: 'private' | 'computer' | 'network';
  readonly warning: string | null;
  readonly uri: string | null;
  readonly clients: DisplayClient[] | null;
}

export interface DisplaysRequest {
  /** Passwords stand in the URIs. */
  readonly secure: boolean;
  /** Asks QEMU who is connected. */
  readonly clients: boolean;
}

/** Who asks sees a window; QEMU has this long. */
const clientsMs = 2_000;

/** Never fails because of QEMU: where it cannot be asked, `clients` is null. */
export async function displaysOf(context: ProcessContext, call: Call, domain: Domain, request: DisplaysRequest): Promise<{ running: boolean; displays: DisplayFacts[] }> {
  const live = domain.live;
  const { devices } = live?.definition ?? domain.definition;
  const backends = devicesOf(devices, 'graphics').map(({ backend }) => backend);
  const answers = live && request.clients && backends.some(({ type }) => type === 'vnc' || type === 'spice') ? await askQemu(context, call, domain, backends) : null;
  const displays = backends.map((backend): DisplayFacts => {
    const answer = answers?.get(backend.type) ?? null;
    // The settings may be other ones than those the run began with; QEMU knows what it does.
    const settings = answer?.encrypted === undefined ? context.settings : { ...context.settings, vncTls: answer.encrypted };
    const password = passwordOf(backend, settings);
    const expiry = expiryOf(backend);
    return {
      type: backend.type,
      listen: placeOf(backend),
      password: password === null ? 'none' : password === '' ? 'empty' : expiry !== null && expiry * 1000 <= context.clock.wallTime() ? 'expired' : 'set',
      passwordValidTo: backend.type === 'vnc' || backend.type === 'spice' ? backend.passwordValidTo : null,
      encryption: encryptionOf(backend, settings),
      reach: reachOf(backend),
      warning: warningOf(backend, settings),
      uri: live ? displayUri(backend, request.secure ? password : null) : null,
      clients: answer?.clients ?? null,
    };
  });
  return { running: live !== null, displays };
}

function placeOf(backend: GraphicsBackend): DisplayListen {
  const listen = listenOf(backend);
  if (listen?.type === 'socket') return { on: 'socket', path: listen.socket };
  const address = tcpAddress(backend);
  if (address === null || (backend.type !== 'vnc' && backend.type !== 'spice' && backend.type !== 'rdp')) return { on: 'nothing' };
  const known = (port: number | null): number | null => (port !== null && port > 0 ? port : null);
  return { on: 'tcp', address, port: known(backend.port), tlsPort: backend.type === 'spice' ? known(backend.tlsPort) : null, websocketPort: backend.type === 'vnc' ? known(backend.websocket) : null };
}

interface Answer {
  readonly clients: DisplayClient[];
  /** Of VNC; spice tells nothing that the definition does not. */
  readonly encrypted?: boolean;
}

async function askQemu(context: ProcessContext, call: Call, domain: Domain, backends: readonly GraphicsBackend[]): Promise<ReadonlyMap<GraphicsBackend['type'], Answer> | null> {
  using deadline = startDeadline(context.clock, clientsMs, call.signal, () => new VireoError('OPERATION_TIMEOUT', `QEMU does not say within ${clientsMs / 1000} s who looks at its displays`, { domain: domain.identity }));
  try {
    return await queryDomain(call, domain, { clock: context.clock, signal: deadline.signal, nowait: true }, async (monitor) => {
      const found = new Map<GraphicsBackend['type'], Answer>();
      for (const { type } of backends) {
        if (type === 'vnc') found.set(type, await askVnc(monitor, deadline.signal));
        if (type === 'spice') found.set(type, await askSpice(monitor, deadline.signal));
      }
      return found;
    });
  } catch (error) {
    if (call.signal.aborted) throw error;
    return null;
  }
}

async function askVnc(monitor: ReadMonitor, signal: AbortSignal): Promise<Answer> {
  const servers = await monitor.query('query-vnc-servers', {}, { signal });
  const clients = servers.flatMap((server) => server.clients).map(({ host, service, family, websocket, x509_dname: certificate, sasl_username: user }) => ({
    ...(family === 'unix' ? { host: null, service: null } : { host, service }), websocket, certificate: certificate ?? null, user: user ?? null,
  }));
  return { clients, encrypted: servers.some(({ auth }) => auth === 'vencrypt') };
}

/** SPICE_CHANNEL_MAIN. */
const mainChannel = 1;

/** A client of spice has a connection for each channel; it is counted by its first, the main one. */
async function askSpice(monitor: ReadMonitor, signal: AbortSignal): Promise<Answer> {
  const { channels = [] } = await monitor.query('query-spice', {}, { signal });
  const main = channels.filter((channel) => channel['channel-type'] === mainChannel);
  return { clients: main.map(({ host, port, family }) => ({ ...(family === 'unix' ? { host: null, service: null } : { host, service: port }), websocket: false, certificate: null, user: null })) };
}
