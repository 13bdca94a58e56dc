/** What there is to say about a backend: whether its connection is held, who may write, and where its bytes go. */
import type { ConsoleBackend } from './console-types.ts';

/** Backends whose one connection the multiplexer has from the start of the run to its end. */
export type HeldBackend = Extract<ConsoleBackend, { readonly type: 'unix' | 'pty' }>;
/** Backends that it connects to while a session writes, because a foreign program may want them. */
export type SharedBackend = Extract<ConsoleBackend, { readonly type: 'tcp' | 'pipe' }>;

export function isHeld(backend: ConsoleBackend): backend is HeldBackend {
  return backend.type === 'unix' || backend.type === 'pty';
}

/** Why nobody can write to a device with this backend; null where one can. */
export function readOnlyReason(backend: ConsoleBackend): string | null {
  return backend.type === 'elsewhere' ? backend.why : null;
}

/** Where a device's bytes go, for people. */
export function describeBackend(backend: ConsoleBackend): string {
  switch (backend.type) {
    case 'unix':
      return isPrivate(backend.path) ? 'private socket' : backend.path;
    case 'pty':
      return backend.path;
    case 'tcp':
      return `${backend.telnet ? 'telnet' : 'tcp'} ${addressText(backend.host, backend.port)}, QEMU listens`;
    case 'pipe':
      return `pipe ${backend.path}`;
    case 'elsewhere':
      return backend.what;
  }
}

export function addressText(host: string, port: number | string): string {
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
}

/** The sockets that a run makes for itself are called `c-<alias>`. */
function isPrivate(path: string): boolean {
  return /\/c-[a-z]+\d+$/.test(path);
}
