/** `<controller>`: the buses that other devices are plugged into. */
import type { DeviceOf } from '../../conf/device-definition.ts';
import type { DomainDefinition } from '../../conf/domain-definition.ts';
import { boardOf } from '../../conf/machine-family.ts';
import type { DeviceModule } from '../device-module.ts';
import { completeController } from './complete-controller.ts';
import { controllerCommandLine } from './controller-command.ts';
import { controllerCodec } from './controller-definition.ts';
import { builtInName, ich9Functions, isBuiltIn } from './controller-model.ts';
import { controllerNeed } from './controller-need.ts';
import { implicitControllers } from './implicit-controllers.ts';
import { validateController } from './validate-controller.ts';

type Controller = DeviceOf<'controller'>;
export type ControllerType = Controller['type'];

export const controllerModule: DeviceModule<'controller'> = {
  kind: 'controller',
  codec: controllerCodec,
  defaults: completeController,
  domainDefaults: implicitControllers,
  validate: validateController,
  address: controllerNeed,
  alias: controllerAliasName,
  abi: {
    type: 'same', index: 'same', model: 'same', ports: 'same', vectors: 'same', maxGrantFrames: 'same', maxEventChannels: 'same', modelName: 'same',
    target: 'same',
    driver: { ioeventfd: 'may-change', iothread: 'may-change', iothreads: 'may-change', cmdPerLun: 'may-change', maxSectors: 'may-change' },
    masterStartPort: 'same', acpi: 'same', alias: 'may-change', address: 'same', pcihole64KiB: 'same',
  },
  prepare: 'nothing',
  commandLine: controllerCommandLine,
  boots: () => 'none',
  hostNeeds: 'none',
  sideProcesses: 'none',
  hotplug: 'unsupported',
  live: 'none',
  label: (controller) => (controller.model === 'none' ? `no ${controller.type} controller` : `${controller.model ?? controller.type} controller ${controller.index ?? ''}`.trim()),
};

/**
 * libvirt's names, so that what people know of `-device` ids and monitors stays true. A companion of an EHCI shares the
 * EHCI's bus and, unlike in libvirt, has a name of its own.
 */
function controllerAliasName(controller: Controller, _: (prefix: string) => string, definition: DomainDefinition): string {
  const { type, index, model } = controller;
  const board = boardOf(definition.os.type);
  if (isBuiltIn(controller, board)) return builtInName(controller, board);
  if (type === 'pci') return `pci.${index}`;
  const name = type === 'usb' && index === 0 ? 'usb' : `${type}${index}`;
  return typeof ich9Functions[model ?? '']?.startPort === 'number' ? `${name}-${model}` : name;
}
