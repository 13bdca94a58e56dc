/** `json:` in an image's header: the options of QEMU's block drivers, nested or with dotted names. */
import path from 'node:path';
import type { StorageHost } from './network-source.ts';
import { blockBackend, curl, fileBackend, host, nbd, networkBackend, notUnderstood, refuseUser, remote, ssh, withPort } from './named-sources.ts';
import type { DriveBackend, StorageFormat } from './storage-source.ts';

export interface NamedImage {
  readonly backend: DriveBackend;
  /** Null where the name does not say. */
  readonly format: StorageFormat | null;
  /** What `json:` says of the image below this one: null for none, undefined where it leaves that to the header. */
  readonly below: NamedImage | null | undefined;
}

/** @throws INVALID_ARG saying what about it is not understood. */
export function readJsonName(text: string): NamedImage {
  return fromOptions(flatten(parseJson(text)), '');
}

export function image(backend: DriveBackend): NamedImage {
  return { backend, format: null, below: undefined };
}

/** libvirt's name of QEMU's format. */
export function formatOf(name: string): StorageFormat | null {
  const renamed: Readonly<Record<string, StorageFormat>> = { vhdx: 'vhd', parallels: 'ploop' };
  const same: readonly StorageFormat[] = ['raw', 'qcow', 'qcow2', 'qed', 'vmdk', 'vdi', 'vpc', 'bochs', 'cloop', 'dmg', 'luks'];
  return renamed[name] ?? same.find((format) => format === name) ?? (name.startsWith('host_') || name === 'file' ? 'raw' : null);
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw notUnderstood(`it is no JSON: ${(error as Error).message}`);
  }
}

/** Options by their dotted names, as QEMU takes them as well: `file.server.host`. */
type Options = ReadonlyMap<string, string | null>;

function flatten(value: unknown, prefix = '', found = new Map<string, string | null>()): Options {
  if (typeof value === 'string') found.set(prefix, value);
  else if (typeof value !== 'object' || value === null) found.set(prefix, value === null ? null : JSON.stringify(value));
  else for (const [key, inner] of Object.entries(value)) flatten(inner, prefix === '' ? key : `${prefix}.${key}`, found);
  return found;
}

function has(options: Options, prefix: string): boolean {
  return [...options.keys()].some((key) => key.startsWith(prefix));
}

/** The image that the options under `prefix` (empty, or ending in a dot) describe. */
function fromOptions(options: Options, prefix: string): NamedImage {
  const get = (key: string): string | null => options.get(`${prefix}${key}`) ?? null;
  const driver = get('driver');
  if (!has(options, `${prefix}file.`)) {
    if (get('file') !== null) throw notUnderstood(`it names the node '${get('file')}' of another QEMU`);
    return image(protocolBackend(driver, options, prefix));
  }
  const format = driver === null ? null : formatOf(driver);
  if (driver !== null && format === null) throw notUnderstood(`'${driver}' is no format that this driver knows`);
  const storage = fromOptions(options, `${prefix}file.`);
  const isNested = storage.format !== null && storage.format !== 'raw';
  if (isNested || storage.below !== undefined) throw notUnderstood(`one format inside the other (${driver} on ${storage.format})`);
  const below = options.get(`${prefix}backing`) === null ? null : has(options, `${prefix}backing.`) ? fromOptions(options, `${prefix}backing.`) : undefined;
  return { backend: sliced(storage.backend, get('offset'), get('size')), format: format ?? storage.format, below };
}

/** The raw driver shows a part of what it stands on. */
function sliced(backend: DriveBackend, offset: string | null, size: string | null): DriveBackend {
  if (offset === null && size === null) return backend;
  const [offsetBytes, sizeBytes] = [Number(offset ?? 0), Number(size)];
  if (size === null || !Number.isSafeInteger(offsetBytes) || !Number.isSafeInteger(sizeBytes)) throw notUnderstood('a part of an image has an offset and a size');
  return { ...backend, source: { ...backend.source, slice: { type: 'storage', offsetBytes, sizeBytes } } } as DriveBackend;
}

function protocolBackend(driver: string | null, options: Options, prefix: string): DriveBackend {
  const get = (key: string): string | null => options.get(`${prefix}${key}`) ?? null;
  const server = (port: number): StorageHost => withPort(host(get('server.host') ?? get('host'), get('server.port') ?? get('port'), get('server.path') ?? (driver === 'nbd' ? get('path') : null)), port);
  switch (driver) {
    case 'file':
      return fileBackend(absolute(get('filename')));
    case 'host_device':
    case 'host_cdrom':
      return blockBackend(absolute(get('filename')));
    case 'nbd':
      return nbd(server(10_809), get('export'));
    case 'http':
    case 'https':
    case 'ftp':
    case 'ftps': {
      refuseUser(get('username'));
      const url = URL.canParse(get('url') ?? '') ? new URL(get('url') ?? '') : null;
      if (!url || url.protocol !== `${driver}:`) throw notUnderstood(`'${get('url')}' is no URL of ${driver}`);
      const verify = get('sslverify');
      return curl(driver, url, verify === null ? null : verify === 'true' || verify === 'on');
    }
    case 'ssh':
      return ssh(server(22), get('path') ?? '', get('user'));
    case 'iscsi': {
      refuseUser(get('user'));
      const [, name = '', port = null] = /^\[?(.*?)\]?(?::(\d+))?$/.exec(get('portal') ?? '') ?? [];
      return networkBackend({ protocol: 'iscsi', name: `${get('target')}/${get('lun') ?? 0}`, hosts: [withPort(host(name, port), 3260)], initiator: null, auth: null, ...remote });
    }
    case 'rbd': {
      refuseUser(get('user'));
      return networkBackend({ protocol: 'rbd', name: `${get('pool')}/${get('image')}`, hosts: servers(options, `${prefix}server.`), snapshot: get('snapshot'), config: get('conf'), auth: null, ...remote });
    }
    case 'gluster':
      return networkBackend({ protocol: 'gluster', name: `${get('volume')}/${get('path')}`, hosts: servers(options, `${prefix}server.`), ...remote });
    case 'nfs':
      return networkBackend({ protocol: 'nfs', name: get('path') ?? '', hosts: [host(get('server.host'), null)], identity: null, ...remote });
    case null:
      throw notUnderstood("it has no 'driver'");
    default:
      throw notUnderstood(`'${driver}' is no driver that this driver knows`);
  }
}

function servers(options: Options, prefix: string): readonly StorageHost[] {
  const found: StorageHost[] = [];
  for (let at = 0; has(options, `${prefix}${at}.`); at += 1) {
    const get = (key: string): string | null => options.get(`${prefix}${at}.${key}`) ?? null;
    found.push(host(get('host'), get('port'), get('path')));
  }
  return found;
}

/** A relative path in `json:` is from QEMU's own folder, which nobody means. */
function absolute(file: string | null): string {
  if (file === null || !path.isAbsolute(file)) throw notUnderstood(`'${file}' in it is no absolute path`);
  return file;
}
