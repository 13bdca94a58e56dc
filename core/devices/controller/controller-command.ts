/** Controllers on QEMU's command line: those that the board does not have anyway. */
import type { DeviceOf } from '../../conf/device-definition.ts';
import { boardOf } from '../../conf/machine-family.ts';
import { addressProperties, aliasOf } from '../address-properties.ts';
import { type CommandFragment, json, type JsonObject, plain, withoutNulls } from '../command-fragment.ts';
import type { DeviceLaunch } from '../launch-context.ts';
import { acpiProperties } from '../pci-fields.ts';
import { virtioProperties } from '../virtio/virtio-device.ts';
import { controllerAlias } from './controller-alias.ts';
import { driverOf, isVirtioScsi } from './controller-model.ts';

type Controller = DeviceOf<'controller'>;

export function controllerCommandLine(controller: Controller, launch: DeviceLaunch): readonly CommandFragment[] {
  const driver = driverOf(controller, boardOf(launch.definition.os.type));
  if (driver === null) return boardFragments(controller, launch);
  const device = withoutNulls({
    driver,
    ...ownProperties(controller, launch),
    id: aliasOf(controller),
    ...addressProperties(controller.address, launch),
    ...acpiProperties(controller.acpi),
  });
  return [json('device', device)];
}

/** Settings of a root, which is made with the machine. */
function boardFragments({ type, model, target, pcihole64KiB }: Controller, { definition }: DeviceLaunch): readonly CommandFragment[] {
  if (type !== 'pci') return [];
  const isQ35 = boardOf(definition.os.type).name === 'q35';
  const host = isQ35 ? 'q35-pcihost' : 'i440FX-pcihost';
  const hotplug = model === 'pci-root' ? (target?.hotplug ?? null) : null;
  return [
    ...(pcihole64KiB === null ? [] : [plain('global', `${host}.pci-hole64-size=${pcihole64KiB}K`)]),
    ...(hotplug === null ? [] : [plain('global', `PIIX4_PM.acpi-root-pci-hotplug=${hotplug ? 'on' : 'off'}`)]),
  ];
}

function ownProperties(controller: Controller, launch: DeviceLaunch): JsonObject {
  const { type, ports, vectors, driver } = controller;
  switch (type) {
    case 'pci':
      return pciProperties(controller);
    case 'usb':
      return usbProperties(controller, launch);
    case 'virtio-serial':
      return { ...virtioProperties(driver), ...withoutNulls({ max_ports: ports, vectors }) };
    case 'scsi':
      return isVirtioScsi(controller.model) ? scsiProperties(controller) : {};
    default:
      return {};
  }
}

function pciProperties({ target, model }: Controller): JsonObject {
  const isRoot = model === 'pci-root';
  const memReserveKiB = target?.memReserveKiB ?? null;
  return withoutNulls({
    chassis_nr: target?.chassisNr ?? null,
    bus_nr: target?.busNr ?? null,
    port: target?.port ?? null,
    chassis: target?.chassis ?? null,
    index: isRoot ? (target?.index ?? null) : null,
    numa_node: target?.node ?? null,
    hotplug: target?.hotplug ?? null,
    'mem-reserve': memReserveKiB === null ? null : memReserveKiB * 1024,
  });
}

function usbProperties({ model, index, ports, masterStartPort }: Controller, launch: DeviceLaunch): JsonObject {
  const isXhci = model?.endsWith('xhci') ?? false;
  return withoutNulls({
    p2: isXhci ? ports : null,
    p3: isXhci ? ports : null,
    masterbus: masterStartPort === null ? null : `${controllerAlias(launch.definition, 'usb', index ?? 0)}.0`,
    firstport: masterStartPort,
  });
}

function scsiProperties({ driver }: Controller): JsonObject {
  const mapping = (driver?.iothreads ?? []).map(({ id, queues }) => ({ iothread: `iothread${id}`, ...(queues.length > 0 ? { vqs: queues.map((queue) => queue.id) } : {}) }));
  return withoutNulls({
    ...virtioProperties(driver),
    iothread: driver?.iothread ? `iothread${driver.iothread}` : null,
    num_queues: driver?.queues || null,
    'iothread-vq-mapping': mapping.length > 0 ? mapping : null,
    cmd_per_lun: driver?.cmdPerLun || null,
    max_sectors: driver?.maxSectors || null,
    ioeventfd: driver?.ioeventfd ?? null,
  });
}
