/** Where memory goes, as people and hosts write it: `tcp:host[:port]`, `tcp://host[:port]`, `unix:/path`, `unix:///path` (libvirt 11.3). */
import { VireoError } from '../base/errors.ts';

export type MigrationAddress =
  /** `host` is '' where a destination leaves it to whoever leads, who knows how it has reached it. */
  | { readonly type: 'tcp'; readonly host: string; readonly port: number | null }
  | { readonly type: 'unix'; readonly path: string };

const tcp = /^(?:\/\/)?(?<host>\[[0-9a-f:.]+(?:%[\w.-]+)?\]|[^:/[\]\s?#]*)(?::(?<port>\d{1,5}))?\/?$/i;

/** @throws INVALID_ARG, OPERATION_UNSUPPORTED in libvirt's words. */
export function parseMigrationUri(uri: string): MigrationAddress {
  const [, scheme, rest = ''] = /^([a-z][a-z0-9+.-]*):(.*)$/i.exec(uri) ?? [];
  switch (scheme?.toLowerCase()) {
    case undefined:
      throw new VireoError('INVALID_ARG', `missing scheme in migration URI: ${uri}`);
    case 'tcp': {
      const { host, port } = tcp.exec(rest)?.groups ?? {};
      const number = port === undefined ? null : Number(port);
      if (host === undefined || (number !== null && (number < 1 || number > 65_535))) throw new VireoError('INVALID_ARG', `unable to parse URI: ${uri}`);
      return { type: 'tcp', host: host.replace(/^\[(.*)\]$/, '$1'), port: number };
    }
    case 'unix': {
      const path = /^(?:\/\/)?(\/[^?#]*)$/.exec(rest)?.[1];
      if (path === undefined) throw new VireoError('INVALID_ARG', `unable to parse URI: ${uri}`);
      return { type: 'unix', path: decodeURIComponent(path) };
    }
    default:
      throw new VireoError('INVALID_ARG', `unsupported scheme ${scheme} in migration URI ${uri}`);
  }
}

/** In the form that QEMU takes, too. */
export function formatMigrationUri(address: MigrationAddress): string {
  if (address.type === 'unix') return `unix:${address.path}`;
  return `tcp:${bracketed(address.host)}${address.port === null ? '' : `:${address.port}`}`;
}

/** An address of IPv6 as it stands before a port. */
export function bracketed(host: string): string {
  return host.includes(':') ? `[${host}]` : host;
}
