/** An address as -device properties: the bus by QEMU's name and the place on it. */
import { invariant } from '../base/errors.ts';
import type { Address, DriveAddress } from '../conf/device-address.ts';
import { type CommandFragment, json, type JsonObject } from './command-fragment.ts';
import { controllerAlias, findController } from './controller/controller-alias.ts';
import { scsiShape } from './controller/controller-model.ts';
import type { DeviceLaunch } from './launch-context.ts';

/** Empty for a device that has no address. A place for a drive depends on the bus as well: see driveProperties. */
export function addressProperties(address: Address | null, launch: DeviceLaunch): JsonObject {
  if (!address) return {};
  switch (address.type) {
    case 'pci': {
      const slot = `0x${address.slot.toString(16)}`;
      return {
        bus: pciBusName(address.bus, launch),
        ...(address.multifunction === null ? {} : { multifunction: address.multifunction }),
        addr: address.function === 0 ? slot : `${slot}.0x${address.function.toString(16)}`,
      };
    }
    case 'virtio-serial': {
      const bus = `${controllerAlias(launch.definition, 'virtio-serial', address.controller)}.${address.bus}`;
      // Port 0 is the console's; QEMU gives it to the first console by itself.
      return address.port === null || address.port === 0 ? { bus } : { bus, nr: address.port };
    }
    case 'usb':
      return { bus: `${controllerAlias(launch.definition, 'usb', address.bus)}.0`, ...(address.port === null ? {} : { port: address.port }) };
    case 'isa':
      return { ...(address.iobase === null ? {} : { iobase: address.iobase }), ...(address.irq === null ? {} : { irq: address.irq }) };
    case 'ccw':
      return { devno: `${(address.cssid ?? 0).toString(16)}.${address.ssid ?? 0}.${(address.devno ?? 0).toString(16).padStart(4, '0')}` };
    case 'ccid':
      return { bus: `${controllerAlias(launch.definition, 'ccid', address.controller)}.0` };
    case 'spapr-vio':
      return address.reg === null ? {} : { reg: Number(address.reg) };
    case 'dimm':
      return { ...(address.slot === null ? {} : { slot: address.slot }), ...(address.base ? { addr: Number(address.base) } : {}) };
    case 'drive':
    case 'virtio-mmio':
    case 'unassigned':
      return {};
  }
}

/** The bus of a further host bridge of pSeries is named after the bridge; all others have the name of what makes them. */
function pciBusName(index: number, { definition }: DeviceLaunch): string {
  const alias = controllerAlias(definition, 'pci', index);
  return findController(definition, 'pci', index)?.modelName === 'spapr-pci-host-bridge' && index !== 0 ? `${alias}.0` : alias;
}

/** The place of a drive by the names of QEMU's buses: each AHCI port is a bus, an IDE channel has two units. */
export function driveProperties(controller: 'ide' | 'sata' | 'scsi' | 'fdc', address: DriveAddress, launch: DeviceLaunch): JsonObject {
  const { definition } = launch;
  switch (controller) {
    case 'ide':
      return { bus: `${controllerAlias(definition, 'ide', address.controller)}.${address.bus}`, unit: address.unit };
    case 'sata':
      return { bus: `${controllerAlias(definition, 'sata', address.controller)}.${address.unit}` };
    case 'fdc':
      return { unit: address.unit };
    case 'scsi': {
      const bus = `${controllerAlias(definition, 'scsi', address.controller)}.0`;
      // Old adapters have no LUNs: the unit is what their bus calls the id.
      if (scsiShape(findController(definition, 'scsi', address.controller)?.model ?? null).byUnit) return { bus, 'scsi-id': address.unit };
      return { bus, channel: address.bus, 'scsi-id': address.target, lun: address.unit };
    }
  }
}

/** On s390x a guest sees a PCI function through a device of its own, made before the one that it stands for. */
export function zpciFragments({ address, alias }: { readonly address: Address | null; readonly alias: string | null }): readonly CommandFragment[] {
  const { uid = null, fid = null } = (address?.type === 'pci' ? address.zpci : null) ?? {};
  if (uid === null || alias === null) return [];
  return [json('device', { driver: 'zpci', uid, fid: fid ?? 0, target: alias, id: `zpci${uid}` })];
}

/** The id of a device that runs. */
export function aliasOf(device: { readonly kind: string; readonly alias: string | null }): string {
  invariant(device.alias !== null, `the ${device.kind} has an alias before it is rendered`);
  return device.alias;
}
