/** Numbers for controllers that name none. */
import { type DeviceDefinition, type DeviceOf, devicesOf } from '../../conf/device-definition.ts';
import { ich9Functions } from './controller-model.ts';

type Controller = DeviceOf<'controller'>;

/** All controllers of a domain are numbered together, in their order, so that no two get one number. */
const numbered = new WeakMap<readonly DeviceDefinition[], ReadonlyMap<Controller, number>>();

/** The controller's own number, or the first that no other of its type has; `controller` is one of `devices`. */
export function chooseIndex(controller: Controller, devices: readonly DeviceDefinition[]): number {
  let indexes = numbered.get(devices);
  if (!indexes) {
    indexes = numberAll(devicesOf(devices, 'controller'));
    numbered.set(devices, indexes);
  }
  return indexes.get(controller) ?? 0;
}

function numberAll(controllers: readonly Controller[]): ReadonlyMap<Controller, number> {
  const taken = new Map<string, Set<number>>();
  const models = new Set<string>();
  const takenOf = (type: string): Set<number> => {
    const known = taken.get(type) ?? new Set<number>();
    taken.set(type, known);
    return known;
  };
  const numbers = new Map<Controller, number>();
  const assign = (controller: Controller, index: number): void => {
    numbers.set(controller, index);
    takenOf(controller.type).add(index);
    models.add(`${controller.type} ${index} ${controller.model}`);
  };
  for (const controller of controllers) if (controller.index !== null) assign(controller, controller.index);
  let lastUsb: Controller | null = null;
  for (const controller of controllers) {
    if (controller.index === null) assign(controller, besideLast(controller, lastUsb, numbers, models) ?? firstFree(controller, takenOf(controller.type)));
    if (controller.type === 'usb') lastUsb = controller;
  }
  return numbers;
}

/** The functions of one ICH9 chip share a number, where they are written one after the other and each only once. */
function besideLast(controller: Controller, lastUsb: Controller | null, numbers: ReadonlyMap<Controller, number>, models: ReadonlySet<string>): number | null {
  if (controller.type !== 'usb' || lastUsb === null || !isIch9(controller) || !isIch9(lastUsb)) return null;
  const index = numbers.get(lastUsb) ?? 0;
  return models.has(`usb ${index} ${controller.model}`) ? null : index;
}

function isIch9({ model }: Controller): boolean {
  return model !== null && model in ich9Functions;
}

/** 0 is the number of a PCI root. */
function firstFree({ type, model }: Controller, taken: ReadonlySet<number>): number {
  const isRoot = model === 'pci-root' || model === 'pcie-root';
  let free = type === 'pci' && !isRoot ? 1 : 0;
  while (taken.has(free)) free += 1;
  return free;
}
