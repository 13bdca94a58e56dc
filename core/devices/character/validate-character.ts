/** What QEMU would refuse or ignore of a character device's backend. */
import { VireoError } from '../../base/errors.ts';
import { devicesOf } from '../../conf/device-definition.ts';
import type { DomainSurroundings } from '../device-module.ts';
import { isAtLeast } from '../qemu-at-least.ts';
import type { BackendOf, Character, CharacterBackend } from './character.ts';

/** Longest path that every system's `sockaddr_un` holds. */
const maximumSocketPathBytes = 103;

/** Names of spice ports and D-Bus channels, as QEMU's clients look for them. */
const channelName = /^[A-Za-z0-9_.-]+$/;

/** Throws XML_ERROR for what contradicts itself and CONFIG_UNSUPPORTED for what cannot be run; `name` opens the message. */
export function validateCharacter({ backend }: Character, name: string, domain: DomainSurroundings): void {
  validateSource(backend, (text) => {
    throw new VireoError('XML_ERROR', `${name}: ${text}`);
  });
  const missing = unsupported(backend, domain);
  if (missing !== null) throw new VireoError('CONFIG_UNSUPPORTED', `${name}: ${missing}`);
}

type Refuse = (text: string) => never;

function validateSource(backend: CharacterBackend, refuse: Refuse): void {
  const need = (value: string | null, attribute: string): void => {
    if (value === null || value === '') refuse(`<source> of type '${backend.type}' needs the attribute '${attribute}'`);
  };
  switch (backend.type) {
    case 'dev':
    case 'file':
    case 'pipe':
      return need(backend.source.path, 'path');
    case 'unix':
      if (backend.source?.mode === 'connect') need(backend.source.path, 'path');
      return validateReconnect(backend.source, refuse);
    case 'tcp':
      need(backend.source.host, 'host');
      need(backend.source.service, 'service');
      return validateReconnect(backend.source, refuse);
    case 'udp':
      return validateDatagrams(backend, refuse);
    case 'spiceport':
    case 'dbus':
      need(backend.source.channel, 'channel');
      if (!channelName.test(backend.source.channel ?? '')) refuse(`the <source> channel '${backend.source.channel}' has characters other than letters, digits, '.', '-' and '_'`);
      return;
    case 'nmdm':
      need(backend.source.master, 'master');
      return need(backend.source.slave, 'slave');
    case 'pty':
    case 'null':
    case 'vc':
    case 'stdio':
    case 'spicevmc':
    case 'qemu-vdagent':
  }
}

type Reconnecting = BackendOf<'tcp'>['source'] | BackendOf<'unix'>['source'];

function validateReconnect(source: Reconnecting, refuse: Refuse): void {
  if (!source?.reconnect) return;
  if (source.mode === 'bind') refuse("<reconnect> is for <source mode='connect'>; a socket that waits has nobody to call again");
  if (source.reconnect.enabled && !source.reconnect.timeoutSeconds) refuse("<reconnect enabled='yes'> needs a timeout of at least 1 second");
}

function validateDatagrams({ sources }: BackendOf<'udp'>, refuse: Refuse): void {
  for (const mode of ['bind', 'connect'] as const) {
    if (sources.filter((source) => source.mode === mode).length > 1) refuse(`two <source mode='${mode}'> of type 'udp'`);
  }
  const target = sources.find((source) => source.mode === 'connect');
  if ((target?.service ?? '') === '') refuse("type 'udp' needs a <source mode='connect'> with the attribute 'service'");
}

/** What stands in the way of running it, null for nothing. */
function unsupported(backend: CharacterBackend, domain: DomainSurroundings): string | null {
  switch (backend.type) {
    case 'unix': {
      const socket = backend.source?.path ?? '';
      return Buffer.byteLength(socket) > maximumSocketPathBytes ? `the socket path '${socket}' is longer than ${maximumSocketPathBytes} bytes` : null;
    }
    case 'tcp':
      return ['telnets', 'tls'].includes(backend.protocol.type) ? `QEMU has no protocol '${backend.protocol.type}' for type 'tcp'; encryption is <source tls='yes'>` : null;
    case 'spicevmc':
    case 'spiceport':
      return hasGraphics(domain, 'spice') ? null : `type '${backend.type}' needs a <graphics type='spice'>, which the domain does not have`;
    case 'nmdm':
      return "type 'nmdm' is FreeBSD's null modem, which QEMU cannot open";
    case 'qemu-vdagent':
      return isAtLeast(domain.capabilities, 6, 1) ? null : "type 'qemu-vdagent' needs QEMU 6.1 or newer";
    case 'dbus':
      return isAtLeast(domain.capabilities, 7, 0) ? null : "type 'dbus' needs QEMU 7.0 or newer";
    case 'null':
    case 'vc':
    case 'pty':
    case 'dev':
    case 'file':
    case 'pipe':
    case 'stdio':
    case 'udp':
      return null;
  }
}

function hasGraphics({ definition }: DomainSurroundings, type: string): boolean {
  return devicesOf(definition.devices, 'graphics').some(({ backend }) => backend.type === type);
}
