/**
 * Ports on virtio-serial controllers (E2). Port 0 is QEMU's for a console: the console that has it names no port,
 * neither in XML nor on the command line, and nobody else gets it.
 */
import { VireoError } from '../base/errors.ts';
import type { VirtioSerialAddress } from '../conf/device-address.ts';
import { type DeviceDefinition, type DeviceOf, devicesOf } from '../conf/device-definition.ts';
import { createController } from '../devices/controller/create-controller.ts';
import { maximumVirtioSerialPorts } from '../devices/controller/validate-controller.ts';
import type { DomainSurroundings } from '../devices/device-module.ts';
import { moduleOf } from '../devices/registry.ts';
import { withAddresses } from './with-addresses.ts';

interface Port {
  readonly device: DeviceDefinition;
  readonly name: string;
  readonly isConsole: boolean;
  readonly given: VirtioSerialAddress | null;
}

interface Controller {
  readonly index: number;
  readonly size: number;
  readonly used: Map<number, string>;
  /** No port from 1 to below this one is free. */
  firstFree: number;
}

export function assignVirtioSerial(domain: DomainSurroundings): readonly DeviceDefinition[] {
  const { devices } = domain.definition;
  const ports = devices.flatMap((device): readonly Port[] => {
    const need = domain.needOf(device);
    if (need.type !== 'virtio-serial') return [];
    const given = device.address?.type === 'virtio-serial' ? device.address : null;
    return [{ device, name: moduleOf(device).label(device), isConsole: need.console, given }];
  });
  const controllers = devicesOf(devices, 'controller')
    .filter(({ type }) => type === 'virtio-serial')
    .map(({ index, ports: size }): Controller => ({ index: index ?? 0, size: size ?? maximumVirtioSerialPorts, used: new Map(), firstFree: 1 }))
    .toSorted((a, b) => a.index - b.index);
  const addresses = new Map<DeviceDefinition, VirtioSerialAddress>();
  const added: DeviceOf<'controller'>[] = [];
  for (const port of ports) if (port.given && port.given.port !== null) reserve(controllers, port, port.given.port);
  for (const port of ports) {
    if (port.given?.port === null) addresses.set(port.device, fillIn(controllers, port, port.given));
    else if (!port.given) addresses.set(port.device, assign(controllers, port, added));
  }
  return [...withAddresses(devices, addresses), ...added];
}

function reserve(controllers: readonly Controller[], port: Port, number: number): void {
  const controller = controllerOf(controllers, port);
  const where = `virtio-serial port ${number} of controller ${controller.index}`;
  if (number === 0 && !port.isConsole) throw new VireoError('XML_ERROR', `${where} is reserved for a console; ${port.name} cannot have it`);
  if (number >= controller.size) throw new VireoError('XML_ERROR', `${where}, wanted by ${port.name}, does not exist: the controller has ${controller.size} ports`);
  const other = controller.used.get(number);
  if (other !== undefined) throw new VireoError('XML_ERROR', `${where} is used by both ${other} and ${port.name}`);
  controller.used.set(number, port.name);
}

/** The controller stands in the definition, the port does not. */
function fillIn(controllers: readonly Controller[], port: Port, given: VirtioSerialAddress): VirtioSerialAddress {
  const controller = controllerOf(controllers, port);
  const number = takeFree(controller, port);
  if (number === undefined) throw new VireoError('XML_ERROR', `virtio-serial controller ${controller.index} has no free port for ${port.name}`);
  return { ...given, bus: 0, port: number };
}

function assign(controllers: Controller[], port: Port, added: DeviceOf<'controller'>[]): VirtioSerialAddress {
  for (const controller of controllers) {
    const number = takeFree(controller, port);
    if (number !== undefined) return { type: 'virtio-serial', controller: controller.index, bus: 0, port: number };
  }
  const index = Math.max(-1, ...controllers.map((controller) => controller.index)) + 1;
  controllers.push({ index, size: maximumVirtioSerialPorts, used: new Map(), firstFree: 1 });
  added.push(createController('virtio-serial', index, null));
  return assign(controllers, port, added);
}

/** The first free port; null is a console's port 0, undefined is none. */
function takeFree(controller: Controller, port: Port): number | null | undefined {
  if (port.isConsole && controller.size > 0 && !controller.used.has(0)) {
    controller.used.set(0, port.name);
    return null;
  }
  while (controller.used.has(controller.firstFree)) controller.firstFree += 1;
  if (controller.firstFree >= controller.size) return undefined;
  controller.used.set(controller.firstFree, port.name);
  return controller.firstFree;
}

function controllerOf(controllers: readonly Controller[], { given, name }: Port): Controller {
  const controller = controllers.find(({ index }) => index === given?.controller);
  if (!controller) throw new VireoError('XML_ERROR', `${name} names virtio-serial controller ${given?.controller}, which does not exist`);
  return controller;
}
