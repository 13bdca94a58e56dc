/** What a display does that nobody said: above all where it listens. */
import type { Graphics, GraphicsOf, Listen } from './graphics-definition.ts';
import { localAddress } from './graphics-definition.ts';

/** Where nothing is said, nobody but this user reaches the display: a socket in the run's private folder. */
export function completeGraphics(graphics: Graphics): Graphics {
  switch (graphics.backend.type) {
    case 'vnc':
      return { ...graphics, backend: completeVnc(graphics.backend) };
    case 'spice':
      return { ...graphics, backend: completeSpice(graphics.backend) };
    case 'sdl':
    case 'egl-headless':
    case 'dbus':
    case 'rdp':
    case 'desktop':
      return graphics;
  }
}

function completeVnc(vnc: GraphicsOf<'vnc'>): GraphicsOf<'vnc'> {
  const [first] = vnc.listens;
  const asksForTcp = Boolean(vnc.listenAddress) || isPort(vnc.port) || vnc.websocket !== null;
  const listen = first === undefined ? impliedListen(asksForTcp || vnc.autoport === false, vnc.socket) : vnc.socket !== null && isTcp(first) ? { type: 'socket' as const, socket: vnc.socket } : first;
  const listens = withFirst(vnc.listens, named(listen, vnc.listenAddress, vnc.socket));
  const [place] = listens;
  if (!place || !isTcp(place)) return { ...vnc, socket: place?.type === 'socket' && place.socket !== null ? (vnc.socket ?? place.socket) : null, port: null, autoport: null, websocket: null, listenAddress: null, listens };
  const autoport = vnc.autoport ?? (vnc.port ?? -1) === -1;
  return { ...vnc, socket: null, port: autoport ? -1 : vnc.port, autoport, listenAddress: oldAddress(place, vnc.listenAddress), listens };
}

function completeSpice(spice: GraphicsOf<'spice'>): GraphicsOf<'spice'> {
  const [first] = spice.listens;
  const asksForTcp = Boolean(spice.listenAddress) || isPort(spice.port) || isPort(spice.tlsPort);
  const wantsAny = spice.autoport === true || spice.port === -1 || spice.tlsPort === -1;
  // libvirt's rule for spice: who asks for no port gets none.
  const listen = first ?? (asksForTcp || wantsAny ? impliedListen(asksForTcp, null) : { type: 'none' as const });
  const listens = withFirst(spice.listens, named(listen, spice.listenAddress, null));
  const [place] = listens;
  if (!place || !isTcp(place)) return { ...spice, port: null, tlsPort: null, autoport: null, listenAddress: null, listens };
  const autoport = spice.autoport ?? (spice.port === -1 && spice.tlsPort === -1);
  return { ...spice, port: autoport ? null : spice.port, tlsPort: autoport ? null : spice.tlsPort, autoport, listenAddress: oldAddress(place, spice.listenAddress), listens };
}

function isPort(port: number | null): boolean {
  return port !== null && port > 0;
}

type TcpListen = Extract<Listen, { readonly type: 'address' | 'network' }>;

function isTcp(listen: Listen): listen is TcpListen {
  return listen.type === 'address' || listen.type === 'network';
}

function impliedListen(tcp: boolean, socket: string | null): Listen {
  return tcp && socket === null ? { type: 'address', address: null } : { type: 'socket', socket };
}

/** A path that a libvirt daemon made up for one of its runs. */
const generatedSocket = /\/libvirt\/qemu\/(domain-)?\d+-[^/]+\//;

/** The first <listen> and the old attributes of <graphics> say the same: each fills what the other leaves out. */
function named(listen: Listen, address: string | null, socket: string | null): Listen {
  if (listen.type === 'address') return { ...listen, address: listen.address || address || localAddress };
  if (listen.type !== 'socket') return listen;
  const path = listen.socket ?? socket;
  return { ...listen, socket: path !== null && generatedSocket.test(path) ? null : path };
}

/** Of old, the address stood in <graphics>; where it contradicts the element, the validation says so. */
function oldAddress(listen: TcpListen, written: string | null): string | null {
  return listen.type === 'network' ? listen.address : written || listen.address;
}

function withFirst(listens: readonly Listen[], first: Listen): readonly Listen[] {
  return [first, ...listens.slice(1)];
}
