/**
 * The PCI buses of one domain while its devices find their places: who sits where, and which bridge or port is added
 * when there is no place left. Nothing that has an address is ever moved.
 */
import { invariant, VireoError } from '../base/errors.ts';
import { formatPciAddress, type PciAddress, pciAddress } from '../conf/device-address.ts';
import type { DeviceOf } from '../conf/device-definition.ts';
import type { MachineFamily } from '../conf/machine-family.ts';
import { createController } from '../devices/controller/controller-model.ts';
import { type PciNeed, pciNeed } from '../devices/device-module.ts';

interface Occupant {
  readonly name: string;
  readonly isPort: boolean;
  readonly multifunction: boolean;
}

interface Bus {
  readonly model: string;
  /** Occupants by function, by slot. */
  readonly slots: Map<number, Map<number, Occupant>>;
}

/** What a board has soldered on, by slot and function of bus 0; other devices stay out of these slots by themselves. */
const boardFunctions: Readonly<Record<Exclude<MachineFamily, 'other'>, readonly (readonly [slot: number, fn: number, name: string])[]>> = {
  q35: [[0, 0, 'host bridge'], [0x1f, 0, 'LPC bridge'], [0x1f, 2, 'SATA controller'], [0x1f, 3, 'SMBus']],
  i440fx: [[0, 0, 'host bridge'], [1, 0, 'ISA bridge'], [1, 1, 'IDE controller'], [1, 2, 'USB controller'], [1, 3, 'power management']],
};

const maximumBuses = 256;

export class PciTopology {
  readonly #express: boolean;
  readonly #buses = new Map<number, Bus>();
  readonly #added: DeviceOf<'controller'>[] = [];

  constructor(machine: Exclude<MachineFamily, 'other'>, controllers: readonly DeviceOf<'controller'>[]) {
    this.#express = machine === 'q35';
    for (const { type, index, model } of controllers) if (type === 'pci' && index !== null && model !== null) this.#addBus(index, model);
    for (const [slot, fn, name] of boardFunctions[machine]) this.#slot(this.#bus(0), slot).set(fn, { name: `the board's ${name}`, isPort: false, multifunction: true });
  }

  /** Controllers that had to be made, with their addresses. */
  get added(): readonly DeviceOf<'controller'>[] {
    return this.#added;
  }

  /**
   * Takes all addresses that stand in the definition. One that names a bus without a controller gets the bus; its port
   * or bridge is placed after the others, which were there before.
   */
  reserveAll(given: readonly { readonly address: PciAddress; readonly name: string; readonly need: PciNeed }[]): void {
    const model = this.#express ? 'pcie-root-port' : 'pci-bridge';
    const highest = Math.max(0, ...given.map(({ address }) => address.bus));
    const missing = Array.from({ length: highest }, (_, at) => at + 1).filter((index) => !this.#buses.has(index));
    for (const index of missing) this.#addBus(index, model);
    for (const { address, name, need } of given) this.reserve(address, name, need);
    for (const index of missing) this.#plugIn(index, model);
  }

  /** Takes an address that stands in the definition; a device of the board may replace what is reserved for it. */
  reserve(address: PciAddress, name: string, need: PciNeed): void {
    const where = formatPciAddress(address);
    const bus = this.#buses.get(address.bus);
    if (address.domain !== 0 || !bus) throw new VireoError('XML_ERROR', `PCI address ${where} of ${name}: there is no such bus`);
    const slots = slotRange(bus.model);
    if (address.slot < slots.first || address.slot > slots.last) {
      throw new VireoError('XML_ERROR', `PCI address ${where} of ${name}: a ${bus.model} has the slots ${slots.first} to ${slots.last}`);
    }
    const slot = this.#slot(bus, address.slot);
    const present = slot.get(address.function);
    const isOwnPlace = need.fixed !== null && formatPciAddress(need.fixed) === where;
    if (present && !isOwnPlace) throw new VireoError('XML_ERROR', `PCI address ${where} is used by both ${present.name} and ${name}`);
    slot.set(address.function, { name, isPort: need.port, multifunction: address.multifunction ?? false });
  }

  isFree({ bus, slot, function: fn }: PciAddress): boolean {
    const occupants = this.#buses.get(bus)?.slots.get(slot);
    return occupants === undefined || occupants.size === 0 || (fn !== 0 && !occupants.has(fn) && occupants.get(0)?.multifunction === true);
  }

  /** Finds the place that fits, making room where there is none. Throws CONFIG_UNSUPPORTED when the domain is full. */
  allocate(name: string, need: PciNeed): PciAddress {
    const address = need.port ? this.#placePort() : this.#placeEndpoint(need);
    this.reserve(address, name, need);
    return address;
  }

  /** Names a device behind function 0 whose function 0 is not told that there is more: QEMU would refuse it. */
  findHiddenFunction(): { readonly name: string; readonly hides: string } | null {
    for (const { slots } of this.#buses.values()) {
      for (const occupants of slots.values()) {
        const first = occupants.get(0);
        const hidden = [...occupants].find(([fn]) => fn > 0)?.[1];
        if (first && hidden && !first.multifunction) return { name: hidden.name, hides: first.name };
      }
    }
    return null;
  }

  /** Root ports share slots, eight to one, so that a board has room for more than thirty. */
  #placePort(): PciAddress {
    const root = this.#bus(0);
    for (const [slot, occupants] of root.slots) {
      const isShared = occupants.get(0)?.multifunction === true && [...occupants.values()].every(({ isPort }) => isPort);
      const free = [1, 2, 3, 4, 5, 6, 7].find((fn) => !occupants.has(fn));
      if (isShared && free !== undefined) return pciAddress(0, slot, free);
    }
    const slot = this.#freeSlot(root) ?? full();
    return pciAddress(0, slot, 0, true);
  }

  #placeEndpoint(need: PciNeed): PciAddress {
    if (this.#express && need.connect !== 'conventional') return this.#firstFree((model) => model === 'pcie-root-port') ?? pciAddress(this.#addController('pcie-root-port'), 0);
    if (this.#express) {
      return this.#firstFree(isConventional) ?? pciAddress(this.#addController('pcie-to-pci-bridge'), 1);
    }
    if (need.connect === 'express') throw new VireoError('CONFIG_UNSUPPORTED', 'a PCI Express device needs a machine with PCI Express, such as q35');
    // The last slot of the root is kept for the bridge that the next device will need.
    const isLast = this.#freeSlotsOf(this.#bus(0)) === 1 && ![...this.#buses.values()].some(({ model }) => model === 'pci-bridge');
    const place = isLast ? null : this.#firstFree(isConventional);
    return place ?? pciAddress(this.#addController('pci-bridge'), 1);
  }

  #firstFree(accept: (model: string) => boolean): PciAddress | null {
    for (const [index, bus] of [...this.#buses].sort(([a], [b]) => a - b)) {
      const slot = accept(bus.model) ? this.#freeSlot(bus) : null;
      if (slot !== null) return pciAddress(index, slot);
    }
    return null;
  }

  #freeSlot(bus: Bus): number | null {
    const { first, last } = slotRange(bus.model);
    for (let slot = first; slot <= last; slot += 1) if (this.#isEmpty(bus, slot)) return slot;
    return null;
  }

  #freeSlotsOf(bus: Bus): number {
    const { first, last } = slotRange(bus.model);
    return Array.from({ length: last - first + 1 }, (_, at) => first + at).filter((slot) => this.#isEmpty(bus, slot)).length;
  }

  #isEmpty(bus: Bus, slot: number): boolean {
    return (bus.slots.get(slot)?.size ?? 0) === 0;
  }

  /** Adds a port or bridge and answers with its index. */
  #addController(model: string): number {
    // A bridge may itself need a new port, whose bus must have the lower number.
    const place = model === 'pcie-to-pci-bridge' ? this.#placeEndpoint(pciNeed(0, 'express')) : null;
    const index = this.#nextIndex();
    this.#addBus(index, model);
    this.#plugIn(index, model, place);
    return index;
  }

  #plugIn(index: number, model: string, given: PciAddress | null = null): void {
    const isPort = model === 'pcie-root-port';
    const place = given ?? (isPort ? this.#placePort() : pciAddress(0, this.#freeSlot(this.#bus(0)) ?? full()));
    this.reserve(place, `${model} ${index}`, pciNeed(0, 'either', { port: isPort }));
    this.#added.push({ ...createController('pci', index, model), address: place });
  }

  #nextIndex(): number {
    const index = Math.max(...this.#buses.keys()) + 1;
    return index < maximumBuses ? index : full();
  }

  #addBus(index: number, model: string): void {
    if (!this.#buses.has(index)) this.#buses.set(index, { model, slots: new Map() });
  }

  #bus(index: number): Bus {
    const bus = this.#buses.get(index);
    invariant(bus, `there is a PCI bus ${index}`);
    return bus;
  }

  #slot(bus: Bus, slot: number): Map<number, Occupant> {
    const known = bus.slots.get(slot);
    if (known) return known;
    const occupants = new Map<number, Occupant>();
    bus.slots.set(slot, occupants);
    return occupants;
  }
}

function isConventional(model: string): boolean {
  return model === 'pci-root' || model === 'pci-bridge' || model === 'pcie-to-pci-bridge';
}

/** A port has one slot; slot 0 of a bridge and of the root is its own. */
function slotRange(model: string): { readonly first: number; readonly last: number } {
  return model === 'pcie-root-port' ? { first: 0, last: 0 } : { first: 1, last: 31 };
}

function full(): never {
  throw new VireoError('CONFIG_UNSUPPORTED', 'no PCI slot is left for another device');
}
