/** Finds the QEMU id of the controller that an address names. */
import { invariant } from '../../base/errors.ts';
import { type DeviceDefinition, type DeviceOf, devicesOf } from '../../conf/device-definition.ts';
import type { DomainDefinition } from '../../conf/domain-definition.ts';
import { boardOf } from '../../conf/machine-family.ts';
import type { ControllerType } from './controller.ts';
import { builtInName, isBuiltIn } from './controller-model.ts';

type Controller = DeviceOf<'controller'>;

/** Every device asks for its bus: the controllers are put in order once for each list of devices. */
const byDevices = new WeakMap<readonly DeviceDefinition[], ReadonlyMap<string, Controller>>();

export function findController({ devices }: DomainDefinition, type: ControllerType, index: number): Controller | null {
  let controllers = byDevices.get(devices);
  if (!controllers) {
    // A companion of an EHCI has the EHCI's number, and devices are plugged into the EHCI.
    controllers = new Map(devicesOf(devices, 'controller').filter(({ masterStartPort }) => masterStartPort === null).map((each) => [`${each.type} ${each.index}`, each]));
    byDevices.set(devices, controllers);
  }
  return controllers.get(`${type} ${index}`) ?? null;
}

/** What is on the board has QEMU's name, whatever its owner calls it. */
export function controllerAlias(definition: DomainDefinition, type: ControllerType, index: number): string {
  const controller = findController(definition, type, index);
  const board = boardOf(definition.os.type);
  if (controller && isBuiltIn(controller, board)) return builtInName(controller, board);
  invariant(controller?.alias, `the definition has a ${type} controller ${index} with an alias`);
  return controller.alias;
}
