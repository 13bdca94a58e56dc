import fc from 'fast-check';
import { beforeAll, describe, expect, test } from 'vitest';
import { complete, recordedCapabilities } from '../../test/golden/golden-launch.ts';
import type { QemuCapabilities } from '../capabilities/qemu-capabilities.ts';
import { formatPciAddress } from '../conf/device-address.ts';
import { type DeviceDefinition, devicesOf } from '../conf/device-definition.ts';
import type { DomainDefinition } from '../conf/domain-definition.ts';
import { parseDomain } from '../devices/domain-xml.ts';
import { propertyRuns } from '../../test/support/property-runs.ts';

let capabilities: QemuCapabilities;
beforeAll(async () => {
  capabilities = await recordedCapabilities();
});

function domain(devices: string, machine = 'q35'): string {
  return `<domain type='qemu'><name>x</name><memory unit='MiB'>64</memory><os><type machine='${machine}'>hvm</type></os><devices>${devices}</devices></domain>`;
}

const define = (devices: string, machine = 'q35'): DomainDefinition => complete(domain(devices, machine), capabilities);

function where({ address }: DeviceDefinition): string {
  if (address?.type === 'pci') return formatPciAddress(address);
  if (address?.type === 'virtio-serial') return `${address.controller}.${address.port ?? '-'}`;
  if (address?.type === 'usb') return `${address.bus}:${address.port}`;
  return address?.type ?? 'none';
}

const rng = "<rng model='virtio'><backend model='random'/></rng>";
const rngAt = (address: string): string => `<rng model='virtio'><backend model='random'/><address type='pci' ${address}/></rng>`;
const noUsb = "<controller type='usb' model='none'/><memballoon model='none'/>";
const channel = (name: string, address = ''): string => `<channel type='unix'><target type='virtio' name='${name}'/>${address}</channel>`;
const virtioConsole = (address = ''): string => `<console type='pty'><target type='virtio'/>${address}</console>`;

describe('PCI on q35', () => {
  test('devices go behind root ports, eight to a slot, and the ports say where they are', () => {
    const definition = define(noUsb + rng.repeat(9));
    const ports = devicesOf(definition.devices, 'controller').filter(({ model }) => model === 'pcie-root-port');
    expect(ports.map((port) => `${port.index} ${where(port)} ${port.target?.chassis} ${port.target?.port}`)).toEqual([
      '1 0000:00:01.0 1 8', '2 0000:00:01.1 2 9', '3 0000:00:01.2 3 10', '4 0000:00:01.3 4 11', '5 0000:00:01.4 5 12',
      '6 0000:00:01.5 6 13', '7 0000:00:01.6 7 14', '8 0000:00:01.7 8 15', '9 0000:00:02.0 9 16', '10 0000:00:02.1 10 17',
    ]);
    expect(devicesOf(definition.devices, 'rng').map(where)).toEqual(Array.from({ length: 9 }, (_, at) => `0000:0${at + 1}:00.0`));
  });

  test('an address in the definition stays and is avoided by the others', () => {
    const definition = define(noUsb + rng + rngAt("bus='0' slot='0x01'") + rngAt("bus='0x02' slot='0'"));
    expect(devicesOf(definition.devices, 'rng').map(where)).toEqual(['0000:01:00.0', '0000:00:01.0', '0000:02:00.0']);
  });

  test("<address type='pci'/> asks for an address", () => {
    expect(devicesOf(define(noUsb + rngAt('')).devices, 'rng').map(where)).toEqual(['0000:01:00.0']);
  });

  test('conventional devices get a bridge behind a root port', () => {
    const definition = define(`${noUsb}<serial type='pty'><target type='pci-serial'/></serial>`);
    expect(devicesOf(definition.devices, 'serial').map(where)).toEqual(['0000:02:01.0']);
    const buses = devicesOf(definition.devices, 'controller').filter(({ type }) => type === 'pci');
    expect(buses.map(({ index, model }) => `${index} ${model}`)).toEqual(['0 pcie-root', '1 pcie-root-port', '2 pcie-to-pci-bridge', '3 pcie-root-port']);
  });

  test.each([
    [rngAt("bus='0' slot='3'") + rngAt("bus='0' slot='3'"), /PCI address 0000:00:03\.0 is used by both random numbers.* and random numbers/],
    [rngAt("bus='0' slot='0x1f'"), /0000:00:1f\.0 is used by both the board's LPC bridge and/],
    [rngAt("bus='1' slot='2'"), /a pcie-root-port has the slots 0 to 0/],
    [rngAt("domain='1' bus='0' slot='2'"), /only PCI domain 0 exists/],
    [rngAt("bus='0' slot='3' multifunction='off'") + rngAt("bus='0' slot='3' function='1'"), /further function of PCI slot 0000:00:03\.0, whose function 0 \(random numbers.*\) says multifunction='off'/],
    ["<controller type='sata' index='0'><address type='pci' bus='0' slot='4'/></controller>", /part of the board and has the PCI address 0000:00:1f\.2/],
  ])('refuses %s', (devices, reason) => {
    expect(() => define(noUsb + devices)).toThrow(reason);
  });
});

describe('PCI on the pc machine', () => {
  test('devices stand on the root until one place is left, which is for a bridge', () => {
    const few = define(noUsb + rng.repeat(29), 'pc');
    expect(devicesOf(few.devices, 'rng').map(where)).toEqual(Array.from({ length: 29 }, (_, at) => `0000:00:${(at + 2).toString(16).padStart(2, '0')}.0`));
    const many = complete({ ...few, devices: [...few.devices, ...parseDomain(domain(rng)).devices] }, capabilities);
    expect(devicesOf(many.devices, 'rng').map(where).slice(28)).toEqual(['0000:00:1e.0', '0000:01:01.0']);
    expect(devicesOf(many.devices, 'controller').filter(({ type }) => type === 'pci').map((bus) => `${bus.index} ${bus.model} ${where(bus)}`)).toEqual(['0 pci-root none', '1 pci-bridge 0000:00:1f.0']);
  });
});

describe('virtio-serial', () => {
  const ports = (definition: DomainDefinition): readonly string[] =>
    definition.devices.filter((device) => device.kind === 'channel' || (device.kind === 'console' && device.target?.type === 'virtio')).map(where);

  test('the first console has the reserved port and names none; others get the first free one', () => {
    expect(ports(define(virtioConsole() + virtioConsole() + channel('a') + channel('b')))).toEqual(['0.-', '0.1', '0.2', '0.3']);
  });

  test('devices spread over all controllers before one is added', () => {
    const controllers = "<controller type='virtio-serial' index='0' ports='2'/><controller type='virtio-serial' index='1' ports='3'/>";
    expect(ports(define(controllers + ['a', 'b', 'c', 'd'].map((name) => channel(name)).join('')))).toEqual(['0.1', '1.1', '1.2', '2.1']);
  });

  test('a controller given without a port gets its first free one', () => {
    const at = "<address type='virtio-serial' controller='1'/>";
    expect(ports(define(channel('a', at) + channel('b', at) + channel('c')))).toEqual(['1.1', '1.2', '0.1']);
  });

  test.each([
    [channel('a', "<address type='virtio-serial' port='0'/>"), /port 0 of controller 0 is reserved for a console; channel a cannot have it/],
    [channel('a', "<address type='virtio-serial' port='3'/>") + channel('b', "<address type='virtio-serial' port='3'/>"), /port 3 of controller 0 is used by both channel a and channel b/],
    [channel('a', "<address type='virtio-serial' port='31'/>"), /does not exist: the controller has 31 ports/],
    ["<controller type='virtio-serial' ports='32'/>", /has 32 ports; QEMU allows 1 to 31/],
  ])('refuses %s', (devices, reason) => {
    expect(() => define(devices)).toThrow(reason);
  });
});

describe('USB', () => {
  test('a USB device without a controller is refused', () => {
    expect(() => define(`${noUsb}<serial type='pty'><target type='usb-serial'/></serial>`)).toThrow(/USB is switched off/);
  });

  test('devices get the ports of a controller in turn', () => {
    const definition = define("<controller type='usb' model='qemu-xhci' ports='2'/><serial type='pty'><target type='usb-serial'/></serial>".concat("<serial type='pty'><target type='usb-serial' port='5'/></serial>"));
    expect(devicesOf(definition.devices, 'serial').map(where)).toEqual(['0:1', '0:2']);
  });
});

const piece = fc.constantFrom(
  rng, virtioConsole(), channel('n'), "<serial type='pty'><target type='pci-serial'/></serial>", "<controller type='virtio-serial'/>",
  "<controller type='pci' model='pcie-root-port'/>", "<controller type='usb' model='qemu-xhci'/>",
);

test('adding a device never moves another one, and no two devices share a place', () => {
  fc.assert(fc.property(fc.array(piece, { maxLength: 12 }), piece, (pieces, added) => {
    const named = pieces.map((xml, at) => xml.replace("name='n'", `name='n${at}'`));
    const before = define(`<memballoon model='none'/>${named.join('')}`);
    const [extra] = parseDomain(domain(added.replace("name='n'", "name='last'"))).devices;
    const after = complete({ ...before, devices: [...before.devices, ...(extra ? [extra] : [])] }, capabilities);
    const stays = after.devices.filter((device) => device.kind !== 'console' || device.target?.type === 'virtio');
    for (const device of before.devices) expect(after.devices).toContainEqual(device);
    const places = stays.flatMap((device) => (device.address ? [`${device.address.type} ${where(device)}`] : []));
    expect(places.toSorted()).toEqual([...new Set(places)].toSorted());
  }), { numRuns: propertyRuns(80) });
});
