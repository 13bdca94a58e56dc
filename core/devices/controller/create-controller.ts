/** A controller that nobody wrote down: one that the board has or that other devices need. */
import type { DeviceOf } from '../../conf/device-definition.ts';
import type { ControllerType } from './controller.ts';

export function createController(type: ControllerType, index: number, model: string | null): DeviceOf<'controller'> {
  return {
    kind: 'controller', type, index, model, ports: null, vectors: null, maxGrantFrames: null, maxEventChannels: null, modelName: null, target: null,
    driver: null, alias: null, masterStartPort: null, acpi: null, address: null, pcihole64KiB: null,
  };
}
