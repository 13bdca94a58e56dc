/** A character device in a run: the socket and the log that it is given, and the pty that QEMU opened for it. */
import type { LaunchContext, LiveFacts } from '../launch-context.ts';
import { type CharacterBackend, type CharacterDevice, chardevId } from './character.ts';

/**
 * Backends whose bytes somebody may want to read again: whoever reads them on the host keeps the multiplexer from it, so
 * that the log is its only source. What was meant to be thrown away, and what only another protocol can read, is not kept.
 */
const isLogged: Readonly<Record<CharacterBackend['type'], boolean>> = {
  pty: true,
  unix: true,
  tcp: true,
  pipe: true,
  file: true,
  dev: true,
  udp: true,
  stdio: true,
  vc: true,
  null: false,
  spicevmc: false,
  spiceport: false,
  nmdm: false,
  'qemu-vdagent': false,
  dbus: false,
};

/** Fills in the socket of the run and, for what people read, the log that makes history last. */
export function prepareCharacter<T extends CharacterDevice>(device: T, launch: LaunchContext, logged: boolean): T {
  const { backend } = device;
  const log = device.log ?? (logged && isLogged[backend.type] ? { file: `${launch.logFolder}/${device.alias}.log`, append: true } : null);
  if (backend.type !== 'unix' || (backend.source?.path ?? null) !== null) return { ...device, log };
  const source = { labels: [], reconnect: null, ...backend.source, mode: 'bind' as const, path: `${launch.runFolder}/c-${device.alias}` };
  return { ...device, log, backend: { ...backend, source } };
}

/** Takes over the pty that QEMU opened. */
export function liveCharacter<T extends CharacterDevice>(device: T, facts: LiveFacts): T {
  const filename = facts.chardevs.get(chardevId(device.alias ?? ''));
  if (device.backend.type !== 'pty' || !filename?.startsWith('pty:')) return device;
  const source = { labels: [], ...device.backend.source, path: filename.slice('pty:'.length) };
  return { ...device, backend: { type: 'pty', source } };
}
