/** The firmware that the definition names: a ROM for -bios, or flash memory that the guest may write to. */
import { VireoError } from '../base/errors.ts';
import type { DomainDefinition } from '../conf/domain-definition.ts';
import type { OsDefinition } from '../conf/os.ts';
import { type CommandFragment, type JsonObject, json, plain, withoutNulls } from '../devices/command-fragment.ts';
import type { LaunchContext } from '../devices/launch-context.ts';
import { nvramSecret } from '../devices/nvram-secret.ts';
import { secretObject } from '../devices/secret-object.ts';

/** libvirt's names of the flash chips: code, then variables. */
const codeNode = 'libvirt-pflash0';
const variablesNode = 'libvirt-pflash1';
const secretId = `${variablesNode}-storage-auth-secret0`;

type Nvram = NonNullable<OsDefinition['nvram']>;

/** The chips by the names of -machine's properties. */
export function firmwareNodes({ os }: DomainDefinition): Readonly<Record<string, string | null>> {
  const isFlash = os.loader?.type === 'pflash' && os.loader.path !== null;
  const hasVariables = isFlash && variables(os.nvram) !== null;
  return { pflash0: isFlash ? `${codeNode}-format` : null, pflash1: hasVariables ? `${variablesNode}-${isRaw(os.nvram) ? 'storage' : 'format'}` : null };
}

/** Block nodes for flash; they stand before -machine, which refers to them. */
export function flashFragments({ os: { loader, nvram } }: DomainDefinition, launch: Pick<LaunchContext, 'secrets'>): readonly CommandFragment[] {
  if (loader?.type !== 'pflash' || loader.path === null) return [];
  const store = variables(nvram);
  const secret = nvramSecret(nvram);
  const code = chip(codeNode, { driver: 'file', filename: loader.path }, loader.format ?? 'raw', loader.readonly ?? false);
  return [...code, ...(secret ? [secretObject(secretId, secret, launch)] : []), ...(store ? variablesChip(store, nvram) : [])];
}

/** Raw variables need no node for their format, and a guest that was started so can move only to one that has none. */
function variablesChip(store: JsonObject, nvram: Nvram | null): readonly CommandFragment[] {
  if (isRaw(nvram)) return [json('blockdev', { ...store, 'node-name': `${variablesNode}-storage`, 'read-only': false })];
  return chip(variablesNode, store, nvram?.format ?? 'raw', false);
}

function isRaw(nvram: Nvram | null): boolean {
  return (nvram?.format ?? 'raw') === 'raw';
}

export function loaderFragments({ os: { loader } }: DomainDefinition): readonly CommandFragment[] {
  if (loader === null || loader.path === null) return [];
  if (loader.type !== 'pflash') return [plain('bios', loader.path)];
  return loader.secure ? [plain('global', 'driver=cfi.pflash01,property=secure,value=on')] : [];
}

function chip(name: string, storage: JsonObject, format: string, readOnly: boolean): readonly CommandFragment[] {
  return [
    json('blockdev', { ...storage, 'node-name': `${name}-storage`, 'auto-read-only': true, discard: 'unmap' }),
    json('blockdev', { 'node-name': `${name}-format`, 'read-only': readOnly, driver: format, file: `${name}-storage` }),
  ];
}

/** Where the variables are kept, null where the firmware has none. */
function variables(nvram: Nvram | null): JsonObject | null {
  if (nvram === null) return null;
  if (nvram.type === null) return nvram.path === null ? null : { driver: 'file', filename: nvram.path };
  const { source } = nvram;
  if (nvram.type === 'file' && source?.file) return { driver: 'file', filename: source.file };
  if (nvram.type === 'block' && source?.dev) return { driver: 'host_device', filename: source.dev };
  if (nvram.type === 'network' && source) return networkStore(source, nvramSecret(nvram) && secretId);
  throw new VireoError('CONFIG_UNSUPPORTED', `nvram of type '${nvram.type}' is not supported; file, block and network are`);
}

function networkStore({ protocol, name, hosts, auth }: NonNullable<Nvram['source']>, secret: string | null): JsonObject {
  const [host] = hosts;
  const server = host?.socket ? { type: 'unix', path: host.socket } : { type: 'inet', host: host?.name ?? 'localhost', port: String(host?.port ?? 10_809) };
  if (protocol === 'nbd') return withoutNulls({ driver: 'nbd', server, export: name });
  if (protocol === 'iscsi') {
    const [, target = name ?? '', lun = '0'] = /^(.*?)(?:\/(\d+))?$/.exec(name ?? '') ?? [];
    const portal = `${host?.name ?? 'localhost'}:${host?.port ?? 3260}`;
    return withoutNulls({ driver: 'iscsi', portal, target, lun: Number(lun), transport: 'tcp', user: auth?.username ?? null, 'password-secret': secret });
  }
  throw new VireoError('CONFIG_UNSUPPORTED', `nvram over the protocol '${protocol ?? ''}' is not supported; nbd and iscsi are`);
}
