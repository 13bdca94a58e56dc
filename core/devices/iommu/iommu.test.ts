import { describe, expect, test } from 'vitest';
import { DeviceWorkbench } from '../../../test/support/device-workbench.ts';

const x86 = await DeviceWorkbench.open();
const aarch64 = await DeviceWorkbench.open('aarch64');
const acpi = '<features><acpi/></features>';
const ioapic = "<features><acpi/><ioapic driver='qemu'/></features>";

describe('the command line', () => {
  test("of Intel's has every option that is set", () => {
    const devices = "<iommu model='intel'><driver intremap='on' caching_mode='on' eim='on' iotlb='off' aw_bits='48' dma_translation='off'/></iommu>";
    expect(x86.options({ devices, rest: ioapic }, /intel-iommu/)).toEqual([{
      driver: 'intel-iommu', id: 'iommu0', intremap: 'on', 'caching-mode': true, eim: 'on', 'device-iotlb': false, 'aw-bits': 48, 'dma-translation': false,
    }]);
  });

  test("puts it before the devices that it is to see", () => {
    const all = x86.arguments({ devices: "<iommu model='intel'/>", rest: acpi }, /^\{"driver"/);
    expect(all[0]).toContain('intel-iommu');
  });

  test('of the virtio one has a place on the root bus', () => {
    expect(x86.options({ devices: "<iommu model='virtio'/>", rest: acpi }, /virtio-iommu/)).toMatchObject([{ driver: 'virtio-iommu-pci', bus: 'pcie.0' }]);
  });

  test("of AMD's comes last, where it finds the slot that is left", () => {
    const all = x86.arguments({ devices: "<iommu model='amd'><driver intremap='on' iotlb='on' passthrough='off'/></iommu>", rest: ioapic }, /^\{"driver"/);
    expect(all.at(-1)).toBe('{"driver":"amd-iommu","id":"iommu0","intremap":"on","device-iotlb":true,"pt":false}');
  });

  test('of smmuv3 is a property of the machine', () => {
    expect(aarch64.arguments({ devices: "<iommu model='smmuv3'/>" }, /smmuv3/)).toEqual([expect.stringMatching(/^virt-7\.2,.*iommu=smmuv3/)]);
  });
});

test('more CPUs than an APIC id can name imply remapped interrupts', () => {
  const rest = '<vcpu>288</vcpu>';
  expect(x86.devices('iommu', { devices: '', rest })).toMatchObject([{ model: 'intel', driver: { interruptRemapping: true, extendedInterruptMode: true } }]);
  expect(x86.complete({ devices: "<iommu model='intel'/>", rest }).features.ioapic).toBe('qemu');
  expect(x86.devices('iommu', { devices: '', rest: '<vcpu>255</vcpu>' })).toEqual([]);
});

describe('a refusal', () => {
  const kvmIoapic = "<features><acpi/><ioapic driver='kvm'/></features>";
  test.each([
    ["<iommu model='intel'/><iommu model='intel'/>", acpi, 'q35', /one IOMMU at most/],
    ["<iommu model='intel'/>", acpi, 'pc', /machine 'pc-i440fx-7\.2' has no place/],
    ["<iommu model='smmuv3'/>", acpi, 'q35', /has no place/],
    ["<iommu model='virtio'/>", '', 'q35', /ACPI, which is off/],
    ["<iommu model='virtio'><driver intremap='on'/></iommu>", acpi, 'q35', /no driver attribute 'intremap'/],
    ["<iommu model='intel'><driver granule='4k'/></iommu>", acpi, 'q35', /no driver attribute 'granule'/],
    ["<iommu model='virtio'><driver granule='64k'/></iommu>", acpi, 'q35', /'granule' needs QEMU 9\.1/],
    ["<iommu model='intel'><driver intremap='on'/></iommu>", kvmIoapic, 'q35', /intremap needs <ioapic driver='qemu'\/>/],
    ["<iommu model='intel'><driver eim='on'/></iommu>", ioapic, 'q35', /eim needs intremap/],
    ["<iommu model='intel'><address type='pci' domain='0' bus='0' slot='5' function='0'/></iommu>", acpi, 'q35', /IOMMU|iommu model 'intel'/],
  ])('of %s says why', (devices, rest, machine, reason) => {
    expect(x86.refusal({ devices, rest, machine })).toMatch(reason);
  });
});
