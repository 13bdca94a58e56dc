/** Fills in what a controller is called, numbered and numbered by: model, index, and the `<target>` of PCI controllers. */
import { devicesOf, type DeviceOf } from '../../conf/device-definition.ts';
import type { DomainSurroundings } from '../device-module.ts';
import type { TargetOptions } from './controller-definition.ts';
import { chooseIndex } from './choose-index.ts';
import { defaultModel, ich9Functions, pciDevices } from './controller-model.ts';

type Controller = DeviceOf<'controller'>;
type Target = NonNullable<TargetOptions>;

const emptyTarget: Target = { chassisNr: null, chassis: null, port: null, busNr: null, index: null, hotplug: null, memReserveKiB: null, node: null };

export function completeController(written: Controller, domain: DomainSurroundings): Controller {
  const index = written.index ?? chooseIndex(written, domain.definition.devices);
  const model = defaultModel({ ...written, index }, domain);
  switch (written.type) {
    case 'pci':
      return completePci(written, index, model, domain);
    case 'usb':
      return { ...written, index, model, masterStartPort: written.masterStartPort ?? ich9Functions[model ?? '']?.startPort ?? null };
    default:
      return { ...written, index, model } as Controller;
  }
}

function completePci(written: Extract<Controller, { readonly type: 'pci' }>, index: number, model: string | null, domain: DomainSurroundings): Controller {
  const { address } = written;
  const controller = { ...written, index, model };
  const place = address?.type === 'pci' ? address : null;
  const modelName = controller.modelName ?? usualModelName(model, domain);
  const target = controller.target ?? emptyTarget;
  const withTarget = (more: Partial<Target>): Controller => ({ ...controller, modelName, target: { ...target, ...more } });
  switch (model) {
    case 'pci-bridge':
      return withTarget({ chassisNr: target.chassisNr ?? index });
    case 'pcie-root-port':
      // libvirt's numbering: the chassis is the bus, the port tells slot and function.
      return withTarget({ chassis: target.chassis ?? chooseChassis(written, index, domain), port: target.port ?? (place ? place.slot * 8 + place.function : null) });
    case 'pcie-switch-downstream-port':
      return withTarget({ chassis: target.chassis ?? chooseChassis(written, index, domain), port: target.port ?? place?.slot ?? null });
    case 'pci-expander-bus':
    case 'pcie-expander-bus':
      return withTarget({ busNr: target.busNr ?? chooseBusNumber(written, domain) });
    case 'pci-root':
      return domain.board.severalPciRoots ? withTarget({ index: target.index ?? (index === 0 ? 0 : chooseTargetIndex(written, domain)) }) : controller;
    default:
      return { ...controller, modelName };
  }
}

function usualModelName(model: string | null, { board, capabilities }: DomainSurroundings): string | null {
  if (model === 'pci-root') return board.severalPciRoots ? 'spapr-pci-host-bridge' : null;
  const names = pciDevices[model ?? ''] ?? [];
  return names.find((name) => capabilities.deviceTypes.has(name)) ?? names[0] ?? null;
}

/** Host bridges of pSeries are numbered from 1; 0 is the one that is always there. */
function chooseTargetIndex(written: Controller, domain: DomainSurroundings): number {
  const roots = devicesOf(domain.definition.devices, 'controller').filter((each) => each.type === 'pci' && each.model === 'pci-root' && chooseIndex(each, domain.definition.devices) !== 0);
  return firstFree(written, roots, ({ target }) => target?.index ?? null, 1);
}

/** What `written` gets when those before it that have no number either get theirs first. */
function firstFree(written: Controller, all: readonly Controller[], numberOf: (controller: Controller) => number | null, first: number): number {
  const used = new Set(all.map(numberOf));
  let free = first;
  for (const other of all) {
    if (numberOf(other) !== null) continue;
    while (used.has(free)) free += 1;
    if (other === written) return free;
    free += 1;
  }
  while (used.has(free)) free += 1;
  return free;
}

/** The bus's own number, unless somebody chose that one for another port: QEMU refuses two ports in one chassis. */
function chooseChassis(written: Controller, index: number, domain: DomainSurroundings): number {
  const controllers = devicesOf(domain.definition.devices, 'controller').filter(({ type }) => type === 'pci');
  const chosen = new Set(controllers.map(({ target }) => target?.chassis ?? null));
  if (!chosen.has(index)) return index;
  const taken = new Set([...chosen, ...controllers.map((each) => each.index)]);
  let free = 255;
  for (const other of controllers) {
    if ((other.target?.chassis ?? null) !== null || !chosen.has(other.index)) continue;
    while (taken.has(free)) free -= 1;
    if (other === written) break;
    free -= 1;
  }
  return Math.max(free, 0);
}

/**
 * An expander's own range of bus numbers ends where the next one's begins. As libvirt, each takes the two numbers below
 * the lowest one so far: its own and that of the bridge inside it.
 */
function chooseBusNumber(written: Controller, domain: DomainSurroundings): number | null {
  const expanders = devicesOf(domain.definition.devices, 'controller').filter(({ model }) => model === 'pci-expander-bus' || model === 'pcie-expander-bus');
  let lowest = Math.min(256, ...expanders.map(({ target }) => target?.busNr ?? 256));
  for (const other of expanders) {
    if ((other.target?.busNr ?? null) !== null) continue;
    lowest -= 2;
    if (other === written) break;
  }
  return lowest > 0 ? lowest : null;
}
