/** `<controller>`: the buses that other devices are plugged into. */
import { attribute, child, type Infer, object, optional } from '../../conf/codec/codec.ts';
import { hexadecimal, integer, oneOf, onOff, pattern, unsigned } from '../../conf/codec/scalar.ts';
import { deviceFields } from '../../conf/device-address.ts';
import type { DeviceOf } from '../../conf/device-definition.ts';
import { addressProperties, aliasOf } from '../address-properties.ts';
import { type CommandFragment, json, type JsonObject, withoutNulls } from '../command-fragment.ts';
import { type AddressNeed, type DeviceModule, type DomainSurroundings, pciNeed, pciRank } from '../device-module.ts';
import type { DeviceLaunch } from '../launch-context.ts';
import { defaultModel, isBuiltIn, modelDrivers, soldered } from './controller-model.ts';
import { chooseIndex, implicitControllers } from './implicit-controllers.ts';
import { validateController } from './validate-controller.ts';

const driverCodec = object({
  queues: optional(attribute('queues', integer(1, 1024))),
  cmdPerLun: optional(attribute('cmd_per_lun', unsigned)),
  maxSectors: optional(attribute('max_sectors', unsigned)),
});

const targetCodec = object({
  chassisNr: optional(attribute('chassisNr', integer(1, 255))),
  chassis: optional(attribute('chassis', integer(0, 255))),
  port: optional(attribute('port', hexadecimal(1, 255))),
  hotplug: optional(attribute('hotplug', onOff)),
});

export const controllerTypes = ['ide', 'fdc', 'scsi', 'sata', 'virtio-serial', 'ccid', 'usb', 'pci'] as const;
export type ControllerType = (typeof controllerTypes)[number];

const controllerCodec = object({
  type: attribute('type', oneOf(controllerTypes)),
  /** Null until the definition is completed: the first free number of the type. */
  index: optional(attribute('index', unsigned)),
  model: optional(attribute('model', pattern(/^[a-z0-9-]{1,40}$/, 'a model such as pcie-root-port, qemu-xhci, virtio-scsi'))),
  ports: optional(attribute('ports', integer(0, 255))),
  vectors: optional(attribute('vectors', unsigned)),
  /** The QEMU device behind a PCI model, as libvirt names it. */
  modelName: optional(child('model', attribute('name', pattern(/^[a-z0-9-]{1,40}$/, 'a device such as pcie-root-port')))),
  target: optional(child('target', targetCodec)),
  driver: optional(child('driver', driverCodec)),
  ...deviceFields,
});

declare module '../../conf/device-definition.ts' {
  interface DeviceDefinitions {
    controller: Infer<typeof controllerCodec>;
  }
}

export const controllerModule: DeviceModule<'controller'> = {
  kind: 'controller',
  codec: controllerCodec,
  defaults: (controller, domain) => completeController(controller, domain),
  domainDefaults: implicitControllers,
  validate: validateController,
  address: controllerNeed,
  alias: controllerAliasName,
  abi: {
    type: 'same', index: 'same', model: 'same', ports: 'same', vectors: 'same', modelName: 'same', target: 'same',
    driver: 'may-change', alias: 'may-change', address: 'same',
  },
  prepare: 'nothing',
  commandLine,
  boots: () => 'none',
  hostNeeds: 'none',
  sideProcesses: 'none',
  hotplug: 'unsupported',
  live: 'none',
  label: (controller) => (controller.model === 'none' ? `no ${controller.type} controller` : `${controller.model ?? controller.type} controller ${controller.index ?? ''}`.trim()),
};

function completeController(controller: DeviceOf<'controller'>, domain: DomainSurroundings): DeviceOf<'controller'> {
  const model = controller.model ?? defaultModel(controller.type, controller.index, domain);
  const index = controller.index ?? chooseIndex(controller, domain);
  if (controller.type !== 'pci' || index === 0) return { ...controller, model, index };
  const modelName = controller.modelName ?? modelDrivers.get(`pci/${model}`) ?? null;
  const target = controller.target ?? { chassisNr: null, chassis: null, port: null, hotplug: null };
  if (model === 'pcie-root-port') {
    const { address } = controller;
    // libvirt's numbering: the chassis is the bus, the port tells slot and function.
    const port = target.port ?? (address?.type === 'pci' ? address.slot * 8 + address.function : null);
    return { ...controller, model, index, modelName, target: { ...target, chassis: target.chassis ?? index, port } };
  }
  if (model === 'pci-bridge') return { ...controller, model, index, modelName, target: { ...target, chassisNr: target.chassisNr ?? index } };
  return { ...controller, model, index, modelName };
}

function controllerNeed(controller: DeviceOf<'controller'>, domain: DomainSurroundings): AddressNeed {
  if (controller.model === 'none') return { type: 'none' };
  if (controller.type === 'pci') {
    if (controller.index === 0) return { type: 'none' };
    const port = controller.model === 'pcie-root-port';
    return pciNeed(0, controller.model === 'pcie-to-pci-bridge' ? 'express' : port ? 'express' : 'conventional', { port });
  }
  if (controller.type === 'fdc' || controller.type === 'ccid') return { type: 'none' };
  const fixed = soldered(controller, domain.machine);
  const conventional = controller.type === 'sata' || controller.type === 'ide' || (controller.type === 'usb' && !controller.model?.endsWith('xhci'));
  return pciNeed(pciRank.controller, conventional ? 'conventional' : 'either', { fixed });
}

/** libvirt's names, so that what people know of `-device` ids and monitors stays true. */
function controllerAliasName(controller: DeviceOf<'controller'>): string {
  const { type, index, model } = controller;
  if (type === 'pci') return model === 'pcie-root' ? 'pcie.0' : `pci.${index}`;
  if ((type === 'usb' || type === 'ide') && index === 0) return type;
  // The board's own AHCI calls its bus ide.
  if (type === 'sata' && index === 0 && controller.address?.type === 'pci' && controller.address.slot === 0x1f) return 'ide';
  return `${type}${index}`;
}

function commandLine(controller: DeviceOf<'controller'>, launch: DeviceLaunch): readonly CommandFragment[] {
  const driver = modelDrivers.get(`${controller.type}/${controller.model ?? ''}`);
  if (isBuiltIn(controller) || driver === undefined) return [];
  const device = withoutNulls({ driver, ...ownProperties(controller), id: aliasOf(controller), ...addressProperties(controller.address, launch) });
  return [json('device', device)];
}

function ownProperties(controller: DeviceOf<'controller'>): JsonObject {
  const { target, ports, vectors } = controller;
  switch (controller.type) {
    case 'pci':
      return withoutNulls({ chassis_nr: target?.chassisNr ?? null, port: target?.port ?? null, chassis: target?.chassis ?? null, hotplug: target?.hotplug ?? null });
    case 'usb':
      return controller.model?.endsWith('xhci') ? withoutNulls({ p2: ports, p3: ports }) : {};
    case 'virtio-serial':
      return withoutNulls({ max_ports: ports, vectors });
    case 'scsi':
      return withoutNulls({
        num_queues: controller.driver?.queues ?? null,
        cmd_per_lun: controller.driver?.cmdPerLun ?? null,
        max_sectors: controller.driver?.maxSectors ?? null,
      });
    default:
      return {};
  }
}
