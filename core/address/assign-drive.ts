/** Places on SATA, IDE, SCSI and floppy controllers (E4): what the target's name says, or the next one free. */
import { VireoError } from '../base/errors.ts';
import type { DriveAddress } from '../conf/device-address.ts';
import type { DeviceDefinition } from '../conf/device-definition.ts';
import type { AddressNeed, DomainSurroundings } from '../devices/device-module.ts';
import { moduleOf } from '../devices/registry.ts';

type DriveNeed = Extract<AddressNeed, { readonly type: 'drive' }>;

/** How many places one controller has; libvirt's numbering of targets counts the same way. */
const shapes = {
  sata: { buses: 1, units: 6 },
  ide: { buses: 2, units: 2 },
  fdc: { buses: 1, units: 2 },
  scsi: { buses: 1, units: 16_384 },
} as const;

/** Beyond the preferred place, how many controllers are looked at for a free one. */
const maximumControllers = 16;

export function assignDrive(domain: DomainSurroundings): readonly DeviceDefinition[] {
  const { devices } = domain.definition;
  const used = new Map<string, string>();
  const addresses = new Map<DeviceDefinition, DriveAddress>();
  const drives = devices.flatMap((device) => {
    const need = domain.needOf(device);
    return need.type === 'drive' ? [{ device, need, name: moduleOf(device).label(device) }] : [];
  });
  for (const { device, need, name } of drives) {
    if (device.address?.type === 'drive') reserve(used, need, device.address, name);
  }
  for (const { device, need, name } of drives) {
    if (device.address?.type === 'drive') continue;
    const address = freePlace(used, need, name);
    reserve(used, need, address, name);
    addresses.set(device, address);
  }
  return devices.map((device) => ({ ...device, address: addresses.get(device) ?? device.address }) as DeviceDefinition);
}

function reserve(used: Map<string, string>, need: DriveNeed, address: DriveAddress, name: string): void {
  const { buses, units } = shapes[need.controller];
  const where = `${need.controller} controller ${address.controller}, bus ${address.bus}, unit ${address.unit}`;
  if (address.bus >= buses || address.unit >= units) {
    throw new VireoError('XML_ERROR', `${name}: ${where} does not exist; there are ${buses} buses of ${units} units`);
  }
  const other = used.get(keyOf(need, address));
  if (other !== undefined) throw new VireoError('XML_ERROR', `${where} is used by both ${other} and ${name}`);
  used.set(keyOf(need, address), name);
}

function freePlace(used: ReadonlyMap<string, string>, need: DriveNeed, name: string): DriveAddress {
  if (!used.has(keyOf(need, need.preferred))) return need.preferred;
  const { buses, units } = shapes[need.controller];
  for (let controller = 0; controller < maximumControllers; controller += 1) {
    for (let bus = 0; bus < buses; bus += 1) {
      for (let unit = 0; unit < Math.min(units, 64); unit += 1) {
        const address: DriveAddress = { type: 'drive', controller, bus, target: 0, unit };
        if (!used.has(keyOf(need, address))) return address;
      }
    }
  }
  throw new VireoError('CONFIG_UNSUPPORTED', `no free place on a ${need.controller} controller for ${name}`);
}

function keyOf({ controller }: DriveNeed, address: DriveAddress): string {
  return [controller, address.controller, address.bus, address.target, address.unit].join(' ');
}
