/** What a disk means where it says nothing, as libvirt fills it in, so that the user sees it in the XML. */
import { devicesOf } from '../../conf/device-definition.ts';
import type { DomainDefinition } from '../../conf/domain-definition.ts';
import type { DomainSurroundings } from '../device-module.ts';
import type { Disk } from './disk-definition.ts';
import { plainDriver } from './disk-driver.ts';
import { defaultFormat } from './disk-images.ts';
import { diskBus } from './disk-target.ts';
import { type IoTune, limitsAnything } from './io-tune.ts';
import { defaultPorts, type NetworkSource } from './network-source.ts';
import type { StorageEncryption } from './storage-encryption.ts';
import type { DriveBackend } from './storage-source.ts';

export function completeDisk(disk: Disk, { definition }: Pick<DomainSurroundings, 'definition'>): Disk {
  const driver = disk.driver ?? plainDriver;
  // A volume's format is its pool's to know.
  const type = driver.type ?? (disk.backend.type === 'volume' ? null : defaultFormat(disk.backend.type));
  return {
    ...disk,
    driver: { ...driver, name: driver.name ?? 'qemu', type },
    backend: completeBackend(disk.backend),
    snapshot: disk.snapshot ?? (disk.backend.type === 'vhostuser' ? 'no' : null),
    chain: { ...disk.chain, layers: disk.chain.layers.map((layer) => ({ ...layer, backend: completeBackend(layer.backend) })) },
    target: { ...disk.target, bus: diskBus(disk) },
    iotune: shareGroup(disk, definition),
    readonly: disk.readonly || disk.device === 'cdrom',
    encryption: disk.encryption && withEngine(disk.encryption),
  };
}

function completeBackend(backend: DriveBackend): DriveBackend {
  const { source } = backend;
  if (!source) return backend;
  if (!('encryption' in source)) return backend;
  const encryption = source.encryption && withEngine(source.encryption);
  if (backend.type === 'network') return { ...backend, source: { ...completeNetwork(backend.source as NetworkSource), encryption } } as DriveBackend;
  if (backend.type === 'nvme') return { ...backend, source: { ...source, managed: backend.source?.managed ?? true, encryption } } as DriveBackend;
  return { ...backend, source: { ...source, encryption } } as DriveBackend;
}

function completeNetwork(source: NetworkSource): NetworkSource {
  const port = defaultPorts[source.protocol];
  const hosts = port === 0 ? source.hosts : source.hosts.map((host) => (host.transport === 'unix' || (host.port ?? 0) !== 0 ? host : { ...host, port }));
  // A target without a unit means its first.
  const name = source.protocol === 'iscsi' && !source.name.includes('/') ? `${source.name}/0` : source.name;
  return { ...source, hosts, name } as NetworkSource;
}

function withEngine(encryption: StorageEncryption): StorageEncryption {
  return { ...encryption, engine: encryption.engine ?? 'qemu' };
}

/** A disk that only names a group has the group's limits. */
function shareGroup({ iotune, target }: Disk, definition: DomainDefinition): IoTune {
  if (iotune.group === null || limitsAnything(iotune)) return iotune;
  const member = devicesOf(definition.devices, 'disk').find((other) => other.target.dev !== target.dev && other.iotune.group === iotune.group && limitsAnything(other.iotune));
  return member?.iotune ?? iotune;
}
