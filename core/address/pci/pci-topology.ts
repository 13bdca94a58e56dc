/**
 * The PCI buses of one domain while its devices find their places: who sits where, and which bus is added when there
 * is no place left. It knows places, not devices: what stands in a definition is never moved.
 */
import { invariant, VireoError } from '../../base/errors.ts';
import { formatPciAddress, type PciAddress, pciAddress } from '../../conf/device-address.ts';
import type { Board } from '../../conf/machine-family.ts';
import type { PciNeed } from '../../devices/device-module.ts';
import { acceptsByChoice, acceptsByItself, busRules, isBusModel, type PciBusModel, type PciPlug } from './pci-bus-model.ts';

interface Occupant {
  readonly name: string;
  /** As the address says it; null where it says nothing. */
  readonly multifunction: boolean | null;
  readonly isRootPort: boolean;
}

type Slot = (Occupant | undefined)[];

interface Bus {
  readonly index: number;
  readonly model: PciBusModel;
  readonly slots: Map<number, Slot>;
  /** No slot below this one is empty. */
  firstEmpty: number;
}

interface PciTopologyOptions {
  readonly board: Board;
  readonly buses: readonly { readonly index: number | null; readonly model: string | null }[];
  /** Whether buses may be added; what is added is `addedBuses`. */
  readonly grows: boolean;
  /** Whether QEMU has a bridge from PCIe to PCI that may be unplugged; otherwise the chipset's is taken. */
  readonly hasPcieToPciBridge: boolean;
}

/** PCI buses are numbered with a byte. */
const maximumBuses = 256;

export class PciTopology {
  readonly #options: PciTopologyOptions;
  readonly #buses: Bus[] = [];
  /** Root ports that were added for a bridge: no endpoint gets them. */
  readonly #kept = new Set<number>();
  readonly #given: number;

  constructor(options: PciTopologyOptions) {
    this.#options = options;
    const models = new Map(options.buses.flatMap(({ index, model }) => (index !== null && index < maximumBuses && isBusModel(model) ? [[index, model] as const] : [])));
    this.#given = Math.max(-1, ...models.keys()) + 1;
    for (let index = 0; index < this.#given; index += 1) this.#add(models.get(index) ?? (index === 0 ? this.#root() : this.#usualBus()));
    const root = this.#buses[0];
    if (!root) return;
    for (const { slot, function: fn, name } of options.board.soldered) this.#slotOf(root, slot)[fn] = { name: `the board's ${name}`, multifunction: true, isRootPort: false };
  }

  get isExpress(): boolean {
    return this.#buses[0]?.model === 'pcie-root';
  }

  /** All buses with an index that no controller of the definition has, in order. */
  missingBuses(known: ReadonlySet<number>): readonly { readonly index: number; readonly model: PciBusModel }[] {
    return this.#buses.filter(({ index }) => !known.has(index));
  }

  get hasFreeSlot(): boolean {
    return this.#buses.some((bus) => freeSlot(bus) !== null);
  }

  /** Whether buses had to be added. */
  get hasGrown(): boolean {
    return this.#buses.length > this.#given;
  }

  /** How the plug of an endpoint is shaped on this machine; a bridge has a shape of its own. */
  plugOf({ bridge, connect }: PciNeed): PciPlug {
    if (bridge !== null) return bridge;
    return connect !== 'conventional' && this.isExpress ? 'express' : 'conventional';
  }

  /** Takes an address that somebody chose; a device of the board takes the place that is reserved for it. Throws XML_ERROR. */
  reserve(address: PciAddress, name: string, need: PciNeed): void {
    const where = formatPciAddress(address);
    const refuse = (text: string): never => {
      throw new VireoError('XML_ERROR', `PCI address ${where} of ${name}: ${text}`);
    };
    if (address.domain !== 0) refuse('only PCI domain 0 exists');
    const plug = this.plugOf(need);
    this.#growTo(address.bus, plug);
    const bus = this.#buses[address.bus];
    if (!bus) return refuse(`there is no such bus; the last one is ${this.#buses.length - 1}`);
    const isHere = acceptsByChoice(bus.model, plug) || (need.integrated && bus.index === 0);
    if (!isHere) refuse(`a ${bus.model} (controller ${bus.index}) does not take a ${describePlug(plug)}`);
    if (need.integrated && bus.index !== 0) refuse('it is an integrated device and has to be on bus 0');
    const { firstSlot, lastSlot } = busRules(bus.model);
    const isOwnPlace = need.fixed !== null && isSamePlace(need.fixed, address);
    if ((address.slot < firstSlot || address.slot > lastSlot) && !isOwnPlace) {
      // Slot 0 of the root is the host bridge's, and naming that one says more.
      const present = bus.slots.get(address.slot)?.[address.function];
      if (present) refuse(`${present.name} is there`);
      refuse(`a ${bus.model} has the slots ${firstSlot} to ${lastSlot}`);
    }
    const slot = this.#slotOf(bus, address.slot);
    const present = slot[address.function];
    if (present && !isOwnPlace) throw new VireoError('XML_ERROR', `PCI address ${where} is used by both ${present.name} and ${name}`);
    slot[address.function] = { name, multifunction: address.multifunction, isRootPort: plug === 'pcie-root-port' };
  }

  isSlotFree({ bus, slot }: Pick<PciAddress, 'bus' | 'slot'>): boolean {
    return !this.#buses[bus]?.slots.has(slot);
  }

  /** Finds the place that fits, making room where there is none. Throws CONFIG_UNSUPPORTED when the domain is full. */
  allocate(name: string, need: PciNeed, functionNumber = 0): PciAddress {
    const plug = this.plugOf(need);
    const place = this.#find(plug, need, functionNumber) ?? this.#grow(plug, name, functionNumber);
    const address = pciAddress(place.bus, place.slot, place.function, plug === 'pcie-root-port' && place.function === 0 ? true : null);
    const bus = this.#buses[place.bus];
    invariant(bus, `there is a PCI bus ${place.bus}`);
    this.#slotOf(bus, place.slot)[place.function] = { name, multifunction: address.multifunction, isRootPort: plug === 'pcie-root-port' };
    return address;
  }

  /** Whether another function of the slot is taken, which function 0 has to announce. */
  hasFurtherFunctions({ bus, slot }: PciAddress): boolean {
    return this.#buses[bus]?.slots.get(slot)?.some((occupant, fn) => fn > 0 && occupant !== undefined) ?? false;
  }

  /** The first other function of the slot, for messages. */
  furtherFunction({ bus, slot }: PciAddress): string {
    return this.#buses[bus]?.slots.get(slot)?.find((occupant, fn) => fn > 0 && occupant !== undefined)?.name ?? 'another device';
  }

  #find(plug: PciPlug, need: PciNeed, functionNumber: number): Place | null {
    const root = this.#buses[0];
    if (need.integrated && root) {
      const slot = freeSlot(root);
      return slot === null ? null : { bus: 0, slot, function: functionNumber };
    }
    for (const bus of this.#buses) {
      if (!acceptsByItself(bus.model, plug) || (this.#kept.has(bus.index) && plug !== 'pcie-to-pci-bridge')) continue;
      const shared = plug === 'pcie-root-port' ? sharedFunction(bus) : null;
      const slot = freeSlot(bus);
      if (shared && (slot === null || shared.slot < slot)) return { bus: bus.index, ...shared };
      if (slot !== null) return { bus: bus.index, slot, function: functionNumber };
    }
    return null;
  }

  /** Adds the bus that takes such a plug, and answers with the first place on it. */
  #grow(plug: PciPlug, name: string, functionNumber: number): Place {
    if (!this.#options.grows) throw new VireoError('CONFIG_UNSUPPORTED', `no PCI slot is left for ${name}`);
    if (!this.isExpress && (plug.startsWith('pcie-') || plug === 'dmi-to-pci-bridge')) throw new VireoError('CONFIG_UNSUPPORTED', `${name} needs a machine with PCI Express, such as q35`);
    switch (plug) {
      case 'conventional':
      case 'pci-bridge':
        this.#addConventional();
        break;
      case 'express':
      case 'pcie-switch-upstream-port':
      case 'pcie-to-pci-bridge':
        this.#add('pcie-root-port');
        break;
      default:
        throw new VireoError('CONFIG_UNSUPPORTED', `no PCI slot takes ${name}: none is left on a ${busesFor(plug)}, and none can be added without being asked for`);
    }
    const bus = this.#buses.at(-1);
    invariant(bus && acceptsByItself(bus.model, plug), 'the bus that was added takes the plug');
    return { bus: bus.index, slot: busRules(bus.model).firstSlot, function: functionNumber };
  }

  /** A bridge for conventional devices; a machine that is all PCIe first needs a way down to conventional PCI. */
  #addConventional(): void {
    const isPure = !this.#buses.some(({ model }) => busRules(model).accepts.has('pci-bridge'));
    if (this.#options.board.severalPciRoots || !isPure) this.#add(this.#usualConventionalBus());
    else if (this.#options.hasPcieToPciBridge) {
      this.#kept.add(this.#add('pcie-root-port'));
      this.#add('pcie-to-pci-bridge');
    } else {
      this.#add('dmi-to-pci-bridge');
      this.#add('pci-bridge');
    }
  }

  /** An address that names a bus without a controller means a controller of the usual model. */
  #growTo(index: number, plug: PciPlug): void {
    if (!this.#options.grows || index < this.#buses.length || index >= maximumBuses || this.#buses.length === 0) return;
    const missing = index - this.#buses.length + 1;
    if (plug === 'conventional' && missing > 1 && this.isExpress && this.#options.hasPcieToPciBridge && !this.#buses.some(({ model }) => busRules(model).accepts.has('pci-bridge'))) {
      this.#addConventional();
    }
    while (this.#buses.length <= index) this.#add(this.#usualBus(plug === 'conventional' && this.#buses.length === index ? 'conventional' : 'express'));
  }

  #root(): PciBusModel {
    return this.#options.board.pciRoot ?? 'pci-root';
  }

  #usualConventionalBus(): PciBusModel {
    return this.#options.board.severalPciRoots ? 'pci-root' : 'pci-bridge';
  }

  #usualBus(plug: 'conventional' | 'express' = 'express'): PciBusModel {
    if (!this.isExpress) return this.#usualConventionalBus();
    return plug === 'conventional' && this.#buses.some(({ model }) => busRules(model).accepts.has('pci-bridge')) ? 'pci-bridge' : 'pcie-root-port';
  }

  #add(model: PciBusModel): number {
    const index = this.#buses.length;
    if (index >= maximumBuses) throw new VireoError('CONFIG_UNSUPPORTED', `a domain has at most ${maximumBuses} PCI buses`);
    this.#buses.push({ index, model, slots: new Map(), firstEmpty: busRules(model).firstSlot });
    return index;
  }

  #slotOf(bus: Bus, number: number): Slot {
    const known = bus.slots.get(number);
    if (known) return known;
    const slot: Slot = [];
    bus.slots.set(number, slot);
    return slot;
  }
}

interface Place {
  readonly bus: number;
  readonly slot: number;
  readonly function: number;
}

/** Slots are never given back, so each search goes on where the last one ended. */
function freeSlot(bus: Bus): number | null {
  const { lastSlot } = busRules(bus.model);
  while (bus.firstEmpty <= lastSlot && bus.slots.has(bus.firstEmpty)) bus.firstEmpty += 1;
  return bus.firstEmpty <= lastSlot ? bus.firstEmpty : null;
}

/** Root ports share slots, eight to one: the first whose function 0 is a port that announces others. */
function sharedFunction(bus: Bus): { readonly slot: number; readonly function: number } | null {
  for (const [number, slot] of [...bus.slots].toSorted(([a], [b]) => a - b)) {
    if (!slot[0]?.isRootPort || slot[0].multifunction !== true || slot.some((occupant) => occupant?.isRootPort === false)) continue;
    for (let fn = 1; fn < 8; fn += 1) if (slot[fn] === undefined) return { slot: number, function: fn };
  }
  return null;
}

function isSamePlace(a: PciAddress, b: PciAddress): boolean {
  return a.domain === b.domain && a.bus === b.bus && a.slot === b.slot && a.function === b.function;
}

function describePlug(plug: PciPlug): string {
  if (plug === 'conventional') return 'PCI device';
  return plug === 'express' ? 'PCI Express device' : plug;
}

function busesFor(plug: PciPlug): string {
  switch (plug) {
    case 'pcie-switch-downstream-port':
      return 'pcie-switch-upstream-port';
    case 'pcie-root-port':
    case 'dmi-to-pci-bridge':
      return 'pcie-root or pcie-expander-bus';
    case 'pcie-expander-bus':
      return 'pcie-root';
    case 'pci-expander-bus':
      return 'pci-root';
    default:
      return 'bus for PCI devices';
  }
}
