/** Where this host's QEMU waits for the other one, and how that one is told of it. */
import { networkInterfaces } from 'node:os';
import { VireoError } from '../../base/errors.ts';
import { DisposableStack } from '../../base/lifetime.ts';
import { isQemuError } from '../../monitor/qemu-error.ts';
import type { MigrationContext } from '../migration-context.ts';
import type { MigrationOptions } from '../migration-options.ts';
import { bracketed, formatMigrationUri, parseMigrationUri } from '../migration-uri.ts';
import { removeSocket } from './incoming-socket.ts';

export interface Listening extends AsyncDisposable {
  /** For the source: its host is left out where the user named none. */
  readonly uri: string;
}

type Addressing = Pick<MigrationOptions, 'uri' | 'listenAddress'>;

/** Who binds a port between our look and QEMU's: each time another port is tried. */
const maximumTries = 8;

/** Where QEMU listens on this host. @throws INVALID_ARG for an address in libvirt's brackets without an end. */
export function listenAddressFor({ uri, listenAddress }: Addressing): string {
  if (listenAddress !== null) return listenAddress.replace(/^\[(.*)\]$/, '$1');
  const asked = uri === null ? null : parseMigrationUri(uri);
  if (asked?.type === 'tcp' && isLoopback(asked.host)) return asked.host;
  return hasIpv6() ? '::' : '0.0.0.0';
}

function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || /^127\.\d+\.\d+\.\d+$/.test(host);
}

function hasIpv6(): boolean {
  return Object.values(networkInterfaces()).some((addresses) => addresses?.some(({ family }) => family === 'IPv6'));
}

/**
 * Has QEMU listen, and keeps its port from other migrations until it is disposed.
 * @param tell migrate-incoming.
 * @throws what QEMU says, OPERATION_FAILED where no port is free; nothing is kept then.
 */
export async function listenFor({ ports }: Pick<MigrationContext, 'ports'>, options: Addressing, tell: (uri: string) => Promise<void>): Promise<Listening> {
  const asked = options.uri === null ? { type: 'tcp' as const, host: '', port: null } : parseMigrationUri(options.uri);
  const kept = new DisposableStack();
  const listening = (uri: string): Listening => ({ uri, [Symbol.asyncDispose]: () => kept[Symbol.asyncDispose]() });
  try {
    if (asked.type === 'unix') {
      kept.defer(() => removeSocket(asked.path));
      await tell(formatMigrationUri(asked));
      return listening(formatMigrationUri(asked));
    }
    const address = listenAddressFor(options);
    if (asked.port !== null) {
      await tell(`tcp:${bracketed(address)}:${asked.port}`);
      return listening(formatMigrationUri(asked));
    }
    for (let tries = 1; ; tries += 1) {
      const reserved = await ports.reserve(address);
      try {
        await tell(`tcp:${bracketed(address)}:${reserved.port}`);
        kept.use(reserved);
        return listening(formatMigrationUri({ ...asked, port: reserved.port }));
      } catch (error) {
        await reserved[Symbol.asyncDispose]();
        if (tries === maximumTries || !isInUse(error)) throw error;
      }
    }
  } catch (error) {
    await kept[Symbol.asyncDispose]();
    throw isQemuError(error) ? new VireoError('OPERATION_FAILED', `QEMU cannot wait for the migration: ${error.message}`, { cause: error }) : error;
  }
}

/** util/qemu-sockets.c of QEMU 7.2. */
function isInUse(error: unknown): boolean {
  return isQemuError(error) && /address already in use/i.test(error.message);
}
