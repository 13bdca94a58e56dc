/** Displays as QEMU is told about them: -vnc, -spice and -display. */
import type { DomainDefinition } from '../../conf/domain-definition.ts';
import { audiodevOf } from '../audio/audio.ts';
import { audioId } from '../audio/audio-command.ts';
import { type CommandFragment, environment, json, keyed, plain } from '../command-fragment.ts';
import type { DeviceLaunch } from '../launch-context.ts';
import { type DisplaySettings, passwordOf, plainDisplaySettings, spiceCertificateFolder, vncCertificates } from './display-access.ts';
import { firstDisplayPort, type Graphics, type GraphicsOf, type Listen, listenOf, localAddress } from './graphics-definition.ts';

export function graphicsCommandLine({ backend }: Graphics, { definition, displays = plainDisplaySettings }: DeviceLaunch): readonly CommandFragment[] {
  switch (backend.type) {
    case 'vnc':
      return [...vncFragments(backend, definition, displays), ...keymapFragments(backend.keymap)];
    case 'spice':
      return [spiceFragment(backend, displays), ...keymapFragments(backend.keymap)];
    case 'sdl':
      return [
        ...(backend.xauth === null ? [] : [environment('XAUTHORITY', backend.xauth)]),
        ...(backend.display === null ? [] : [environment('DISPLAY', backend.display)]),
        keyed('display', 'sdl', { gl: backend.gl, 'full-screen': backend.fullscreen ? true : null }),
      ];
    case 'egl-headless':
      return [keyed('display', 'egl-headless', { rendernode: backend.gl?.rendernode ?? null })];
    case 'dbus':
      return [dbusFragment(backend)];
    case 'rdp':
    case 'desktop':
      return [];
  }
}

/** The keyboard of who looks, for clients that send characters and not keys. */
function keymapFragments(keymap: string | null): readonly CommandFragment[] {
  return keymap === null ? [] : [plain('k', keymap)];
}

/** Passwords are told over QMP once it runs: an argument can be read by everybody on the host. Until then nobody gets in. */
function vncFragments(vnc: GraphicsOf<'vnc'>, definition: DomainDefinition, settings: DisplaySettings): readonly CommandFragment[] {
  const certificates = vncCertificates(vnc, settings);
  const listen = listenOf(vnc);
  const isTcp = listen?.type === 'address' || listen?.type === 'network';
  // Under its name: a path with an equals sign would be taken for an option of that name.
  const display = keyed('vnc', null, {
    vnc: vncPlace(vnc, listen),
    websocket: isTcp && vnc.websocket !== null ? websocket(vnc.websocket) : null,
    share: vnc.sharePolicy,
    password: passwordOf(vnc, settings) === null ? null : true,
    'tls-creds': certificates && certificatesId,
    'power-control': vnc.powerControl,
    audiodev: audiodevOf(vnc.audio, definition),
  });
  if (!certificates) return [display];
  const { folder, verify } = certificates;
  return [json('object', { 'qom-type': 'tls-creds-x509', id: certificatesId, dir: folder, endpoint: 'server', 'verify-peer': verify }), display];
}

/** A domain has one VNC display at most. */
const certificatesId = 'vnc-tls-creds0';

/** `on` is QEMU's 5700 and up, by the number of the display. */
function websocket(port: number): number | true {
  return port > 0 ? port : true;
}

function vncPlace(vnc: GraphicsOf<'vnc'>, listen: Listen | null): string {
  if (listen?.type === 'socket') return listen.socket === null ? 'none' : `unix:${listen.socket}`;
  if (listen?.type !== 'address' && listen?.type !== 'network') return 'none';
  return `${bracketed(listen.address || localAddress)}:${portOrFirst(vnc.port) - firstDisplayPort}`;
}

/** A definition that is only rendered was given no port yet. */
function portOrFirst(port: number | null): number {
  return port !== null && port > 0 ? port : firstDisplayPort;
}

function bracketed(address: string): string {
  return address.includes(':') ? `[${address}]` : address;
}

function spiceFragment(spice: GraphicsOf<'spice'>, settings: DisplaySettings): CommandFragment {
  const place = spicePlace(spice);
  const first = {
    ...place,
    'agent-mouse': spice.mouse === null ? null : spice.mouse === 'client',
    'disable-ticketing': passwordOf(spice, settings) === null ? true : null,
    'x509-dir': typeof place['tls-port'] === 'number' ? spiceCertificateFolder(settings) : null,
  };
  const features = {
    'image-compression': spice.image,
    'jpeg-wan-compression': spice.jpeg,
    'zlib-glz-wan-compression': spice.zlib,
    'playback-compression': spice.playback,
    'streaming-video': spice.streaming,
    'disable-copy-paste': spice.clipboard === false ? true : null,
    'disable-agent-file-xfer': spice.filetransfer === false ? true : null,
    gl: spice.gl?.enable ? true : null,
    rendernode: spice.gl?.enable ? spice.gl.rendernode : null,
    'seamless-migration': true,
  };
  // One key for each channel: the same key several times, which an object cannot hold.
  const opening = keyed('spice', null, first);
  const closing = keyed('spice', null, features);
  if (opening.form !== 'keys' || closing.form !== 'keys') return opening;
  return { ...opening, keys: [...opening.keys, ...channelKeys(spice), ...closing.keys] };
}

type SpicePlace = Readonly<Record<string, string | number | boolean | null>>;

function spicePlace(spice: GraphicsOf<'spice'>): SpicePlace {
  const listen = listenOf(spice);
  if (listen?.type === 'socket') return { unix: true, addr: listen.socket };
  if (listen?.type !== 'address' && listen?.type !== 'network') return { port: 0 };
  const tlsPort = spice.tlsPort !== null && spice.tlsPort > 0 ? spice.tlsPort : null;
  const port = spice.autoport && tlsPort === null ? portOrFirst(spice.port) : spice.port !== null && spice.port > 0 ? spice.port : null;
  return { port: port ?? (tlsPort === null ? 0 : null), 'tls-port': tlsPort, addr: port === null && tlsPort === null ? null : listen.address || localAddress };
}

const modeKeys = { secure: 'tls-channel', insecure: 'plaintext-channel' } as const;

function channelKeys({ defaultMode, channels }: GraphicsOf<'spice'>): readonly (readonly [string, string])[] {
  const all = [{ name: 'default', mode: defaultMode ?? 'any' }, ...channels];
  return all.flatMap(({ name, mode }) => (mode === 'any' ? [] : [[modeKeys[mode], name] as const]));
}

function dbusFragment(dbus: GraphicsOf<'dbus'>): CommandFragment {
  return keyed('display', 'dbus', {
    p2p: dbus.p2p ? true : null,
    addr: dbus.p2p ? null : dbus.address,
    gl: dbus.gl?.enable ?? null,
    rendernode: dbus.gl?.rendernode ?? null,
    audiodev: dbus.audio === null ? null : audioId(dbus.audio),
  });
}
