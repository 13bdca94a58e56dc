/** Refuses PCI controllers whose parts contradict each other or do not fit the machine. */
import { VireoError } from '../../base/errors.ts';
import type { DeviceOf } from '../../conf/device-definition.ts';
import { numaCells } from '../../devices/memory-total.ts';
import type { DomainSurroundings } from '../device-module.ts';
import type { TargetOptions } from './controller-definition.ts';
import { findController } from './controller-alias.ts';
import { pciDevices } from './controller-model.ts';

type Controller = DeviceOf<'controller'>;
type TargetField = keyof NonNullable<TargetOptions>;

/** What `<target>` may say for each model; the rest QEMU would not take. */
const targetFields: { readonly [model: string]: readonly TargetField[] } = {
  'pci-root': ['hotplug'],
  'pci-bridge': ['chassisNr', 'memReserveKiB'],
  'pcie-root-port': ['chassis', 'port', 'hotplug', 'memReserveKiB'],
  'pcie-switch-downstream-port': ['chassis', 'port', 'hotplug'],
  'pci-expander-bus': ['busNr', 'node'],
  'pcie-expander-bus': ['busNr', 'node'],
};

const hostBridgeFields: readonly TargetField[] = ['index', 'node'];

/** As people find them in the document. */
const spelling: Partial<Record<TargetField, string>> = { memReserveKiB: 'memReserve' };

export function validatePciController(controller: Controller, domain: DomainSurroundings): void {
  const { index, model } = controller;
  const { board, definition } = domain;
  const name = `pci controller ${index} (${model})`;
  const refuse = (text: string): never => {
    throw new VireoError('CONFIG_UNSUPPORTED', `${name}: ${text}`);
  };
  if (board.pciRoot === null) refuse(`the machine '${definition.os.type.machine}' has no PCI bus`);
  validateRoot(controller, domain, name);
  if (index !== null && index > 255) refuse('PCI buses are numbered from 0 to 255');
  if (model === 'pci-expander-bus' && board.name !== 'i440fx') refuse('only the pc machine has room for such a bus');
  if (model === 'pcie-expander-bus' && board.name !== 'q35' && board.name !== 'arm-virt') refuse(`the machine '${definition.os.type.machine}' has no room for such a bus`);
  if (model?.startsWith('pcie-') && board.pciRoot !== 'pcie-root') refuse('it needs a machine with PCI Express, such as q35');
  validateTarget(controller, domain, refuse);
  validateModelName(controller, domain, refuse);
  refuseLoop(controller, definition);
}

/** A bus that is, by however many others, plugged into itself. */
function refuseLoop(controller: Controller, definition: DomainSurroundings['definition']): void {
  const path = [controller];
  for (let at: Controller | null = controller; at?.address?.type === 'pci'; ) {
    at = findController(definition, 'pci', at.address.bus);
    if (at === null) return;
    if (path.includes(at)) throw new VireoError('XML_ERROR', `pci controller ${controller.index} is plugged into itself: ${[...path, at].map(({ index }) => index).join(' -> ')}`);
    path.push(at);
  }
}

function validateRoot({ index, model, pcihole64KiB, address }: Controller, { board, definition }: DomainSurroundings, name: string): void {
  const isRoot = model === 'pcie-root' || model === 'pci-root';
  if (isRoot && index !== 0 && !(board.severalPciRoots && model === 'pci-root')) throw new VireoError('XML_ERROR', `${name}: a root has the index 0`);
  if (isRoot && address !== null) throw new VireoError('CONFIG_UNSUPPORTED', `${name}: a root is plugged in nowhere and takes no address`);
  if (index === 0 && model !== board.pciRoot) {
    throw new VireoError('CONFIG_UNSUPPORTED', `pci controller 0 is '${model}', but the ${board.name} machine has a ${board.pciRoot}`);
  }
  if (pcihole64KiB !== null && board.name !== 'q35' && board.name !== 'i440fx') throw new VireoError('CONFIG_UNSUPPORTED', `${name}: pcihole64 is not supported for the machine '${definition.os.type.machine}'`);
}

function validateTarget({ model, target, index }: Controller, { board, definition }: DomainSurroundings, refuse: (text: string) => never): void {
  if (!target) return;
  const isHostBridge = model === 'pci-root' && board.severalPciRoots;
  const allowed = isHostBridge ? hostBridgeFields : (targetFields[model ?? ''] ?? []);
  for (const [field, value] of Object.entries(target) as [TargetField, unknown][]) {
    if (value !== null && !allowed.includes(field)) refuse(`target '${spelling[field] ?? field}' is not for this model`);
  }
  if (model === 'pci-root' && target.hotplug !== null && board.name !== 'i440fx') refuse('target hotplug can be chosen for the root of the pc machine only');
  if (isHostBridge && target.index === 0 && target.node !== null) refuse('the default host bridge belongs to no NUMA node');
  if (isHostBridge && (target.index === 0) !== (index === 0)) refuse(`target index ${target.index} is the host bridge of controller 0 only`);
  if (isHostBridge && target.index !== null && target.index > 31) refuse(`target index ${target.index} is greater than 31, the last host bridge of QEMU`);
  if (model === 'pci-bridge' && target.chassisNr === 0) refuse('target chassisNr 0 is reserved for the root bus');
  if ((model === 'pci-expander-bus' || model === 'pcie-expander-bus') && target.busNr === null) refuse('no bus number is left below the lowest expander bus; choose one');
  const cells = numaCells(definition);
  if (target.node !== null && target.node >= cells.length) refuse(`NUMA node ${target.node} is not among the ${cells.length} cells of the domain`);
}

function validateModelName({ model, modelName }: Controller, { board }: DomainSurroundings, refuse: (text: string) => never): void {
  if (modelName === null) return;
  const isHostBridge = model === 'pci-root' && board.severalPciRoots;
  const names = isHostBridge ? ['spapr-pci-host-bridge'] : (pciDevices[model ?? ''] ?? []);
  if (!names.includes(modelName)) refuse(`model name '${modelName}' is not a device for it`);
}
