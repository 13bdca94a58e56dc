/** What may be plugged into what on PCI: the rules for each model of bus, as libvirt and QEMU have them (libvirt 11.3). */
import type { PciBridgeModel } from '../../devices/device-module.ts';

export type PciBusModel = 'pci-root' | 'pcie-root' | PciBridgeModel;

/** The shapes of a plug: the two kinds of endpoint, and each bridge by its model. */
export type PciPlug = 'conventional' | 'express' | PciBridgeModel;

interface BusRules {
  readonly accepts: ReadonlySet<PciPlug>;
  /** Whether endpoints are put there without being told to: not where they could never be unplugged again. */
  readonly takesEndpoints: boolean;
  readonly firstSlot: number;
  readonly lastSlot: number;
}

const lastSlot = 31;
const conventional: ReadonlySet<PciPlug> = new Set(['conventional', 'pci-bridge']);
const behindPort: ReadonlySet<PciPlug> = new Set(['express', 'pcie-switch-upstream-port', 'pcie-to-pci-bridge']);

const rules: { readonly [M in PciBusModel]: BusRules } = {
  'pci-root': { accepts: new Set(['conventional', 'pci-bridge', 'pci-expander-bus']), takesEndpoints: true, firstSlot: 1, lastSlot },
  'pci-bridge': { accepts: conventional, takesEndpoints: true, firstSlot: 1, lastSlot },
  'pci-expander-bus': { accepts: conventional, takesEndpoints: true, firstSlot: 0, lastSlot },
  'dmi-to-pci-bridge': { accepts: conventional, takesEndpoints: false, firstSlot: 0, lastSlot },
  'pcie-to-pci-bridge': { accepts: conventional, takesEndpoints: true, firstSlot: 1, lastSlot },
  'pcie-root': { accepts: new Set(['express', 'pcie-root-port', 'dmi-to-pci-bridge', 'pcie-expander-bus']), takesEndpoints: false, firstSlot: 1, lastSlot },
  'pcie-root-port': { accepts: behindPort, takesEndpoints: true, firstSlot: 0, lastSlot: 0 },
  'pcie-switch-downstream-port': { accepts: behindPort, takesEndpoints: true, firstSlot: 0, lastSlot: 0 },
  'pcie-switch-upstream-port': { accepts: new Set(['pcie-switch-downstream-port']), takesEndpoints: false, firstSlot: 0, lastSlot },
  'pcie-expander-bus': { accepts: new Set(['pcie-root-port', 'dmi-to-pci-bridge']), takesEndpoints: false, firstSlot: 0, lastSlot },
};

export function busRules(model: PciBusModel): BusRules {
  return rules[model];
}

export function isBusModel(model: string | null): model is PciBusModel {
  return model !== null && Object.hasOwn(rules, model);
}

function isEndpoint(plug: PciPlug): boolean {
  return plug === 'conventional' || plug === 'express';
}

/** Whether a device that was not told where to go is put there. */
export function acceptsByItself(model: PciBusModel, plug: PciPlug): boolean {
  return rules[model].accepts.has(plug) && (rules[model].takesEndpoints || !isEndpoint(plug));
}

/** Whether an address that somebody chose is taken: QEMU makes no difference between the two kinds of endpoint. */
export function acceptsByChoice(model: PciBusModel, plug: PciPlug): boolean {
  const { accepts } = rules[model];
  if (accepts.has(plug)) return true;
  if (isEndpoint(plug)) return accepts.has('conventional') || accepts.has('express');
  return plug === 'pci-bridge' && (accepts.has('conventional') || accepts.has('express'));
}
