/** Storage that QEMU reaches over a network, in the terms of its block drivers (qapi/block-core.json). */
import { isIPv6 } from 'node:net';
import { VireoError } from '../../base/errors.ts';
import { type JsonObject, withoutNulls } from '../command-fragment.ts';
import type { NetworkSource, SourceOf, StorageHost } from './network-source.ts';
import type { StorageAuth, StorageEncryption } from './storage-encryption.ts';

/** The ids of the objects that a node refers to; null where the source has none. */
export interface NodeSecrets {
  readonly auth: string | null;
  readonly cookies: string | null;
  readonly tls: string | null;
  /** One for each secret of the encryption. */
  readonly encryption: readonly string[];
}

export interface NetworkNode {
  readonly source: NetworkSource;
  readonly auth: StorageAuth | null;
  readonly encryption: StorageEncryption | null;
  readonly secrets: NodeSecrets;
}

/** @throws CONFIG_UNSUPPORTED for what no QEMU that Vireo runs can open. */
export function networkNode({ source, auth, encryption, secrets }: NetworkNode): JsonObject {
  const user = auth?.username ?? null;
  switch (source.protocol) {
    case 'nbd':
      return withoutNulls({
        driver: 'nbd', server: socketAddress(onlyHost(source)), export: source.name, 'tls-creds': secrets.tls, 'tls-hostname': source.tlsHostname,
        'reconnect-delay': source.reconnectDelaySeconds,
      });
    case 'rbd':
      return rbdNode(source, user, encryption, secrets);
    case 'iscsi':
      return iscsiNode(source, user, secrets);
    case 'gluster':
      return { driver: 'gluster', ...volumeAndPath(source.name), server: source.hosts.map(socketAddress) };
    case 'http':
    case 'https':
    case 'ftp':
    case 'ftps':
      return curlNode(source, user, secrets);
    case 'ssh':
      return withoutNulls({ driver: 'ssh', path: source.name, server: inetAddress(onlyHost(source)), user: user ?? source.identity?.username ?? null });
    case 'nfs':
      return withoutNulls({ driver: 'nfs', server: { host: onlyHost(source).name, type: 'inet' }, path: source.name, user: accountOf(source.identity?.user), group: accountOf(source.identity?.group) });
    case 'vxhs':
      return withoutNulls({ driver: 'vxhs', 'tls-creds': secrets.tls, 'vdisk-id': source.name, server: inetAddress(onlyHost(source)) });
    case 'tftp':
    case 'sheepdog':
      throw new VireoError('CONFIG_UNSUPPORTED', `QEMU has no driver for protocol '${source.protocol}' any more`);
  }
}

/** What `<cookies>` says, as one header of HTTP; null where there are none. */
export function cookieHeader(source: NetworkSource): string | null {
  const cookies = 'cookies' in source ? (source.cookies?.list ?? []) : [];
  return cookies.length === 0 ? null : cookies.map(({ name, value }) => `${name}=${value}`).join('; ');
}

/** The pool or volume before the first slash, and the image behind it. */
export function splitName(name: string): { readonly volume: string; readonly path: string } | null {
  const slash = name.indexOf('/');
  return slash <= 0 ? null : { volume: name.slice(0, slash), path: name.slice(slash + 1) };
}

function volumeAndPath(name: string): { readonly volume: string; readonly path: string } {
  const parts = splitName(name);
  if (!parts) throw new VireoError('XML_ERROR', `can't split path '${name}' into pool name and image name`);
  return parts;
}

function rbdNode(source: SourceOf<'rbd'>, user: string | null, encryption: StorageEncryption | null, secrets: NodeSecrets): JsonObject {
  const { volume, path } = volumeAndPath(source.name);
  return withoutNulls({
    driver: 'rbd', pool: volume, image: path, snapshot: source.snapshot, conf: source.config,
    server: source.hosts.length === 0 ? null : source.hosts.map(inetAddress),
    encrypt: encryption?.engine === 'librbd' ? nestedEncryption(encryption.format, secrets.encryption) : null,
    user, 'auth-client-required': user === null ? null : ['cephx', 'none'], 'key-secret': secrets.auth,
  });
}

/** Ceph's layers of encryption lie within one another, the outermost first. */
function nestedEncryption(format: string, keys: readonly string[]): JsonObject | null {
  return keys.toReversed().reduce<JsonObject | null>((parent, key) => ({ format, 'key-secret': key, ...(parent ? { parent } : {}) }), null);
}

function iscsiNode(source: SourceOf<'iscsi'>, user: string | null, secrets: NodeSecrets): JsonObject {
  const { name, port } = onlyHost(source);
  const [target = '', lun = '0'] = source.name.split('/', 2);
  return withoutNulls({
    driver: 'iscsi', portal: `${bracketed(name ?? '')}:${port ?? 0}`, target, lun: Number(lun), transport: 'tcp',
    user, 'password-secret': secrets.auth, 'initiator-name': source.initiator,
  });
}

function curlNode(source: SourceOf<'http' | 'https' | 'ftp' | 'ftps'>, user: string | null, secrets: NodeSecrets): JsonObject {
  const { name, port } = onlyHost(source);
  const path = encodeURI(source.name.startsWith('/') ? source.name : `/${source.name}`).replace(/[?#]/g, encodeURIComponent);
  const query = 'query' in source && source.query !== null ? `?${source.query}` : '';
  return withoutNulls({
    driver: source.protocol, url: `${source.protocol}://${bracketed(name ?? '')}:${port ?? 0}${path}${query}`, username: user, 'password-secret': secrets.auth,
    sslverify: 'sslVerify' in source ? source.sslVerify : null, 'cookie-secret': secrets.cookies, timeout: source.timeoutSeconds, readahead: source.readaheadBytes,
  });
}

function socketAddress(host: StorageHost): JsonObject {
  return host.transport === 'unix' ? { type: 'unix', path: host.socket ?? '' } : { type: 'inet', ...inetAddress(host) };
}

function inetAddress({ name, port }: StorageHost): JsonObject {
  return { host: name ?? '', port: String(port ?? 0) };
}

function onlyHost({ protocol, hosts }: NetworkSource): StorageHost {
  const [host, second] = hosts;
  if (!host || second) throw new VireoError('CONFIG_UNSUPPORTED', `protocol '${protocol}' takes exactly one host, not ${hosts.length}`);
  return host;
}

/** A numeric account, as QEMU takes it; `+1000` is how libvirt says that a name of digits is a number. */
function accountOf(name: string | null | undefined): number | null {
  const digits = /^\+?(\d{1,10})$/.exec(name ?? '')?.[1];
  return digits === undefined ? null : Number(digits);
}

function bracketed(name: string): string {
  return isIPv6(name) ? `[${name}]` : name;
}
