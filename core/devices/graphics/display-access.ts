/** How a display can be reached and what protects it: for people, for viewers, and for what is told at a start. */
import { VireoError } from '../../base/errors.ts';
import { certificateFolder } from '../character/chardev.ts';
import { firstDisplayPort, type GraphicsBackend, listenOf, tcpAddress } from './graphics-definition.ts';

/** What an administrator set for all displays of a host; without it a display has what its definition says. */
export interface DisplaySettings {
  /** VNC displays that listen on TCP speak TLS. */
  readonly vncTls: boolean;
  readonly vncTlsFolder: string | null;
  /** Only clients with a certificate of the same authority get in. */
  readonly vncTlsVerify: boolean;
  /** Of VNC displays that listen on TCP and have no other. */
  readonly vncPassword: string | null;
  readonly spiceTlsFolder: string | null;
  readonly spicePassword: string | null;
}

export const plainDisplaySettings: DisplaySettings = { vncTls: false, vncTlsFolder: null, vncTlsVerify: false, vncPassword: null, spiceTlsFolder: null, spicePassword: null };

/** Where the certificates of TLS on a VNC display lie; null for one that has none, as on a private socket. */
export function vncCertificates(backend: GraphicsBackend, settings: DisplaySettings): { readonly folder: string; readonly verify: boolean } | null {
  if (backend.type !== 'vnc' || !settings.vncTls || tcpAddress(backend) === null) return null;
  return { folder: settings.vncTlsFolder ?? certificateFolder, verify: settings.vncTlsVerify };
}

export function spiceCertificateFolder({ spiceTlsFolder }: DisplaySettings): string {
  return spiceTlsFolder ?? certificateFolder;
}

/** The password that lets a client in; null where none is asked for. What the definition says counts before the host's. */
export function passwordOf(backend: GraphicsBackend, { vncPassword, spicePassword }: DisplaySettings): string | null {
  if (backend.type !== 'vnc' && backend.type !== 'spice') return null;
  if (backend.password !== null || tcpAddress(backend) === null) return backend.password;
  return backend.type === 'vnc' ? vncPassword : spicePassword;
}

/** Seconds since 1970 for QEMU, which takes `never` too. */
export function expiryOf(backend: GraphicsBackend): number | null {
  if ((backend.type !== 'vnc' && backend.type !== 'spice') || backend.passwordValidTo === null) return null;
  const seconds = Math.floor(Date.parse(`${backend.passwordValidTo}Z`) / 1000);
  if (!Number.isFinite(seconds)) throw new VireoError('XML_ERROR', `graphics ${backend.type}: passwdValidTo='${backend.passwordValidTo}' is no time`);
  return seconds;
}

export type Encryption = 'none' | 'TLS' | 'TLS with client certificates' | 'some channels';

export function encryptionOf(backend: GraphicsBackend, settings: DisplaySettings): Encryption {
  if (backend.type === 'spice' && tcpAddress(backend) !== null && (backend.tlsPort ?? 0) > 0) {
    return (backend.port ?? 0) > 0 && backend.defaultMode !== 'secure' ? 'some channels' : 'TLS';
  }
  const certificates = vncCertificates(backend, settings);
  if (certificates) return certificates.verify ? 'TLS with client certificates' : 'TLS';
  return 'none';
}

const ownAddresses = /^(127(\.\d{1,3}){3}|localhost|::1|::ffff:127(\.\d{1,3}){3})$/i;

/** A name other than the computer's own is taken for an address of the network. */
export function reachOf(backend: GraphicsBackend): 'private' | 'computer' | 'network' {
  const address = tcpAddress(backend);
  if (address === null) return 'private';
  return ownAddresses.test(address) ? 'computer' : 'network';
}

/** What is wrong with how a display is protected, in one sentence; null where nothing is. */
export function warningOf(backend: GraphicsBackend, settings: DisplaySettings): string | null {
  const reach = reachOf(backend);
  if (reach === 'private') return null;
  const hasPassword = passwordOf(backend, settings) !== null;
  const encryption = encryptionOf(backend, settings);
  const letsIn = !hasPassword && encryption !== 'TLS with client certificates';
  if (reach === 'computer') return letsIn ? 'every user of this computer can look at the guest and type into it: the display asks for no password' : null;
  const isOpen = encryption === 'none' || encryption === 'some channels';
  if (letsIn) return `everybody in the network of ${tcpAddress(backend)} can look at the guest and type into it: the display asks for no password${isOpen ? ' and is not encrypted' : ''}`;
  return isOpen ? 'what the guest shows and what is typed crosses the network in the clear: the display is not encrypted' : null;
}

const wildcards: readonly string[] = ['0.0.0.0', '::', ''];

/**
 * Where a viewer finds the display, in the form that `virsh domdisplay` prints; a display on all addresses is told as one on
 * this computer. Null where none can connect, or not before it runs.
 */
export function displayUri(backend: GraphicsBackend, password: string | null = null): string | null {
  if (backend.type === 'dbus') return backend.address?.startsWith('unix:path=') ? `dbus+unix://${backend.address.slice('unix:path='.length)}` : null;
  if (backend.type !== 'vnc' && backend.type !== 'spice' && backend.type !== 'rdp') return null;
  const user = backend.type === 'vnc' && password !== null ? `:${encodeURIComponent(password)}@` : '';
  const port = (backend.port ?? 0) > 0 ? (backend.port ?? 0) : null;
  const tlsPort = backend.type === 'spice' && (backend.tlsPort ?? 0) > 0 ? backend.tlsPort : null;
  const query = [...(tlsPort === null ? [] : [`tls-port=${tlsPort}`]), ...(backend.type === 'spice' && password !== null ? [`password=${encodeURIComponent(password)}`] : [])].join('&');
  const end = query === '' ? '' : `?${query}`;
  const listen = listenOf(backend);
  if (listen?.type === 'socket') return listen.socket === null ? null : `${backend.type}+unix://${user}${listen.socket}${end}`;
  const address = tcpAddress(backend);
  if (address === null || (port === null && tlsPort === null)) return null;
  const host = wildcards.includes(address) ? 'localhost' : address.includes(':') ? `[${address}]` : address;
  const number = port === null ? '' : `:${backend.type === 'vnc' ? port - firstDisplayPort : port}`;
  return `${backend.type}://${user}${host}${number}${end}`;
}
