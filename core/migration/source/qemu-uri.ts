/** Where the source's QEMU connects to: libvirt's forms of a migration URI as QEMU's. */
import { VireoError } from '../../base/errors.ts';

/** `tcp:host:port`, `tcp://host:port`, `unix:/path`, `unix:///path`. @throws INVALID_ARG, OPERATION_UNSUPPORTED. */
export function qemuUri(uri: string): string {
  const [, scheme = '', rest = ''] = /^([a-z]+):(.*)$/s.exec(uri) ?? [];
  if (scheme === 'tcp') {
    const { host, port } = tcpParts(rest) ?? {};
    if (host === undefined || port === undefined) throw new VireoError('INVALID_ARG', `migration URI '${uri}' names no host and port`, { details: { uri } });
    return `tcp:${host}:${port}`;
  }
  if (scheme === 'unix') {
    const path = rest.replace(/^\/\/(?=\/)/, '');
    if (!path.startsWith('/')) throw new VireoError('INVALID_ARG', `migration URI '${uri}' names no absolute path`, { details: { uri } });
    return `unix:${path}`;
  }
  if (scheme === 'rdma') throw new VireoError('OPERATION_UNSUPPORTED', 'outgoing RDMA migration is not supported', { details: { uri } });
  throw new VireoError('INVALID_ARG', `unsupported scheme '${scheme}' in migration URI '${uri}'`, { details: { uri } });
}

/** The host in it, without brackets; null where it names none. */
export function hostOf(uri: string): string | null {
  const host = uri.startsWith('tcp:') ? tcpParts(uri.slice('tcp:'.length))?.host : undefined;
  return host === undefined ? null : host.replace(/^\[(.*)\]$/, '$1');
}

function tcpParts(rest: string): { readonly host: string; readonly port: string } | null {
  const { host, port } = /^(?:\/\/)?(?<host>\[[^\]]+\]|[^:/[\]]+):(?<port>\d{1,5})\/?$/.exec(rest)?.groups ?? {};
  return host === undefined || port === undefined ? null : { host, port };
}
