/** Displays in words: where they listen, what protects them, and how one is looked at. */
import type { AnyMethodResult } from '../../core/api/client.ts';
import type { DomainSummary } from '../../core/domain/domain-summary.ts';
import { plural } from './format.ts';

export type Display = AnyMethodResult<'domainGetDisplays'>['displays'][number];

/** A graphics card has a picture, whether anything shows it or not. */
export function hasScreen({ devices }: DomainSummary): boolean {
  return devices.some(({ kind, label }) => kind === 'video' && label !== 'no graphics card');
}

export const displayNames: Readonly<Record<Display['type'], string>> = { vnc: 'VNC', spice: 'SPICE', sdl: 'SDL', 'egl-headless': 'headless OpenGL', dbus: 'D-Bus', rdp: 'RDP', desktop: 'desktop' };

/** Where it listens, in words for who does not run it yet and for who looks for the port. */
export function listenInWords({ listen }: Display): string {
  if (listen.on === 'nothing') return 'it listens nowhere';
  if (listen.on === 'socket') return listen.path === null ? 'a private socket, made at the start' : 'a private socket';
  const address = listen.address.includes(':') ? `[${listen.address}]` : listen.address;
  const ports = [
    ...(listen.port === null ? [] : [`port ${listen.port}`]),
    ...(listen.tlsPort === null ? [] : [`port ${listen.tlsPort} with TLS`]),
    ...(listen.websocketPort === null ? [] : [`port ${listen.websocketPort} for web pages`]),
  ];
  return `${address}, ${ports.length === 0 ? 'any free port' : ports.join(', ')}`;
}

const reachWords: Readonly<Record<Display['reach'], string>> = { private: 'only you', computer: 'everybody on this computer', network: 'everybody in the network' };

export function reachInWords({ reach }: Display): string {
  return reachWords[reach];
}

export function passwordInWords({ password, passwordValidTo }: Display): string {
  if (password === 'none') return 'none';
  if (password === 'empty') return 'empty: nobody is let in';
  const time = passwordValidTo === null ? '' : ` ${passwordValidTo.replace('T', ' ')} UTC`;
  if (password === 'expired') return `ended${time}: nobody is let in`;
  return passwordValidTo === null ? 'set' : `set, ends${time}`;
}

/** Null where nobody knows. */
export function clientsInWords({ clients }: Display): string | null {
  if (clients === null) return null;
  if (clients.length === 0) return 'nobody';
  const unnamed = clients.filter(({ host }) => host === null).length;
  const named = clients.flatMap(({ host, service, websocket, certificate, user }) => {
    if (host === null) return [];
    const marks = [...(user === null ? [] : [user]), ...(certificate === null ? [] : [certificate]), ...(websocket ? ['web page'] : [])];
    return [`${host.includes(':') ? `[${host}]` : host}${service === null ? '' : `:${service}`}${marks.length === 0 ? '' : ` (${marks.join(', ')})`}`];
  });
  return [...named, ...(unnamed === 0 ? [] : [`${plural(unnamed, 'viewer')} on this computer`])].join(', ');
}

/** Why Vireo has no window for it, and what has; null where Vireo shows it. */
export function elsewhere({ type, listen }: Display): string | null {
  switch (type) {
    case 'vnc':
      return listen.on === 'nothing' ? 'It was told to listen nowhere, so that no viewer can connect.' : null;
    case 'spice':
      return listen.on === 'nothing' ? 'It was told to listen nowhere, so that no viewer can connect.' : 'Vireo has no window for SPICE. Another viewer shows it, with sound and USB devices.';
    case 'sdl':
      return 'QEMU opens a window of its own for it, on the screen of this computer.';
    case 'egl-headless':
      return 'It draws what the other displays of the domain show.';
    case 'dbus':
      return 'Programs on its bus show it.';
    case 'rdp':
    case 'desktop':
      return 'This QEMU has no such display.';
  }
}

/** To be typed into a terminal; null where no viewer can connect, or not yet. */
export function viewerCommand({ uri }: Display): string | null {
  if (uri === null || uri.startsWith('dbus')) return null;
  return `remote-viewer ${/^[\w+:/.@%[\]-]+$/.test(uri) ? uri : `'${uri.replaceAll("'", String.raw`'\''`)}'`}`;
}
