/**
 * The generic nodes of SCSI devices (`/dev/sg3`), which are numbered as they are found and known by their address in
 * sysfs only. Looked up for a run; a command line that is only shown names them after their address.
 */
import { readdir } from 'node:fs/promises';
import { devicesOf } from '../../conf/device-definition.ts';
import type { DomainDefinition } from '../../conf/domain-definition.ts';
import type { HostdevOf } from './hostdev-definition.ts';

type AdapterSource = Extract<HostdevOf<'scsi'>['source'], { readonly protocol: 'adapter' }>;

/** `host:bus:target:unit`, as the kernel writes it. */
export function scsiAddress({ adapter, address }: AdapterSource): string {
  const host = /^scsi_host(\d{1,6})$/.exec(adapter.name)?.[1] ?? adapter.name;
  return [host, address.bus, address.target, address.unit].join(':');
}

/** The nodes of those that are on this host, by `scsiAddress`. */
export async function findScsiGenerics({ devices }: Pick<DomainDefinition, 'devices'>, folder = '/sys/bus/scsi/devices'): Promise<ReadonlyMap<string, string>> {
  const found = new Map<string, string>();
  for (const hostdev of devicesOf(devices, 'hostdev')) {
    if (hostdev.type !== 'scsi' || hostdev.source.protocol !== 'adapter') continue;
    const address = scsiAddress(hostdev.source);
    if (!/^\d+(:\d+){3}$/.test(address)) continue;
    const [name] = await readdir(`${folder}/${address}/scsi_generic`).catch(() => [] as string[]);
    if (name !== undefined) found.set(address, `/dev/${name}`);
  }
  return found;
}
