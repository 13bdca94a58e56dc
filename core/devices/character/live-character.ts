/** A character device in a run: the socket and the log that it is given, and the pty that QEMU opened for it. */
import type { LaunchContext, LiveFacts } from '../launch-context.ts';
import { type CharacterDevice, chardevId } from './character.ts';

/** Fills in the socket of the run and, for what people read, the log that makes history last. */
export function prepareCharacter<T extends CharacterDevice>(device: T, launch: LaunchContext, logged: boolean): T {
  const { backend } = device;
  const isRead = backend.type === 'pty' || backend.type === 'unix';
  const log = device.log ?? (logged && isRead ? { file: `${launch.logFolder}/${device.alias}.log`, append: true } : null);
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
