/** The sources that names of images below can mean, each whole as a definition would have it. */
import { VireoError } from '../../base/errors.ts';
import type { NetworkSource, StorageHost } from './network-source.ts';
import type { DriveBackend } from './storage-source.ts';

const local = { startupPolicy: null, index: null, slice: null, seclabels: [], encryption: null, dataStore: null } as const;
export const remote = { index: null, slice: null, encryption: null, dataStore: null } as const;

export function fileBackend(file: string): DriveBackend {
  return { type: 'file', source: { file, fdgroup: null, ...local } };
}

export function blockBackend(dev: string): DriveBackend {
  return { type: 'block', source: { dev, ...local, reservations: null } };
}

export function networkBackend(source: NetworkSource): DriveBackend {
  return { type: 'network', source: { ...source, dataStore: null } } as DriveBackend;
}

export function notUnderstood(what: string): VireoError {
  return new VireoError('INVALID_ARG', what);
}

export function host(name: string | null, port: string | number | null, socket: string | null = null): StorageHost {
  if (socket !== null) return { name: null, port: null, transport: 'unix', socket };
  const number = port === null || port === '' ? null : Number(port);
  if (number !== null && !(Number.isInteger(number) && number >= 0 && number < 65_536)) throw notUnderstood(`'${port}' is no port`);
  if (name === null || name === '') throw notUnderstood('it names no server');
  return { name, port: number, transport: null, socket: null };
}

export function withPort(server: StorageHost, port: number): StorageHost {
  return server.transport === 'unix' || server.port !== null ? server : { ...server, port };
}

export function nbd(server: StorageHost, exportName: string | null): DriveBackend {
  return networkBackend({ protocol: 'nbd', name: exportName || null, tls: null, tlsHostname: null, hosts: [withPort(server, 10_809)], reconnectDelaySeconds: null, ...remote });
}

/** A password or a key is nothing that an image's header could say. */
export function refuseUser(user: string | null): void {
  if (user !== null && user !== '') throw notUnderstood(`it names the user '${user}', whose secret only a <backingStore> can name`);
}

/** What stands behind the server in a URL, without its first slash. @throws INVALID_ARG for a per cent sign that begins nothing. */
export function nameInUrl(url: URL): string {
  try {
    return decodeURIComponent(url.pathname.replace(/^\//, ''));
  } catch {
    throw notUnderstood(`'${url.pathname}' has a per cent sign that stands for no character`);
  }
}

export function curl(protocol: 'http' | 'https' | 'ftp' | 'ftps', url: URL, sslVerify: boolean | null = null): DriveBackend {
  const hosts = [withPort(host(url.hostname.replace(/^\[(.*)\]$/, '$1'), url.port || null), { http: 80, https: 443, ftp: 21, ftps: 990 }[protocol])];
  const common = { name: nameInUrl(url), hosts, readaheadBytes: null, timeoutSeconds: null, auth: null, ...remote };
  const query = url.search === '' ? null : url.search.slice(1);
  switch (protocol) {
    case 'http':
      return networkBackend({ protocol, query, cookies: null, ...common });
    case 'https':
      return networkBackend({ protocol, query, cookies: null, sslVerify, ...common });
    case 'ftp':
      return networkBackend({ protocol, ...common });
    case 'ftps':
      return networkBackend({ protocol, sslVerify, ...common });
  }
}

export function ssh(server: StorageHost, name: string, username: string | null): DriveBackend {
  const identity = username === null ? null : { username, keyfile: null, agentSocket: null };
  return networkBackend({ protocol: 'ssh', name, hosts: [withPort(server, 22)], knownHosts: null, identity, auth: null, ...remote });
}
