/** What holds for every domain that gets its addresses here, whatever its machine and devices are. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { complete, recordedCapabilities } from '../../test/golden/golden-launch.ts';
import { VireoError } from '../base/errors.ts';
import type { QemuCapabilities } from '../capabilities/qemu-capabilities.ts';
import { type DeviceDefinition, devicesOf } from '../conf/device-definition.ts';
import type { DomainDefinition } from '../conf/domain-definition.ts';
import { formatDomain, parseDomain } from '../devices/domain-xml.ts';
import { propertyRuns } from '../../test/support/property-runs.ts';

interface Machine {
  readonly arch: string;
  readonly machine: string;
}

const machines: readonly Machine[] = [
  { arch: 'x86_64', machine: 'q35' }, { arch: 'x86_64', machine: 'pc' }, { arch: 'x86_64', machine: 'microvm' }, { arch: 'aarch64', machine: 'virt' },
  { arch: 's390x', machine: 's390-ccw-virtio' }, { arch: 'ppc64', machine: 'pseries' }, { arch: 'riscv64', machine: 'virt' },
];
const capabilities = new Map<string, QemuCapabilities>();
for (const { arch } of machines) capabilities.set(arch, await recordedCapabilities(arch));

const rng = "<rng model='virtio'><backend model='builtin'/></rng>";
const disk = (at: number, bus: string, prefix: string): string => `<disk type='file' device='disk'><source file='/d${at}'/><target dev='${prefix}${String.fromCharCode(97 + (at % 26))}' bus='${bus}'/></disk>`;

/** Devices for every kind of bus; `at` makes names unique. */
const pieces: readonly ((at: number) => string)[] = [
  () => rng,
  (at) => `<channel type='unix'><target type='virtio' name='c${at}'/></channel>`,
  () => "<console type='pty'><target type='virtio'/></console>",
  () => "<interface type='user'><model type='virtio'/></interface>",
  () => "<interface type='user'><model type='e1000'/></interface>",
  () => "<interface type='user'><model type='e1000e'/></interface>",
  (at) => disk(at, 'virtio', 'vd'),
  (at) => disk(at, 'scsi', 'sd'),
  (at) => disk(at, 'sata', 'sd'),
  (at) => disk(at, 'usb', 'sd'),
  () => "<input type='tablet' bus='usb'/>",
  () => "<hub type='usb'/>",
  () => "<serial type='pty'><target type='pci-serial'/></serial>",
  () => "<controller type='virtio-serial'/>",
  () => "<controller type='scsi' model='virtio-scsi'/>",
  () => "<controller type='scsi' model='lsilogic'/>",
  () => "<controller type='usb' model='qemu-xhci'/>",
  () => "<controller type='usb' model='ich9-ehci1'/><controller type='usb' model='ich9-uhci1'/>",
  () => "<controller type='pci' model='pcie-root-port'/>",
  () => "<controller type='pci' model='pci-bridge'/>",
  () => "<controller type='pci' model='pcie-to-pci-bridge'/>",
  () => "<controller type='pci' model='dmi-to-pci-bridge'/>",
];

const emptyDomain = ({ arch, machine }: Machine, devices: string): string =>
  `<domain type='qemu'><name>x</name><memory unit='MiB'>64</memory><os><type arch='${arch}' machine='${machine}'>hvm</type></os><devices>${devices}</devices></domain>`;

/** Null where the machine does not take such devices, which it has to say. */
function define(machine: Machine, definition: DomainDefinition | string): DomainDefinition | null {
  const known = capabilities.get(machine.arch);
  if (!known) throw new Error(`no capabilities for ${machine.arch}`);
  try {
    return complete(definition, known);
  } catch (error) {
    if (!(error instanceof VireoError) || !['CONFIG_UNSUPPORTED', 'XML_ERROR'].includes(error.code)) throw error;
    return null;
  }
}

/** The place of a device, spelled so that two devices share it only if they are in each other's way; null where QEMU chooses. */
function placeOf({ devices }: DomainDefinition, device: DeviceDefinition): string | null {
  const { address } = device;
  switch (address?.type) {
    case 'pci':
      return `pci ${address.bus}:${address.slot}.${address.function}`;
    case 'drive':
      return `drive ${device.kind === 'disk' ? (device.target.bus ?? '') : 'scsi'} ${address.controller} ${address.bus} ${address.target} ${address.unit}`;
    case 'virtio-serial':
      return `port ${address.controller}.${address.port ?? 'console'}`;
    case 'usb':
      return `usb ${address.bus}:${address.port}`;
    case 'ccw':
      return `ccw ${address.cssid}.${address.ssid}.${address.devno}`;
    case 'spapr-vio':
      return `vio ${String(address.reg)}`;
    case 'isa':
      return `isa ${address.iobase} ${devices.indexOf(device)}`;
    default:
      return null;
  }
}

/** The controller that an address names, as `type index`; null for what is on no bus of a controller. */
function busOf(device: DeviceDefinition): string | null {
  const { address } = device;
  switch (address?.type) {
    case 'pci':
      return `pci ${address.bus}`;
    case 'drive':
      return `${device.kind === 'disk' ? (device.target.bus ?? '') : 'scsi'} ${address.controller}`;
    case 'virtio-serial':
      return `virtio-serial ${address.controller}`;
    case 'usb':
      return `usb ${address.bus}`;
    default:
      return null;
  }
}

const picks = fc.array(fc.constantFrom(...pieces), { maxLength: 14 });
const toXml = (chosen: readonly ((at: number) => string)[]): string => `<memballoon model='none'/>${chosen.map((piece, at) => piece(at)).join('')}`;

describe.each(machines)('on $machine of $arch', (machine) => {
  test('no two devices share a place, and every bus that is named exists', () => {
    fc.assert(fc.property(picks, (chosen) => {
      const definition = define(machine, emptyDomain(machine, toXml(chosen)));
      if (!definition) return;
      const places = definition.devices.flatMap((device) => placeOf(definition, device) ?? []);
      expect(places.toSorted()).toEqual([...new Set(places)].toSorted());
      const controllers = new Set(devicesOf(definition.devices, 'controller').map(({ type, index }) => `${type} ${index}`));
      for (const device of definition.devices) {
        const bus = busOf(device);
        if (bus !== null) expect(controllers).toContain(bus);
      }
    }), { numRuns: propertyRuns(40) });
  });

  test('adding a device changes no other one', () => {
    fc.assert(fc.property(picks, fc.constantFrom(...pieces), (chosen, added) => {
      const before = define(machine, emptyDomain(machine, toXml(chosen)));
      if (!before) return;
      const extra = parseDomain(emptyDomain(machine, added(25))).devices;
      const after = define(machine, { ...before, devices: [...before.devices, ...extra] });
      for (const device of after ? before.devices : []) expect(after?.devices).toContainEqual(device);
    }), { numRuns: propertyRuns(40) });
  });

  test('what was completed once stays as it is, also as a document', () => {
    fc.assert(fc.property(picks, (chosen) => {
      const definition = define(machine, emptyDomain(machine, toXml(chosen)));
      if (!definition) return;
      expect(define(machine, definition)).toEqual(definition);
      const text = formatDomain(definition, { form: 'inactive' });
      const again = define(machine, text);
      expect(again && formatDomain(again, { form: 'inactive' })).toBe(text);
    }), { numRuns: propertyRuns(20) });
  });
});
