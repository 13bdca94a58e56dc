/** `<graphics>` as a value: how the guest's screen is looked at from outside. */
import { absent, attribute, child, children, type Codec, type Infer, liveOnly, object, optional, secret, union } from '../../conf/codec/codec.ts';
import { attributeChild, section } from '../../conf/codec/shorthands.ts';
import { anyText, integer, oneOf, onOff, pattern, someText, yesNo } from '../../conf/codec/scalar.ts';
import type { Address } from '../../conf/device-address.ts';
import type { DeviceOf } from '../../conf/device-definition.ts';
import { mouseModes } from '../character/character.ts';

const hostName = pattern(/^[0-9A-Za-z.:%_-]{0,255}$/, 'an address or a host name');
/** -1 asks for any free port. */
const port = (name: string): Codec<number | null> => optional(attribute(name, integer(-1, 65_535)));
const yes = (name: string): Codec<boolean | null> => optional(attribute(name, yesNo));
const words = (name: string): Codec<string | null> => optional(attribute(name, someText));

const listens = children('listen', union('type', {
  address: object({ address: optional(attribute('address', hostName)) }),
  /** An address of the host in a libvirt network; which one is known in a run only. */
  network: object({ address: liveOnly(optional(attribute('address', hostName))), network: words('network') }),
  /** Null is a socket in the run's private folder. */
  socket: object({ socket: words('socket') }),
  none: object({}),
}));

const keymap = optional(attribute('keymap', pattern(/^[A-Za-z0-9_-]{1,32}$/, "the name of one of QEMU's key maps")));
const listenAddress = optional(attribute('listen', hostName));

const access = {
  password: secret(optional(attribute('passwd', anyText))),
  /** When the password ends, in UTC. */
  passwordValidTo: optional(attribute('passwdValidTo', pattern(/^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}$/, 'a time such as 2030-01-31T23:59:59'))),
  /** What happens to those who look already when the password changes. */
  connected: optional(attribute('connected', oneOf(['fail', 'disconnect', 'keep']))),
} as const;

const audio = optional(child('audio', attribute('id', integer(1, 255))));
const renderer = section('gl', { enable: yes('enable'), rendernode: words('rendernode') });

const channelModes = ['any', 'secure', 'insecure'] as const;

const vnc = object({
  socket: words('socket'),
  port: port('port'),
  autoport: yes('autoport'),
  websocket: port('websocket'),
  listenAddress,
  keymap,
  sharePolicy: optional(attribute('sharePolicy', oneOf(['allow-exclusive', 'force-shared', 'ignore']))),
  powerControl: yes('powerControl'),
  ...access,
  listens,
  audio,
});

const spice = object({
  port: port('port'),
  tlsPort: port('tlsPort'),
  autoport: yes('autoport'),
  listenAddress,
  keymap,
  defaultMode: optional(attribute('defaultMode', oneOf(channelModes))),
  ...access,
  listens,
  channels: children('channel', object({
    name: attribute('name', oneOf(['main', 'display', 'inputs', 'cursor', 'playback', 'record', 'smartcard', 'usbredir'])),
    mode: attribute('mode', oneOf(channelModes)),
  })),
  image: attributeChild('image', 'compression', oneOf(['auto_glz', 'auto_lz', 'quic', 'glz', 'lz', 'off'])),
  jpeg: attributeChild('jpeg', 'compression', oneOf(['auto', 'never', 'always'])),
  zlib: attributeChild('zlib', 'compression', oneOf(['auto', 'never', 'always'])),
  playback: attributeChild('playback', 'compression', onOff),
  streaming: attributeChild('streaming', 'mode', oneOf(['filter', 'all', 'off'])),
  mouse: attributeChild('mouse', 'mode', oneOf(mouseModes)),
  clipboard: attributeChild('clipboard', 'copypaste', yesNo),
  filetransfer: attributeChild('filetransfer', 'enable', yesNo),
  gl: renderer,
});

export const graphicsCodec = object({
  backend: union('type', {
    vnc,
    spice,
    sdl: object({ display: words('display'), xauth: words('xauth'), fullscreen: yes('fullscreen'), gl: attributeChild('gl', 'enable', yesNo) }),
    'egl-headless': object({ gl: section('gl', { rendernode: words('rendernode') }) }),
    dbus: object({ p2p: yes('p2p'), address: words('address'), gl: renderer, audio }),
    rdp: object({
      port: port('port'), autoport: yes('autoport'), replaceUser: yes('replaceUser'), multiUser: yes('multiUser'), listenAddress, username: words('username'), ...access, listens,
    }),
    desktop: object({ display: words('display'), fullscreen: yes('fullscreen') }),
  }),
  alias: absent<string>(),
  address: absent<Address>(),
});

declare module '../../conf/device-definition.ts' {
  interface DeviceDefinitions {
    graphics: Infer<typeof graphicsCodec>;
  }
}

export type Graphics = DeviceOf<'graphics'>;
export type GraphicsBackend = Graphics['backend'];
type GraphicsType = GraphicsBackend['type'];
export type GraphicsOf<T extends GraphicsType> = Extract<GraphicsBackend, { readonly type: T }>;
export type Listen = GraphicsOf<'vnc'>['listens'][number];

/** VNC displays are counted from this TCP port; libvirt looks for free ones of either protocol from here. */
export const firstDisplayPort = 5900;

/** Nobody from outside, where a TCP display names no address. */
export const localAddress = '127.0.0.1';

/** Where the display listens, null for kinds that do not. Further <listen> elements have no effect in QEMU. */
export function listenOf(backend: GraphicsBackend): Listen | null {
  return backend.type === 'vnc' || backend.type === 'spice' || backend.type === 'rdp' ? (backend.listens[0] ?? null) : null;
}

/** The address of a TCP display, null for every other one. */
export function tcpAddress(backend: GraphicsBackend): string | null {
  const listen = listenOf(backend);
  return listen?.type === 'address' || listen?.type === 'network' ? listen.address || localAddress : null;
}
