/** Finds the QEMU id of the controller that an address names. */
import { invariant } from '../../base/errors.ts';
import { devicesOf } from '../../conf/device-definition.ts';
import type { DomainDefinition } from '../../conf/domain-definition.ts';
import type { ControllerType } from './controller.ts';

export function controllerAlias(definition: DomainDefinition, type: ControllerType, index: number): string {
  const controller = devicesOf(definition.devices, 'controller').find((candidate) => candidate.type === type && candidate.index === index);
  invariant(controller?.alias, `the definition has a ${type} controller ${index} with an alias`);
  return controller.alias;
}
