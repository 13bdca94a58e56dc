/** What QEMU would refuse or ignore of a display. */
import { VireoError } from '../../base/errors.ts';
import { devicesOf } from '../../conf/device-definition.ts';
import { requireAudio } from '../audio/audio.ts';
import type { DomainSurroundings } from '../device-module.ts';
import { isAtLeast } from '../qemu-at-least.ts';
import { firstDisplayPort, type Graphics, type GraphicsOf, tcpAddress } from './graphics-definition.ts';

type Refuse = (text: string) => never;
interface Refusals {
  readonly contradicts: Refuse;
  readonly unsupported: Refuse;
}

/** QEMU looks at the first eight characters only (RFB's authentication by DES). */
const maximumVncPassword = 8;

const maximumSocketPathBytes = 103;

export function validateGraphics({ backend }: Graphics, domain: DomainSurroundings): void {
  const refuse = (code: 'XML_ERROR' | 'CONFIG_UNSUPPORTED') => (text: string): never => {
    throw new VireoError(code, `graphics ${backend.type}: ${text}`);
  };
  const refusals: Refusals = { contradicts: refuse('XML_ERROR'), unsupported: refuse('CONFIG_UNSUPPORTED') };
  const { devices } = domain.definition;
  const same = devicesOf(devices, 'graphics').filter((graphics) => graphics.backend.type === backend.type);
  if (same.length > 1) refusals.unsupported(`the domain has ${same.length} <graphics> of type '${backend.type}'; one of each type is supported`);
  validateListens(backend, refusals);
  validateEgl(backend, domain, refusals);
  switch (backend.type) {
    case 'vnc':
      requireAudio(backend.audio, domain.definition, 'graphics vnc');
      return validateVnc(backend, domain, refusals);
    case 'spice':
      return validateSpice(backend, refusals);
    case 'dbus':
      return validateDbus(backend, domain, refusals);
    case 'rdp':
      if (!devicesOf(devices, 'graphics').some((graphics) => graphics.backend.type === 'dbus')) refusals.unsupported("it is served from a <graphics type='dbus'>, which the domain does not have");
      return;
    case 'desktop':
      return refusals.unsupported("type 'desktop' belongs to another hypervisor; QEMU has vnc, spice, sdl, dbus and egl-headless");
    case 'sdl':
    case 'egl-headless':
  }
}

function validateListens(backend: Graphics['backend'], { contradicts, unsupported }: Refusals): void {
  if (backend.type !== 'vnc' && backend.type !== 'spice' && backend.type !== 'rdp') return;
  for (const listen of backend.listens) {
    if (listen.type === 'network' && listen.network === null) contradicts("<listen type='network'> needs the attribute 'network'");
    if ((listen.type === 'socket' || listen.type === 'none') && backend.type === 'rdp') unsupported(`<listen type='${listen.type}'> is not for this type of display`);
    const socket = listen.type === 'socket' ? (listen.socket ?? '') : '';
    if (Buffer.byteLength(socket) > maximumSocketPathBytes) unsupported(`the socket path '${socket}' is longer than ${maximumSocketPathBytes} bytes`);
  }
  const { listenAddress } = backend;
  const [first] = backend.listens;
  if (first?.type === 'address' && listenAddress && first.address && first.address !== listenAddress) {
    contradicts(`the attribute listen='${listenAddress}' and <listen type='address' address='${first.address}'/> differ`);
  }
  if (backend.type === 'vnc' && first?.type === 'socket' && backend.socket && first.socket && first.socket !== backend.socket) {
    contradicts(`the attribute socket='${backend.socket}' and <listen type='socket' socket='${first.socket}'/> differ`);
  }
}

function validateEgl(backend: Graphics['backend'], { definition }: DomainSurroundings, { unsupported }: Refusals): void {
  if (!devicesOf(definition.devices, 'graphics').some((graphics) => graphics.backend.type === 'egl-headless')) return;
  if (backend.type !== 'egl-headless' && backend.type !== 'vnc' && backend.type !== 'spice') unsupported("'egl-headless' draws for displays of the types vnc and spice only");
  if (backend.type === 'spice' && backend.gl?.enable) unsupported("<gl enable='yes'> and a <graphics type='egl-headless'> both want to draw");
}

function validateVnc(vnc: GraphicsOf<'vnc'>, { capabilities }: DomainSurroundings, { unsupported }: Refusals): void {
  if (tcpAddress(vnc) !== null && !vnc.autoport && (vnc.port ?? 0) < firstDisplayPort) {
    unsupported(`port='${vnc.port ?? 0}' is below ${firstDisplayPort}, QEMU's first; autoport='yes' takes a free one`);
  }
  if (vnc.password !== null && Buffer.byteLength(vnc.password) > maximumVncPassword) unsupported(`the password has more than the ${maximumVncPassword} bytes that VNC looks at`);
  if (vnc.connected !== null && vnc.connected !== 'keep') unsupported(`connected='${vnc.connected}': VNC keeps those who are connected; use 'keep'`);
  if (vnc.powerControl !== null && !isAtLeast(capabilities, 6, 0)) unsupported("the attribute 'powerControl' needs QEMU 6.0 or newer");
}

function validateSpice(spice: GraphicsOf<'spice'>, { unsupported }: Refusals): void {
  const tcp = tcpAddress(spice) !== null;
  const encrypted = tcp && (spice.autoport === true || (spice.tlsPort ?? 0) !== 0);
  const open = !tcp || spice.autoport === true || (spice.port ?? 0) !== 0;
  const modes = [spice.defaultMode, ...spice.channels.map(({ mode }) => mode)];
  if (modes.includes('secure') && !encrypted) unsupported("mode 'secure' needs a tlsPort, which it does not have");
  if (modes.includes('insecure') && !open) unsupported("mode 'insecure' needs a port without TLS, which it does not have");
  if (spice.gl?.rendernode && !spice.gl.enable) unsupported("<gl rendernode='...'> has no effect without enable='yes'");
}

function validateDbus(dbus: GraphicsOf<'dbus'>, { definition, capabilities }: DomainSurroundings, { contradicts, unsupported }: Refusals): void {
  if (!isAtLeast(capabilities, 7, 0)) unsupported('it needs QEMU 7.0 or newer');
  if (dbus.p2p && dbus.address !== null) contradicts("p2p='yes' is without a bus and takes no address");
  requireAudio(dbus.audio, definition, 'graphics dbus');
  const audio = devicesOf(definition.devices, 'audio').find(({ id }) => id === dbus.audio);
  if (audio && audio.backend.type !== 'dbus') unsupported(`<audio id='${audio.id}'/> is of type '${audio.backend.type}', not 'dbus'`);
}
