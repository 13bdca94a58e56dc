/** The displays of a definition, as those who look at them want to know them. */
import type { DomainDefinition } from '../conf/domain-definition.ts';
import { devicesOf } from '../conf/device-definition.ts';
import { type DisplaySettings, passwordOf, plainDisplaySettings, vncCertificates } from '../devices/graphics/display-access.ts';
import { type Graphics, type GraphicsOf, listenOf, localAddress } from '../devices/graphics/graphics-definition.ts';
import type { DisplayDevice, DisplayPlace } from './display-types.ts';

/**
 * All of them, those too that nobody can look at from here: people should read why.
 * @param settings what the host asks of every display, for whoever wants to connect.
 */
export function displayDevices(definition: DomainDefinition, settings: DisplaySettings = plainDisplaySettings): readonly DisplayDevice[] {
  const pointer = devicesOf(definition.devices, 'input').some(({ type }) => type === 'tablet') ? 'absolute' : 'relative';
  return devicesOf(definition.devices, 'graphics').map(({ backend }, index) => ({ index, type: backend.type, pointer, ...(backend.type === 'vnc' ? vncDisplay(backend, settings) : otherDisplay(backend)) }));
}

type Reached = Pick<DisplayDevice, 'place' | 'where' | 'unavailable' | 'password' | 'certificates'>;

function vncDisplay(vnc: GraphicsOf<'vnc'>, settings: DisplaySettings): Reached {
  const access = { password: passwordOf(vnc, settings), certificates: vncCertificates(vnc, settings)?.folder ?? null };
  const listen = listenOf(vnc);
  if (listen?.type === 'socket') {
    const place: DisplayPlace | null = listen.socket === null ? null : { type: 'unix', path: listen.socket };
    return { place, where: 'private socket', unavailable: null, ...access };
  }
  if (listen?.type !== 'address' && listen?.type !== 'network') return { place: null, where: '', unavailable: 'it was told to listen nowhere', ...access };
  const host = listen.address || localAddress;
  const port = vnc.port ?? -1;
  return { place: port > 0 ? { type: 'tcp', host: reachable(host), port } : null, where: port > 0 ? `${host.includes(':') ? `[${host}]` : host}:${port}` : `${host}, any port`, unavailable: null, ...access };
}

/** Whoever listens on all addresses is reached on this computer's own. */
function reachable(host: string): string {
  if (host === '0.0.0.0') return localAddress;
  return host === '::' ? '::1' : host;
}

function otherDisplay(backend: Exclude<Graphics['backend'], GraphicsOf<'vnc'>>): Reached {
  const where = listenOf(backend)?.type === 'socket' ? 'private socket' : '';
  return { place: null, where, unavailable: `it is a display of type '${backend.type}'; Vireo shows those of type 'vnc'`, password: null, certificates: null };
}
