/** Places on SATA, IDE, SCSI and floppy controllers (E4): what the target's name says, or the next one free. */
import { VireoError } from '../base/errors.ts';
import type { DriveAddress } from '../conf/device-address.ts';
import { type DeviceDefinition, type DeviceOf, devicesOf } from '../conf/device-definition.ts';
import { scsiShape } from '../devices/controller/controller-model.ts';
import { createController } from '../devices/controller/create-controller.ts';
import type { AddressNeed, DomainSurroundings } from '../devices/device-module.ts';
import { pluggedInto, type PluggedDevice } from './bus-of-device.ts';
import { withAddresses } from './with-addresses.ts';

type DriveNeed = Extract<AddressNeed, { readonly type: 'drive' }>;
type Drive = PluggedDevice<DriveNeed>;

interface Shape {
  readonly buses: number;
  readonly targets: number;
  readonly units: number;
}

/** How many places one controller has. The targets of a SCSI controller depend on its model. */
const shapes: { readonly [C in Exclude<DriveNeed['controller'], 'scsi'>]: Shape } = {
  sata: { buses: 1, targets: 1, units: 6 },
  ide: { buses: 2, targets: 1, units: 2 },
  fdc: { buses: 1, targets: 1, units: 2 },
};

/** As many units of a SCSI controller are given out by themselves, libvirt's number; there are more for whoever asks. */
const usualScsiUnits = 7;

/** Machines have one of these; SATA and SCSI controllers are added as needed. */
const singleControllers: ReadonlySet<string> = new Set(['ide', 'fdc']);

export function assignDrive(domain: DomainSurroundings): readonly DeviceDefinition[] {
  const { devices } = domain.definition;
  const drives = pluggedInto('drive', domain);
  const controllers = new Map(devicesOf(devices, 'controller').map((each) => [`${each.type} ${each.index}`, each]));
  const places = new DrivePlaces(controllers);
  const addresses = new Map<DeviceDefinition, DriveAddress>();
  const givenOf = ({ device }: Drive): DriveAddress | null => (device.address?.type === 'drive' ? device.address : null);
  for (const drive of drives) {
    const given = givenOf(drive);
    if (given) places.reserve(drive, given);
  }
  for (const drive of drives) if (!givenOf(drive)) addresses.set(drive.device, places.find(drive));
  const needed = [...addresses].flatMap(([device, { controller }]) => {
    const need = domain.needOf(device);
    return need.type === 'drive' && !controllers.has(`${need.controller} ${controller}`) ? [`${need.controller} ${controller}`] : [];
  });
  return [...withAddresses(devices, addresses), ...[...new Set(needed)].map(toController)];
}

function toController(key: string): DeviceOf<'controller'> {
  const [type = '', index = ''] = key.split(' ');
  return createController(type as DriveNeed['controller'], Number(index), null);
}

class DrivePlaces {
  readonly #controllers: ReadonlyMap<string, DeviceOf<'controller'>>;
  readonly #used = new Map<string, string>();
  /** By type: no place before this one is free. */
  readonly #firstFree = new Map<string, number>();

  constructor(controllers: ReadonlyMap<string, DeviceOf<'controller'>>) {
    this.#controllers = controllers;
  }

  reserve({ need, name }: Drive, address: DriveAddress): void {
    const { buses, targets, units } = this.#shape(need.controller, address.controller);
    const place = `${need.controller} controller ${address.controller}, bus ${address.bus}, target ${address.target}, unit ${address.unit}`;
    if (address.bus >= buses || address.target >= targets || address.unit >= units) {
      throw new VireoError('XML_ERROR', `${name}: ${place} does not exist; there are ${buses} bus(es), ${targets} target(s) and ${units} units`);
    }
    if (!this.#controllers.has(`${need.controller} ${address.controller}`)) throw new VireoError('XML_ERROR', `${name} names ${need.controller} controller ${address.controller}, which does not exist`);
    if (singleControllers.has(need.controller) && address.controller !== 0) throw new VireoError('XML_ERROR', `${name}: there is only ${need.controller} controller 0`);
    const key = keyOf(need, address);
    const other = this.#used.get(key);
    if (other !== undefined) throw new VireoError('XML_ERROR', `${place} is used by both ${other} and ${name}`);
    this.#used.set(key, name);
  }

  /** The place that the target's name stands for, or the next free one. */
  find(drive: Drive): DriveAddress {
    const { need, name } = drive;
    const preferred = this.#spread(need, need.preferred);
    if (this.#isPlace(need, preferred) && !this.#used.has(keyOf(need, preferred))) {
      this.#used.set(keyOf(need, preferred), name);
      return preferred;
    }
    const perController = need.controller === 'scsi' ? usualScsiUnits : shapes[need.controller].buses * shapes[need.controller].units;
    const last = singleControllers.has(need.controller) ? perController : Number.POSITIVE_INFINITY;
    for (let number = this.#firstFree.get(need.controller) ?? 0; number < last; number += 1) {
      this.#firstFree.set(need.controller, number + 1);
      const address = this.#spread(need, numbered(need, number, perController));
      if (!this.#isPlace(need, address) || this.#used.has(keyOf(need, address))) continue;
      this.#used.set(keyOf(need, address), name);
      return address;
    }
    throw new VireoError('CONFIG_UNSUPPORTED', `no free place on the ${need.controller} controller for ${name}`);
  }

  #isPlace({ controller }: DriveNeed, address: DriveAddress): boolean {
    const { buses, targets, units } = this.#shape(controller, address.controller);
    return address.bus < buses && address.target < targets && address.unit < units;
  }

  /** Where a target has too few units for libvirt's numbering, the drives are told apart by their targets. */
  #spread({ controller: type }: DriveNeed, address: DriveAddress): DriveAddress {
    if (type !== 'scsi' || this.#shape(type, address.controller).units >= usualScsiUnits) return address;
    return { ...address, target: address.unit, unit: 0 };
  }

  #shape(type: DriveNeed['controller'], index: number): Shape {
    if (type !== 'scsi') return shapes[type];
    return { buses: 1, ...scsiShape(this.#controllers.get(`scsi ${index}`)?.model ?? null) };
  }
}

function numbered({ controller: type }: DriveNeed, number: number, perController: number): DriveAddress {
  const controller = Math.floor(number / perController);
  const within = number % perController;
  const units = type === 'ide' ? 2 : perController;
  return { type: 'drive', controller, bus: Math.floor(within / units), target: 0, unit: within % units };
}

function keyOf({ controller }: DriveNeed, address: DriveAddress): string {
  return [controller, address.controller, address.bus, address.target, address.unit].join(' ');
}
