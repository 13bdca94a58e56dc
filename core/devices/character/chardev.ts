/** `-chardev`: the backend of a character device as QEMU is told about it, and what that needs from the host. */
import { type CommandFragment, json, keyed } from '../command-fragment.ts';
import type { HostNeed } from '../device-module.ts';
import type { LaunchContext } from '../launch-context.ts';
import { isAtLeast } from '../qemu-at-least.ts';
import { type BackendOf, type Character, type CharacterBackend, chardevId } from './character.ts';

/** What a backend is for, where QEMU's own name of it depends on that. */
export type CharacterUse = 'terminal' | 'parallel' | 'agent' | 'usb' | 'smartcard';

/** spice knows the purpose of a channel by these. */
const spiceNames: Readonly<Record<CharacterUse, string>> = { terminal: 'vdagent', parallel: 'vdagent', agent: 'vdagent', usb: 'usbredir', smartcard: 'smartcard' };

/** Where certificates lie unless somebody configured another place; libvirt's default, too. */
export const certificateFolder = '/etc/pki/qemu';

type Keys = Readonly<Record<string, string | number | boolean | null>>;

/** The backend, behind the objects that it refers to. */
export function chardevFragments({ backend, log }: Character, alias: string, launch: LaunchContext, use: CharacterUse = 'terminal'): readonly CommandFragment[] {
  const id = chardevId(alias);
  const [driver, keys] = driverAndKeys(backend, id, launch, use);
  const logging = { logfile: log?.file ?? null, logappend: log ? (log.append ?? false) : null };
  const chardev = keyed('chardev', driver, { id, ...keys, ...logging });
  return usesTls(backend) ? [certificates(backend, id), chardev] : [chardev];
}

function driverAndKeys(backend: CharacterBackend, id: string, launch: LaunchContext, use: CharacterUse): readonly [driver: string, keys: Keys] {
  switch (backend.type) {
    case 'null':
    case 'vc':
    case 'pty':
    case 'stdio':
      return [backend.type, {}];
    case 'dev':
      return [use === 'parallel' ? 'parallel' : 'serial', { path: backend.source.path }];
    case 'file':
      return ['file', { path: backend.source.path, append: backend.source.append }];
    case 'pipe':
      return ['pipe', { path: backend.source.path }];
    case 'udp':
      return ['udp', datagramKeys(backend)];
    case 'tcp':
      return ['socket', tcpKeys(backend, id, launch)];
    case 'unix':
      return ['socket', { path: backend.source?.path ?? null, ...listening(backend.source?.mode ?? 'bind'), ...reconnecting(backend.source?.reconnect ?? null, launch) }];
    case 'spicevmc':
      return ['spicevmc', { name: spiceNames[use] }];
    case 'spiceport':
      return ['spiceport', { name: backend.source.channel }];
    case 'nmdm':
      // QEMU has no such backend: a validation refuses it; domxml-to-native shows what is closest.
      return ['serial', { path: backend.source.slave }];
    case 'qemu-vdagent':
      return ['qemu-vdagent', { name: 'vdagent', clipboard: backend.source.clipboard, mouse: backend.source.mouse === null ? null : backend.source.mouse === 'client' }];
    case 'dbus':
      return ['dbus', { name: backend.source.channel }];
  }
}

function datagramKeys({ sources }: BackendOf<'udp'>): Keys {
  const target = sources.find(({ mode }) => mode === 'connect');
  const own = sources.find(({ mode }) => mode === 'bind');
  return { host: target?.host ?? '', port: target?.service ?? null, localaddr: own?.host ?? '', localport: own?.service ?? '0' };
}

function tcpKeys(backend: BackendOf<'tcp'>, id: string, launch: LaunchContext): Keys {
  const { source, protocol } = backend;
  return {
    host: source.host,
    port: source.service,
    telnet: protocol.type === 'telnet' ? true : null,
    ...listening(source.mode),
    ...reconnecting(source.reconnect, launch),
    'tls-creds': usesTls(backend) ? certificatesId(id) : null,
  };
}

/** Nobody waits for a client: the guest starts without. */
function listening(mode: 'bind' | 'connect'): Keys {
  return mode === 'bind' ? { server: true, wait: false } : {};
}

function reconnecting(reconnect: BackendOf<'tcp'>['source']['reconnect'], launch: LaunchContext): Keys {
  return reconnect ? reconnectKeys(reconnect.enabled ? (reconnect.timeoutSeconds ?? 0) : 0, launch) : {};
}

/** QEMU 9.2 counts in milliseconds. Nothing for null. */
export function reconnectKeys(seconds: number | null, { capabilities }: Pick<LaunchContext, 'capabilities'>): Keys {
  if (seconds === null) return {};
  return isAtLeast(capabilities, 9, 2) ? { 'reconnect-ms': seconds * 1000 } : { reconnect: seconds };
}

function usesTls(backend: CharacterBackend): backend is BackendOf<'tcp'> {
  return backend.type === 'tcp' && backend.source.tls === true;
}

function certificatesId(id: string): string {
  return `obj${id}_tls0`;
}

function certificates({ source }: BackendOf<'tcp'>, id: string): CommandFragment {
  return json('object', { 'qom-type': 'tls-creds-x509', id: certificatesId(id), dir: certificateFolder, endpoint: source.mode === 'bind' ? 'server' : 'client', 'verify-peer': source.mode !== 'bind' });
}

/** Device nodes and certificates that must be there. */
export function characterNeeds({ backend }: Character): readonly HostNeed[] {
  if (backend.type === 'dev' && backend.source.path !== null) return [{ type: 'path', path: backend.source.path, access: 'read-write', why: "a character device of type 'dev'" }];
  return usesTls(backend) ? [{ type: 'path', path: certificateFolder, access: 'read', why: "TLS on a character device (<source tls='yes'>)" }] : [];
}
