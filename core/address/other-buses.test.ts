/** Places that are not PCI: channel subsystem, virtual I/O, virtio-mmio, USB hubs, SCSI by model, memory slots, card readers. */
import { describe, expect, test } from 'vitest';
import { complete, recordedCapabilities } from '../../test/golden/golden-launch.ts';
import type { Address } from '../conf/device-address.ts';
import { type DeviceKind, devicesOf } from '../conf/device-definition.ts';
import type { DomainDefinition } from '../conf/domain-definition.ts';

const known = {
  x86_64: await recordedCapabilities(), aarch64: await recordedCapabilities('aarch64'), s390x: await recordedCapabilities('s390x'),
  ppc64: await recordedCapabilities('ppc64'), riscv64: await recordedCapabilities('riscv64'),
};
type Arch = keyof typeof known;

function define(arch: Arch, machine: string, devices: string, rest = ''): DomainDefinition {
  const xml = `<domain type='qemu'><name>x</name><memory unit='MiB'>64</memory>${rest}<os><type arch='${arch}' machine='${machine}'>hvm</type></os><devices><memballoon model='none'/>${devices}</devices></domain>`;
  return complete(xml, known[arch]);
}

const addressesOf = ({ devices }: DomainDefinition, kind: DeviceKind): readonly (Address | null)[] => devicesOf(devices, kind).map(({ address }) => address);
const rng = (address = ''): string => `<rng model='virtio'><backend model='builtin'/>${address}</rng>`;
const scsiDisk = (letter: string, address = ''): string => `<disk type='file' device='disk'><source file='/${letter}'/><target dev='sd${letter}' bus='scsi'/>${address}</disk>`;

describe('the channel subsystem', () => {
  const numbers = (devices: string): readonly unknown[] => addressesOf(define('s390x', 's390-ccw-virtio', devices), 'rng').map((address) => (address?.type === 'ccw' ? address.devno : address?.type));
  const at = (devno: string): string => `<address type='ccw' cssid='0xfe' ssid='0x0' devno='${devno}'/>`;

  test('numbers virtio devices from 0, around the numbers that are taken', () => {
    expect(numbers(rng() + rng(at('0x0001')) + rng() + rng("<address type='ccw'/>"))).toEqual([0, 1, 2, 3]);
  });

  test('gives a device on PCI the identifiers by which the guest knows it', () => {
    const definition = define('s390x', 's390-ccw-virtio', rng("<address type='pci'/>") + rng("<address type='pci' bus='0' slot='7'><zpci uid='0x0001'/></address>"));
    expect(addressesOf(definition, 'rng')).toMatchObject([{ slot: 1, zpci: { uid: 2, fid: 1 } }, { slot: 7, zpci: { uid: 1, fid: 0 } }]);
  });

  test('keeps the identifiers of an address that is asked for', () => {
    const definition = define('s390x', 's390-ccw-virtio', rng("<address type='pci'><zpci uid='0x1234' fid='0x10'/></address>"));
    expect(addressesOf(definition, 'rng')).toMatchObject([{ slot: 1, zpci: { uid: 0x1234, fid: 0x10 } }]);
  });

  test.each<[Arch, string, string, RegExp]>([
    ['s390x', 's390-ccw-virtio', rng("<address type='pci'><zpci uid='0x1234'/></address>").repeat(2), /zpci uid 0x1234 is used by both/],
    ['x86_64', 'q35', rng("<address type='pci'><zpci uid='0x1234'/></address>"), /has a zpci address, and this machine or its QEMU has no zpci/],
    ['s390x', 's390-ccw-virtio', rng(at('0x0001')) + rng(at('0x0001')), /CCW device number fe\.0\.0001 is used by both random numbers/],
    ['s390x', 's390-ccw-virtio', rng("<address type='ccw' cssid='0xfe'/>"), /Missing required attribute 'ssid' in element 'address'/],
    ['x86_64', 'q35', rng(at('0x0001')), /the machine 'pc-q35-7\.2' has no devices with an address of type 'ccw'/],
    ['s390x', 's390-ccw-virtio', "<input type='tablet' bus='usb'/>", /USB is switched off/],
    ['x86_64', 'q35', rng("<address type='usb' bus='0' port='1'/>"), /cannot have an address of type 'usb'; it needs one of type 'pci'/],
  ])('refuses on %s %s: %s', (arch, machine, devices, reason) => {
    expect(() => define(arch, machine, devices)).toThrow(reason);
  });
});

describe('virtual I/O of pSeries', () => {
  const card = "<interface type='user'><model type='spapr-vlan'/></interface>";

  test('counts registers up from the first one of the kind', () => {
    const definition = define('ppc64', 'pseries', `${card}<interface type='user'><model type='spapr-vlan'/><address type='spapr-vio' reg='0x2000'/></interface>${card}`);
    expect(addressesOf(definition, 'interface')).toEqual([{ type: 'spapr-vio', reg: 0x1000n }, { type: 'spapr-vio', reg: 0x2000n }, { type: 'spapr-vio', reg: 0x3000n }]);
  });

  test('reads registers in base 16 and refuses one that is used twice', () => {
    const at = "<address type='spapr-vio' reg='5000'/>";
    const twin = `<interface type='user'><model type='spapr-vlan'/>${at}</interface>`;
    expect(() => define('ppc64', 'pseries', twin + twin)).toThrow(/spapr-vio register 0x5000 is used by both/);
  });

  test('a further host bridge has its own bus, target index and place for devices', () => {
    const definition = define('ppc64', 'pseries', `<controller type='pci' index='1' model='pci-root'/>${rng("<address type='pci' bus='1' slot='3'/>")}`);
    const roots = devicesOf(definition.devices, 'controller').filter(({ type }) => type === 'pci');
    expect(roots.map(({ index, modelName, target }) => [index, modelName, target?.index])).toEqual([[0, 'spapr-pci-host-bridge', 0], [1, 'spapr-pci-host-bridge', 1]]);
  });
});

describe('virtio-mmio', () => {
  test('is where a microvm has its devices', () => {
    expect(addressesOf(define('x86_64', 'microvm', rng()), 'rng')).toEqual([{ type: 'virtio-mmio' }]);
  });

  test('is used by a board with PCI once one device has it', () => {
    expect(addressesOf(define('aarch64', 'virt', rng()), 'rng')).toMatchObject([{ type: 'pci', bus: 1 }]);
    expect(addressesOf(define('aarch64', 'virt', rng("<address type='virtio-mmio'/>") + rng()), 'rng')).toEqual([{ type: 'virtio-mmio' }, { type: 'virtio-mmio' }]);
  });

  test.each<[Arch, string, string, number]>([
    ['x86_64', 'microvm', '', 8], ['x86_64', 'microvm', '<features><acpi/></features>', 24], ['riscv64', 'virt', '', 8], ['aarch64', 'virt', '', 32],
  ])('of %s %s %s has %i places', (arch, machine, rest, count) => {
    const devices = rng("<address type='virtio-mmio'/>").repeat(count);
    expect(addressesOf(define(arch, machine, devices, rest), 'rng')).toHaveLength(count);
    expect(() => define(arch, machine, devices + rng("<address type='virtio-mmio'/>"), rest)).toThrow(`room for ${count} virtio devices`);
  });
});

describe('USB hubs', () => {
  const tablet = (port = ''): string => `<input type='tablet' bus='usb'>${port === '' ? '' : `<address type='usb' bus='0' port='${port}'/>`}</input>`;
  const controller = "<controller type='usb' model='qemu-xhci' ports='2'/>";
  const ports = (devices: string, kind: DeviceKind = 'input'): readonly unknown[] => addressesOf(define('x86_64', 'q35', controller + devices), kind).map((address) => (address?.type === 'usb' ? address.port : null));

  test('have ports behind theirs', () => {
    expect(ports(`<hub type='usb'><address type='usb' bus='0' port='1'/></hub>${tablet('1.8')}${tablet()}${tablet()}`)).toEqual(['1.8', '2', '1.1']);
  });

  test('are added when there are more devices than ports', () => {
    expect(ports(tablet().repeat(3), 'hub')).toEqual(['1']);
    expect(ports(tablet().repeat(3))).toEqual(['2', '1.1', '1.2']);
  });

  test.each([
    [tablet('1.1'), /USB port 1\.1 of bus 0, wanted by usb tablet: there is no hub at port 1/],
    [tablet('3'), /USB port 3 of bus 0, wanted by usb tablet, does not exist; there are 2/],
    [tablet('1') + tablet('1'), /USB port 1 of bus 0 is used by both usb tablet and usb tablet/],
    ["<input type='tablet' bus='usb'><address type='usb' bus='4'/></input>", /names USB bus 4, but there is no usb controller 4/],
  ])('refuse %s', (devices, reason) => {
    expect(() => ports(devices)).toThrow(reason);
  });
});

describe('drives', () => {
  const places = (devices: string): readonly unknown[] => addressesOf(define('x86_64', 'q35', devices), 'disk').map((address) => (address?.type === 'drive' ? [address.controller, address.target, address.unit] : null));
  const at = (unit: number, target = 0): string => `<address type='drive' controller='0' bus='0' target='${target}' unit='${unit}'/>`;

  test('of a SCSI controller go to the next one after seven, which is added', () => {
    const letters = 'a b c d e f g h'.split(' ');
    expect(places(letters.map((letter) => scsiDisk(letter)).join('')).at(-1)).toEqual([1, 0, 0]);
  });

  test.each([
    ['lsilogic', [0, 0, 1]], ['virtio-scsi', [0, 0, 1]], ['vmpvscsi', [0, 1, 0]], ['lsisas1068', [0, 1, 0]], ['lsisas1078', [0, 0, 1]],
  ])('the second of a %s controller is at %j', (model, place) => {
    expect(places(`<controller type='scsi' model='${model}'/>${scsiDisk('a')}${scsiDisk('b')}`)[1]).toEqual(place);
  });

  test.each([
    ["<controller type='scsi' model='lsilogic'/>", at(0, 1), /scsi controller 0, bus 0, target 1, unit 0 does not exist; there are 1 bus\(es\), 1 target\(s\) and 8 units/],
    ["<controller type='scsi' model='vmpvscsi'/>", at(1), /65 target\(s\) and 1 units/],
  ])('of %s are refused at %s', (controller, address, reason) => {
    expect(() => places(controller + scsiDisk('a', address))).toThrow(reason);
  });
});

test('a card is in the one slot of a reader, which is on USB', () => {
  const definition = define('x86_64', 'q35', "<smartcard mode='host'/>");
  expect(addressesOf(definition, 'smartcard')).toEqual([{ type: 'ccid', controller: 0, slot: 0 }]);
  expect(devicesOf(definition.devices, 'controller').filter(({ type }) => type === 'ccid').map(({ address }) => address)).toEqual([{ type: 'usb', bus: 0, port: '1' }]);
  expect(() => define('x86_64', 'q35', "<smartcard mode='host'><address type='ccid' controller='0' slot='1'/></smartcard>")).toThrow(/a ccid controller has the slot 0 only, not 1/);
});

test('two devices on ISA cannot listen at one port', () => {
  const port = "<serial type='pty'><target type='isa-serial'/><address type='isa' iobase='0x3e8' irq='0x4'/></serial>";
  expect(() => define('x86_64', 'pc', port + port)).toThrow(/ISA port 0x3e8 is used by both/);
});

test('memory modules get the free slots', () => {
  const dimm = (address = ''): string => `<memory model='dimm'><target><size unit='MiB'>128</size><node>0</node></target>${address}</memory>`;
  const rest = "<maxMemory slots='8' unit='GiB'>4</maxMemory><cpu><model>qemu64</model><numa><cell id='0' cpus='0' memory='64' unit='MiB'/></numa></cpu>";
  const definition = define('x86_64', 'q35', dimm() + dimm("<address type='dimm' slot='0'/>") + dimm(), rest);
  expect(addressesOf(definition, 'memory').map((address) => (address?.type === 'dimm' ? address.slot : null))).toEqual([1, 0, 2]);
  expect(() => define('x86_64', 'q35', dimm("<address type='dimm' slot='3'/>").repeat(2), rest)).toThrow(/memory slot '3' is used by both/);
});
