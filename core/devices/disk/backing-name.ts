/**
 * The name of the image below, as an image's header has it: a path, one of QEMU's old spellings, a URL, or `json:` with
 * the options of its block drivers. A guest may have written it, so what is not understood is refused and never passed on.
 */
import { realpath } from 'node:fs/promises';
import path from 'node:path';
import { image, type NamedImage, readJsonName } from './backing-json.ts';
import { blockBackend, curl, host, nameInUrl, nbd, networkBackend, notUnderstood, refuseUser, remote, ssh, withPort } from './named-sources.ts';
import type { StorageHost } from './network-source.ts';
import type { DriveBackend } from './storage-source.ts';

/** @throws INVALID_ARG saying what about the name is not understood. */
export function readBackingName(name: string): NamedImage | { readonly path: string } {
  if (name.startsWith('json:')) return readJsonName(name.slice('json:'.length));
  if (name.startsWith('file:')) return { path: name.slice('file:'.length).replace(/^\/\/(?=\/)/, '') };
  if (/^host_(device|cdrom):/.test(name)) return image(blockBackend(name.slice(name.indexOf(':') + 1)));
  if (/^nbd:(?!\/\/)/.test(name)) return image(oldNbd(name.slice('nbd:'.length)));
  if (name.startsWith('rbd:')) return image(oldRbd(name.slice('rbd:'.length)));
  if (/^[a-z][a-z0-9+.-]*:\/\//i.test(name)) return image(fromUrl(name));
  // QEMU takes everything before a colon for a protocol, unless a slash stands before it.
  if (/^[a-z][a-z0-9+.-]*:/i.test(name)) throw notUnderstood(`'${name.slice(0, name.indexOf(':'))}' is no protocol that this driver knows`);
  return { path: name };
}

/** As QEMU: from the folder of the image above as it was named, with `..` of that folder and not of the text. */
export async function resolveBackingPath(name: string, above: string): Promise<string> {
  if (path.isAbsolute(name)) return name;
  const joined = `${path.dirname(above)}/${name}`;
  if (!name.split('/').includes('..')) return path.normalize(joined);
  const folder = await realpath(path.dirname(joined)).catch(() => path.dirname(joined));
  return path.join(folder, path.basename(joined));
}

/** `host:port:exportname=x` or `unix:/path:exportname=x` */
function oldNbd(text: string): DriveBackend {
  const [where = '', exportName = null] = text.split(/:exportname=(.*)/s);
  const unix = /^unix:(.+)$/s.exec(where)?.[1] ?? null;
  const [, name = '', port = ''] = /^(?:\[?)(.*?)(?:\]?):(\d+)$/s.exec(where) ?? [];
  return nbd(unix === null ? host(name, port) : host(null, null, unix), exportName);
}

/** `pool/image@snapshot:key=value:...` with a backslash before characters that mean something. */
function oldRbd(text: string): DriveBackend {
  const [name = '', ...options] = text.split(/(?<!\\):/).map((part) => part.replace(/\\(.)/g, '$1'));
  const [poolAndImage = '', snapshot = null] = name.split('@', 2);
  const given = new Map(options.map((option) => option.split(/=(.*)/s, 2) as [string, string]));
  refuseUser(given.get('id') ?? null);
  const hosts = (given.get('mon_host') ?? '').split(/[;,]/).filter(Boolean).map((each) => host(each.replace(/:\d+$/, ''), /:(\d+)$/.exec(each)?.[1] ?? null));
  return networkBackend({ protocol: 'rbd', name: poolAndImage, hosts, snapshot, config: given.get('conf') ?? null, auth: null, ...remote });
}

function fromUrl(text: string): DriveBackend {
  let url: URL;
  try {
    url = new URL(text);
  } catch {
    throw notUnderstood('it is no URL');
  }
  const [protocol = '', transport = 'tcp'] = url.protocol.slice(0, -1).split('+');
  const name = nameInUrl(url);
  const server = (port: number): StorageHost => (transport === 'unix' ? host(null, null, url.searchParams.get('socket') ?? '') : withPort(host(url.hostname.replace(/^\[(.*)\]$/, '$1'), url.port || null), port));
  switch (protocol) {
    case 'nbd':
      return nbd(server(10_809), name);
    case 'http':
    case 'https':
    case 'ftp':
    case 'ftps':
      refuseUser(url.username);
      return curl(protocol, url);
    case 'ssh':
      return ssh(server(22), `/${name}`, url.username || null);
    case 'iscsi': {
      refuseUser(url.username);
      return networkBackend({ protocol: 'iscsi', name, hosts: [server(3260)], initiator: null, auth: null, ...remote });
    }
    case 'gluster':
      return networkBackend({ protocol: 'gluster', name, hosts: [server(24_007)], ...remote });
    case 'nfs':
      return networkBackend({ protocol: 'nfs', name: `/${name}`, hosts: [host(url.hostname, null)], identity: null, ...remote });
    default:
      throw notUnderstood(`'${protocol}' is no protocol that this driver knows`);
  }
}
