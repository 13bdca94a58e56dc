/** What QEMU would refuse or ignore about a host device, alone and beside the others. */
import { VireoError } from '../../base/errors.ts';
import { type DeviceDefinition, devicesOf } from '../../conf/device-definition.ts';
import type { DomainDefinition } from '../../conf/domain-definition.ts';
import type { DomainSurroundings } from '../device-module.ts';
import { requireDeviceType, requireVirtioDevice } from '../require-device-type.ts';
import { type Hostdev, hostNameOf, type HostdevOf, type HostdevType } from './hostdev-definition.ts';

type Refuse = (text: string) => never;

interface Refusals {
  readonly contradiction: Refuse;
  readonly unsupported: Refuse;
}

/** The addresses that a device of each type may have in the guest. */
const placesOf: { readonly [T in HostdevType]: readonly string[] } = {
  pci: ['pci', 'unassigned'], usb: ['usb'], scsi: ['drive'], scsi_host: ['pci', 'ccw'], mdev: ['pci', 'ccw'], storage: [], misc: [], net: [],
};

export function validateHostdev(hostdev: Hostdev, domain: DomainSurroundings): void {
  const what = `hostdev type '${hostdev.type}' (${hostNameOf(hostdev)})`;
  const refusals: Refusals = {
    contradiction: (text) => {
      throw new VireoError('XML_ERROR', `${what}: ${text}`);
    },
    unsupported: (text) => {
      throw new VireoError('CONFIG_UNSUPPORTED', `${what}: ${text}`);
    },
  };
  if (hostdev.mode === 'capabilities') return refusals.unsupported("mode 'capabilities' gives host devices to containers, not to a machine of QEMU");
  const { address } = hostdev;
  const places = placesOf[hostdev.type];
  if (address && !places.includes(address.type)) refusals.unsupported(`its address is of type ${places.map((place) => `'${place}'`).join(' or ')}, not '${address.type}'`);
  if (hostdev.rom && hostdev.type !== 'pci') refusals.unsupported('only PCI devices have an option ROM');
  validateTeaming(hostdev, refusals);
  validateNeighbours(hostdev, domain.definition, refusals);
  switch (hostdev.type) {
    case 'usb':
      return validateUsb(hostdev, domain, what, refusals);
    case 'pci':
      return validatePci(hostdev, domain, what, refusals);
    case 'scsi':
      if (hostdev.sgio === 'unfiltered') refusals.unsupported("sgio='unfiltered' is gone from the kernel");
      if (hostdev.source.protocol === 'iscsi' && hostdev.source.hosts.length !== 1) refusals.contradiction(`an iSCSI source has one host, not ${hostdev.source.hosts.length}`);
      if (hostdev.source.protocol === 'iscsi' && hostdev.source.auth && hostdev.source.auth.secret.type !== 'iscsi') refusals.contradiction(`its secret is of type 'iscsi', not '${hostdev.source.auth.secret.type}'`);
      return requireDeviceType(domain.capabilities, 'scsi-generic', what);
    case 'scsi_host':
      if (hostdev.boot) refusals.unsupported('a guest cannot boot from it');
      return requireVirtioDevice(domain.capabilities, 'vhost-scsi', address, hostdev.model ?? 'virtio', what);
    case 'mdev':
      return validateMdev(hostdev, domain, what, refusals);
  }
}

function validateTeaming({ teaming, type }: Hostdev, { unsupported }: Refusals): void {
  if (!teaming) return;
  if (type !== 'pci') unsupported('only PCI devices team up with a network card');
  if (teaming.type !== 'transient') unsupported(`teaming type '${teaming.type}' is for the card that stays; a host device is 'transient'`);
  if (!teaming.persistent) unsupported('its teaming does not name the persistent card');
}

/** One device of the host is handed to one place, and the firmware's frame buffer is there once. */
function validateNeighbours(hostdev: Hostdev, { devices }: DomainDefinition, { contradiction, unsupported }: Refusals): void {
  if ((usesOf(devices).get(useOf(hostdev)) ?? 0) > 1) contradiction('the domain has it twice');
  if (hasRamfb(hostdev) && devicesOf(devices, 'hostdev').filter(hasRamfb).length > 1) unsupported("only one device can have ramfb='on'");
}

/** Counted once a definition, however many devices of it are checked. */
const counted = new WeakMap<readonly DeviceDefinition[], ReadonlyMap<string, number>>();

function usesOf(devices: readonly DeviceDefinition[]): ReadonlyMap<string, number> {
  const known = counted.get(devices);
  if (known) return known;
  const uses = new Map<string, number>();
  for (const hostdev of devicesOf(devices, 'hostdev')) uses.set(useOf(hostdev), (uses.get(useOf(hostdev)) ?? 0) + 1);
  counted.set(devices, uses);
  return uses;
}

function useOf(hostdev: Hostdev): string {
  return `${hostdev.type} ${hostNameOf(hostdev)}`;
}

function hasRamfb(hostdev: Hostdev): boolean {
  return (hostdev.type === 'pci' || hostdev.type === 'mdev') && hostdev.ramfb === true;
}

function validateUsb({ source }: HostdevOf<'usb'>, { capabilities }: DomainSurroundings, what: string, { contradiction }: Refusals): void {
  const { vendor, product, address } = source;
  if ((vendor === null) !== (product === null)) contradiction('vendor and product belong together');
  if (vendor?.id === 0) contradiction('vendor 0 is nobody');
  if (!vendor && !address) contradiction('it is named by neither vendor and product nor address');
  requireDeviceType(capabilities, 'usb-host', what);
}

function validatePci(hostdev: HostdevOf<'pci'>, { definition, capabilities }: DomainSurroundings, what: string, { unsupported }: Refusals): void {
  const { driver, source, display, ramfb } = hostdev;
  if (driver?.name && driver.name !== 'vfio') unsupported(`driver '${driver.name}' is not one of today's kernels and QEMUs; vfio is`);
  if (source.writeFiltering !== null) unsupported('QEMU filters no writes to its configuration space (writeFiltering)');
  if (source.startupPolicy !== null) unsupported('startupPolicy is for USB devices');
  requireGraphics(display, definition, unsupported);
  requireDeviceType(capabilities, ramfb ? 'vfio-pci-nohotplug' : 'vfio-pci', what);
}

function validateMdev(hostdev: HostdevOf<'mdev'>, { definition, capabilities }: DomainSurroundings, what: string, { contradiction, unsupported }: Refusals): void {
  const { model, display, ramfb, boot, address } = hostdev;
  const place = { 'vfio-pci': 'pci', 'vfio-ccw': 'ccw', 'vfio-ap': null }[model];
  if (address && address.type !== place) contradiction(`model '${model}' takes ${place === null ? 'no address' : `an address of type '${place}'`}, not one of type '${address.type}'`);
  if (boot && model !== 'vfio-ccw') unsupported(`a guest cannot boot from a mediated device of model '${model}'`);
  if (model !== 'vfio-pci' && (display !== null || ramfb !== null)) unsupported(`model '${model}' has no display`);
  const accelerators = devicesOf(definition.devices, 'hostdev').filter((other) => other.type === 'mdev' && other.model === 'vfio-ap');
  if (model === 'vfio-ap' && accelerators.length > 1) unsupported("a guest has one device of model 'vfio-ap' at most");
  requireGraphics(display, definition, unsupported);
  requireDeviceType(capabilities, ramfb ? 'vfio-pci-nohotplug' : model, what);
}

function requireGraphics(display: boolean | null, { devices }: DomainDefinition, unsupported: Refuse): void {
  if (display && devicesOf(devices, 'graphics').length === 0) unsupported("display='on' needs a graphics device that shows it");
}
