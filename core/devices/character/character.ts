/**
 * What serial ports, consoles and channels share: where their bytes go on the host. The console multiplexer holds the
 * one connection of a socket or pty and fans it out; QEMU itself writes the log, also while no driver lives.
 */
import { VireoError } from '../../base/errors.ts';
import { attribute, child, type Infer, liveOnly, object, optional, union, withDefault } from '../../conf/codec/codec.ts';
import { integer, oneOf, onOff, someText } from '../../conf/codec/scalar.ts';
import { type CommandFragment, keyed } from '../command-fragment.ts';
import type { LaunchContext, LiveFacts } from '../launch-context.ts';

const path = optional(attribute('path', someText));

export const characterFields = {
  backend: union(
    'type',
    {
      pty: object({ source: liveOnly(optional(child('source', object({ path })))) }),
      unix: object({ source: optional(child('source', object({ mode: withDefault(attribute('mode', oneOf(['bind', 'connect'])), 'bind'), path }))) }),
      file: object({ source: child('source', object({ path: attribute('path', someText), append: optional(attribute('append', onOff)) })) }),
      tcp: object({
        source: child('source', object({ mode: withDefault(attribute('mode', oneOf(['bind', 'connect'])), 'connect'), host: attribute('host', someText), service: attribute('service', integer(1, 65_535)) })),
        protocol: optional(child('protocol', object({ type: attribute('type', oneOf(['raw', 'telnet'])) }))),
      }),
      null: object({}),
    },
    'pty',
  ),
  log: optional(child('log', object({ file: attribute('file', someText), append: optional(attribute('append', onOff)) }))),
} as const;

const characterCodec = object(characterFields);
/** The host's side of a character device. */
export type Character = Infer<typeof characterCodec>;

/** Longest path that every system's `sockaddr_un` holds. */
const maximumSocketPathBytes = 103;

export function validateCharacter({ backend }: Character, name: string): void {
  if (backend.type === 'unix' && backend.source?.mode === 'connect' && backend.source.path === null) {
    throw new VireoError('XML_ERROR', `${name}: a unix source of mode 'connect' needs a path`);
  }
  const socket = backend.type === 'unix' ? (backend.source?.path ?? '') : '';
  if (Buffer.byteLength(socket) > maximumSocketPathBytes) {
    throw new VireoError('CONFIG_UNSUPPORTED', `${name}: the socket path '${socket}' is longer than ${maximumSocketPathBytes} bytes`);
  }
}

/** Fills in the socket of the run and, for what people read, the log that makes history last. */
export function prepareCharacter<T extends Character & { readonly alias: string | null }>(device: T, launch: LaunchContext, logged: boolean): T {
  const { backend } = device;
  const isRead = backend.type === 'pty' || backend.type === 'unix';
  const log = device.log ?? (logged && isRead ? { file: `${launch.logFolder}/${device.alias}.log`, append: true } : null);
  if (backend.type !== 'unix' || (backend.source?.path ?? null) !== null) return { ...device, log };
  const source = { mode: 'bind' as const, path: `${launch.runFolder}/c-${device.alias}` };
  return { ...device, log, backend: { ...backend, source } };
}

/** The id of the backend that belongs to a device, as libvirt forms it. */
export function chardevId(alias: string): string {
  return `char${alias}`;
}

export function chardevFragment({ backend, log }: Character, alias: string): CommandFragment {
  const id = chardevId(alias);
  const logging = { logfile: log?.file ?? null, logappend: log ? (log.append ?? false) : null };
  switch (backend.type) {
    case 'pty':
      return keyed('chardev', 'pty', { id, ...logging });
    case 'unix': {
      const server = backend.source?.mode === 'connect' ? {} : { server: true, wait: false };
      return keyed('chardev', 'socket', { id, path: backend.source?.path ?? null, ...server, ...logging });
    }
    case 'file':
      return keyed('chardev', 'file', { id, path: backend.source.path, append: backend.source.append, ...logging });
    case 'tcp': {
      const server = backend.source.mode === 'bind' ? { server: true, wait: false } : {};
      const telnet = backend.protocol?.type === 'telnet' ? { telnet: true } : {};
      return keyed('chardev', 'socket', { id, host: backend.source.host, port: backend.source.service, ...telnet, ...server, ...logging });
    }
    case 'null':
      return keyed('chardev', 'null', { id, ...logging });
  }
}

/** Takes over the pty that QEMU opened. */
export function liveCharacter<T extends Character & { readonly alias: string | null }>(device: T, facts: LiveFacts): T {
  const filename = facts.chardevs.get(chardevId(device.alias ?? ''));
  if (device.backend.type !== 'pty' || !filename?.startsWith('pty:')) return device;
  return { ...device, backend: { type: 'pty', source: { path: filename.slice('pty:'.length) } } };
}
