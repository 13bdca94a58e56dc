/** The controllers that a domain has without naming them: the board's, and those that its devices need. */
import { devicesOf, type DeviceOf } from '../../conf/device-definition.ts';
import type { DomainSurroundings } from '../device-module.ts';
import type { ControllerType } from './controller.ts';
import { createController } from './controller-model.ts';

/** More controllers than this come from a wrong number in an address, not from a wish. */
const maximumImplicitControllers = 64;

export function implicitControllers(domain: DomainSurroundings): readonly DeviceOf<'controller'>[] {
  const present = new Set(devicesOf(domain.definition.devices, 'controller').map(({ type, index }) => `${type} ${index}`));
  const added: DeviceOf<'controller'>[] = [];
  const add = (type: ControllerType, index: number, model: string | null = null): void => {
    if (present.has(`${type} ${index}`)) return;
    present.add(`${type} ${index}`);
    added.push(createController(type, index, model));
  };
  if (domain.machine === 'q35') {
    add('pci', 0, 'pcie-root');
    add('sata', 0);
  }
  if (domain.machine === 'i440fx') add('pci', 0, 'pci-root');
  const hasUsb = devicesOf(domain.definition.devices, 'controller').some(({ type }) => type === 'usb');
  if (!hasUsb && domain.machine !== 'other') add('usb', 0);
  for (const { type, highest } of neededControllers(domain)) {
    for (let index = 0; index <= Math.min(highest, maximumImplicitControllers - 1); index += 1) add(type, index);
  }
  return added;
}

function neededControllers(domain: DomainSurroundings): readonly { type: ControllerType; highest: number }[] {
  return domain.definition.devices.flatMap((device): readonly { type: ControllerType; highest: number }[] => {
    const need = domain.needOf(device);
    if (need.type === 'virtio-serial') return [{ type: need.type, highest: device.address?.type === 'virtio-serial' ? device.address.controller : 0 }];
    if (need.type === 'drive') return [{ type: need.controller, highest: device.address?.type === 'drive' ? device.address.controller : need.preferred.controller }];
    return [];
  });
}

/** The number of a controller that names none: the first that no other of its type has. */
export function chooseIndex(controller: DeviceOf<'controller'>, domain: DomainSurroundings): number {
  const same = devicesOf(domain.definition.devices, 'controller').filter(({ type }) => type === controller.type);
  const used = new Set(same.map(({ index }) => index));
  const isRoot = controller.model?.endsWith('-root') ?? false;
  let free = controller.type === 'pci' && !isRoot ? 1 : 0;
  for (const other of same) {
    if (other.index !== null) continue;
    while (used.has(free)) free += 1;
    if (other === controller) return free;
    free += 1;
  }
  return free;
}
