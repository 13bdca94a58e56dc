/** Ports of USB controllers and hubs (E4). A device goes to the first free port, on controllers before hubs, as in libvirt. */
import { VireoError } from '../base/errors.ts';
import type { UsbAddress } from '../conf/device-address.ts';
import { type DeviceDefinition, type DeviceOf, devicesOf } from '../conf/device-definition.ts';
import type { AddressNeed, DomainSurroundings } from '../devices/device-module.ts';
import { pluggedInto, type PluggedDevice } from './bus-of-device.ts';
import { withAddresses } from './with-addresses.ts';

type UsbDevice = PluggedDevice<Extract<AddressNeed, { readonly type: 'usb' }>>;

/** A controller, or a hub on one of its ports. */
interface Hub {
  readonly ports: number;
  readonly used: Map<number, string>;
  readonly hubs: Map<number, Hub>;
  /** No port below this one is free. */
  firstFree: number;
  /** Nothing is free on so many levels, this one counted; hubs come before devices, so that none is added there later. */
  fullLevels: number;
}

/** USB allows five hubs between a controller and a device; libvirt writes at most four numbers. */
const maximumDepth = 4;

/** Of QEMU's usb-hub. */
const addedHubPorts = 8;

export function assignUsb(domain: DomainSurroundings): readonly DeviceDefinition[] {
  const given = pluggedInto('usb', domain);
  const [first] = given;
  if (!first) return domain.definition.devices;
  const buses = usbBuses(devicesOf(domain.definition.devices, 'controller'));
  if (buses.size === 0) throw new VireoError('CONFIG_UNSUPPORTED', `USB is switched off for this domain, but it has a USB device: ${first.name}`);
  const added = missingHubs(buses, given);
  const devices = [...domain.definition.devices, ...added.map(({ device }) => device)];
  const usbDevices = [...given, ...added];
  const isHub = ({ need }: UsbDevice): boolean => need.hubPorts !== undefined;
  const hasPort = ({ device }: UsbDevice): boolean => device.address?.type === 'usb' && device.address.port !== null;
  const byDepth = (a: UsbDevice, b: UsbDevice): number => depthOf(a.device) - depthOf(b.device);
  // Hubs first: a port behind one exists only once the hub is there.
  for (const hub of usbDevices.filter((each) => isHub(each) && hasPort(each)).toSorted(byDepth)) reserve(buses, hub);
  for (const device of usbDevices.filter((each) => !isHub(each) && hasPort(each))) reserve(buses, device);
  const addresses = new Map<DeviceDefinition, UsbAddress>();
  const open = usbDevices.filter((each) => !hasPort(each));
  for (const each of [...open.filter(isHub), ...open.filter((device) => !isHub(device))]) addresses.set(each.device, plugIn(buses, each));
  return withAddresses(devices, addresses);
}

/** libvirt's rule: where there are more devices than ports, hubs are added until one port stays free. */
function missingHubs(buses: ReadonlyMap<number, Hub>, usbDevices: readonly UsbDevice[]): readonly UsbDevice[] {
  const hubs = usbDevices.flatMap(({ need }) => need.hubPorts ?? []);
  const ports = [...buses.values()].reduce((sum, bus) => sum + bus.ports, 0) + hubs.reduce((sum, each) => sum + each - 1, 0);
  const devices = usbDevices.length - hubs.length;
  const count = devices > ports ? Math.ceil((devices - ports + 1) / (addedHubPorts - 1)) : 0;
  return Array.from({ length: count }, (): UsbDevice => ({ device: { kind: 'hub', type: 'usb', alias: null, address: null }, need: { type: 'usb', hubPorts: addedHubPorts }, name: 'an added USB hub' }));
}

/** The companions of an EHCI have its ports for slow devices; they are no buses of their own. */
function usbBuses(controllers: readonly DeviceOf<'controller'>[]): ReadonlyMap<number, Hub> {
  const buses = new Map<number, Hub>();
  for (const controller of controllers) {
    const ports = controller.type === 'usb' && controller.masterStartPort === null ? portsOf(controller) : 0;
    if (ports > 0 && controller.index !== null) buses.set(controller.index, emptyHub(ports));
  }
  return new Map([...buses].toSorted(([a], [b]) => a - b));
}

function emptyHub(ports: number): Hub {
  return { ports, used: new Map(), hubs: new Map(), firstFree: 1, fullLevels: 0 };
}

/** Root ports that QEMU gives each model; xHCI has four unless told otherwise. */
function portsOf({ model, ports }: DeviceOf<'controller'>): number {
  switch (model) {
    case 'none':
      return 0;
    case 'qemu-xhci':
    case 'nec-xhci':
      return ports ?? 4;
    case 'ehci':
    case 'ich9-ehci1':
      return 6;
    case 'pci-ohci':
      return 3;
    default:
      return 2;
  }
}

function depthOf({ address }: DeviceDefinition): number {
  return address?.type === 'usb' ? (address.port?.split('.').length ?? 0) : 0;
}

function reserve(buses: ReadonlyMap<number, Hub>, { device, need, name }: UsbDevice): void {
  if (device.address?.type !== 'usb' || device.address.port === null) return;
  const { bus, port } = device.address;
  const path = port.split('.').map(Number);
  const last = path.pop() ?? 0;
  let hub = busOf(buses, bus, name);
  for (const [at, step] of path.entries()) {
    const next = hub.hubs.get(step);
    if (!next) throw new VireoError('XML_ERROR', `USB port ${port} of bus ${bus}, wanted by ${name}: there is no hub at port ${[...path.slice(0, at), step].join('.')}`);
    hub = next;
  }
  if (last > hub.ports) throw new VireoError('XML_ERROR', `USB port ${port} of bus ${bus}, wanted by ${name}, does not exist; there are ${hub.ports}`);
  const other = hub.used.get(last);
  if (other !== undefined) throw new VireoError('XML_ERROR', `USB port ${port} of bus ${bus} is used by both ${other} and ${name}`);
  take(hub, last, name, need.hubPorts);
}

function plugIn(buses: ReadonlyMap<number, Hub>, { device, need, name }: UsbDevice): UsbAddress {
  const wanted = device.address?.type === 'usb' ? device.address.bus : null;
  const candidates = wanted === null ? [...buses] : [[wanted, busOf(buses, wanted, name)] as const];
  for (const [bus, hub] of candidates) {
    // A hub as far away as a device may be would have ports that nobody can use.
    const path = freePath(hub, need.hubPorts === undefined ? maximumDepth : maximumDepth - 1);
    if (!path) continue;
    take(path.hub, path.port, name, need.hubPorts);
    return { type: 'usb', bus, port: path.text };
  }
  throw new VireoError('CONFIG_UNSUPPORTED', `no free USB port for ${name}; give the controller more ports, or add one or a hub`);
}

function busOf(buses: ReadonlyMap<number, Hub>, bus: number, name: string): Hub {
  const hub = buses.get(bus);
  if (!hub) throw new VireoError('XML_ERROR', `${name} names USB bus ${bus}, but there is no usb controller ${bus}`);
  return hub;
}

function take(hub: Hub, port: number, name: string, hubPorts: number | undefined): void {
  hub.used.set(port, name);
  if (hubPorts !== undefined) hub.hubs.set(port, emptyHub(hubPorts));
}

function freePath(hub: Hub, depthLeft: number): { readonly hub: Hub; readonly port: number; readonly text: string } | null {
  if (depthLeft <= hub.fullLevels) return null;
  while (hub.firstFree <= hub.ports && hub.used.has(hub.firstFree)) hub.firstFree += 1;
  if (hub.firstFree <= hub.ports) return { hub, port: hub.firstFree, text: String(hub.firstFree) };
  if (depthLeft > 1) {
    for (const [port, inner] of [...hub.hubs].toSorted(([a], [b]) => a - b)) {
      const path = freePath(inner, depthLeft - 1);
      if (path) return { ...path, text: `${port}.${path.text}` };
    }
  }
  hub.fullLevels = depthLeft;
  return null;
}
