/** Where the destination's QEMU serves its disks, and where the source's finds them. */
import { VireoError } from '../../base/errors.ts';
import type { CookieNbd } from '../cookie/migration-cookie.ts';
import type { MigrationOptions } from '../migration-options.ts';

export type NbdAddress = { readonly type: 'inet'; readonly host: string; readonly port: number } | { readonly type: 'unix'; readonly path: string };

type DisksOptions = Pick<MigrationOptions, 'disksUri' | 'disksPort' | 'tls'>;

/** What a user asked for: null is left to the hosts. */
interface Asked {
  readonly socket: string | null;
  readonly host: string | null;
  readonly port: number | null;
}

/** @throws INVALID_ARG, OPERATION_UNSUPPORTED in libvirt's words. */
export function askedAddress({ disksUri, disksPort, tls }: DisksOptions): Asked {
  if (disksUri === null) return { socket: null, host: null, port: disksPort };
  const [, scheme, rest = ''] = /^([a-z][a-z0-9+.-]*):(.*)$/i.exec(disksUri) ?? [];
  switch (scheme?.toLowerCase()) {
    case undefined:
      throw new VireoError('INVALID_ARG', `No URI scheme specified: ${disksUri}`);
    case 'tcp': {
      const { host, port } = /^\/\/(?<host>\[[^\]]+\]|[^:/[\]]*)(?::(?<port>\d{1,5}))?\/?$/.exec(rest)?.groups ?? {};
      if (!host) throw new VireoError('INVALID_ARG', `URI with tcp scheme did not provide a server part: ${disksUri}`);
      const number = port === undefined ? null : Number(port);
      if (number !== null && (number < 1 || number > 65_535)) throw new VireoError('INVALID_ARG', 'nbd port must be in range 0-65535');
      return { socket: null, host: host.replace(/^\[(.*)\]$/, '$1'), port: number ?? disksPort };
    }
    case 'unix': {
      if (tls) throw new VireoError('OPERATION_UNSUPPORTED', 'NBD migration with TLS is not supported over UNIX socket');
      const path = /^(?:\/\/)?(\/[^?#]*)$/.exec(rest)?.[1];
      if (path === undefined || /%(?![\da-f]{2})/i.test(path)) throw new VireoError('INVALID_ARG', 'UNIX disks URI does not include path');
      return { socket: decodeURIComponent(path), host: null, port: null };
    }
    default:
      throw new VireoError('INVALID_ARG', `Unsupported scheme in disks URI: ${disksUri}`);
  }
}

/**
 * What the source connects to: what was asked for, else the port of Prepare's cookie on the host of the migration's URI.
 * @throws INTERNAL_ERROR where Prepare answered without a server: nothing has been begun then.
 */
export function serverAddress(options: DisksOptions, nbd: CookieNbd | null, host: string): NbdAddress {
  const asked = askedAddress(options);
  const notSetUp = (): VireoError => new VireoError('INTERNAL_ERROR', 'migration of non-shared disks requested but NBD is not set up');
  if (!nbd) throw notSetUp();
  if (asked.socket !== null) return { type: 'unix', path: asked.socket };
  if (nbd.port === null) throw notSetUp();
  const port = asked.port ?? nbd.port;
  return { type: 'inet', host: asked.host ?? host, port };
}

/** As QEMU's SocketAddress. */
export function socketAddress(address: NbdAddress): { readonly type: 'inet'; readonly host: string; readonly port: string } | { readonly type: 'unix'; readonly path: string } {
  return address.type === 'unix' ? address : { type: 'inet', host: address.host, port: String(address.port) };
}
