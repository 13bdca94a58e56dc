/** The controllers that a domain has without naming them: the board's, and those that its devices need. */
import { devicesOf, type DeviceOf } from '../../conf/device-definition.ts';
import type { AddressNeed, DomainSurroundings } from '../device-module.ts';
import type { ControllerType } from './controller.ts';
import { ich9Functions, impliedUsbModel } from './controller-model.ts';
import { createController } from './create-controller.ts';

/** More controllers than this come from a wrong number in an address, not from a wish. */
const maximumImplicitControllers = 100;

export function implicitControllers(domain: DomainSurroundings): readonly DeviceOf<'controller'>[] {
  const { board, capabilities } = domain;
  const present = new Set(devicesOf(domain.definition.devices, 'controller').map(({ type, index }) => `${type} ${index}`));
  const hasUsb = [...present].some((key) => key.startsWith('usb '));
  const added: DeviceOf<'controller'>[] = [];
  const add = (type: ControllerType, index: number, model: string | null = null): void => {
    if (present.has(`${type} ${index}`)) return;
    present.add(`${type} ${index}`);
    added.push(createController(type, index, model));
  };
  // s390x has PCI only where QEMU has the device that stands for a function of it.
  if (board.pciRoot !== null && (board.name !== 's390-ccw' || capabilities.deviceTypes.has('zpci'))) add('pci', 0, board.pciRoot);
  if (!hasUsb) added.push(...impliedUsb(domain));
  if (board.builtInDisks === 'sata') add('sata', 0);
  const scsiModel = scsiModelForHostDevices(domain);
  for (const { type, index } of neededControllers(domain)) add(type, index, type === 'scsi' ? scsiModel : null);
  return added;
}

/** A further controller for devices of the host is like the one that they have: it is there because that one is full (libvirt). */
function scsiModelForHostDevices({ definition: { devices } }: DomainSurroundings): string | null {
  const isForHost = devices.some((device) => device.kind === 'hostdev' && device.address?.type === 'drive');
  return isForHost ? (devicesOf(devices, 'controller').find(({ type }) => type === 'scsi')?.model ?? null) : null;
}

/** An EHCI alone would leave slow devices without a place. */
function impliedUsb(domain: DomainSurroundings): readonly DeviceOf<'controller'>[] {
  const model = impliedUsbModel(domain);
  if (model === null) return [];
  const models = model in ich9Functions ? Object.keys(ich9Functions) : [model];
  return models.map((each) => createController('usb', 0, each));
}

/** Disk controllers are numbered without gaps, so that the drives' names lead to them; of the others only the named one is made. */
function neededControllers(domain: DomainSurroundings): readonly { readonly type: ControllerType; readonly index: number }[] {
  const needed = domain.definition.devices.flatMap((device) => neededBy(domain.needOf(device), device.address) ?? []);
  const highest = new Map<ControllerType, number>();
  for (const { type, index } of needed) if (isDiskController(type)) highest.set(type, Math.max(index, highest.get(type) ?? 0));
  const disks = [...highest].flatMap(([type, last]) => Array.from({ length: Math.min(last + 1, maximumImplicitControllers) }, (_, index) => ({ type, index })));
  return [...disks, ...needed.filter(({ type }) => !isDiskController(type))];
}

function isDiskController(type: ControllerType): boolean {
  return type === 'scsi' || type === 'ide' || type === 'sata' || type === 'fdc';
}

function neededBy(need: AddressNeed, address: DeviceOf<'controller'>['address']): { readonly type: ControllerType; readonly index: number } | null {
  switch (need.type) {
    case 'virtio-serial':
      return { type: 'virtio-serial', index: address?.type === 'virtio-serial' ? address.controller : 0 };
    case 'drive':
      return { type: need.controller, index: address?.type === 'drive' ? address.controller : need.preferred.controller };
    case 'ccid':
      return { type: 'ccid', index: address?.type === 'ccid' ? address.controller : 0 };
    default:
      return null;
  }
}
