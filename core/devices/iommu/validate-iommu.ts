/** What QEMU would refuse about an IOMMU, or silently do without. */
import { VireoError } from '../../base/errors.ts';
import { devicesOf, type DeviceOf } from '../../conf/device-definition.ts';
import type { DomainSurroundings } from '../device-module.ts';
import { requireDeviceType } from '../require-device-type.ts';

type Iommu = DeviceOf<'iommu'>;
type DriverOption = keyof NonNullable<Iommu['driver']>;

/** The options of each model, by field; and how the XML names them. */
const optionsOf: { readonly [M in Iommu['model']]: readonly DriverOption[] } = {
  intel: ['interruptRemapping', 'cachingMode', 'extendedInterruptMode', 'iotlb', 'addressWidthBits', 'dmaTranslation'],
  amd: ['interruptRemapping', 'iotlb', 'xtSupport', 'passthrough'],
  virtio: ['granule'],
  smmuv3: [],
};
const optionNames: { readonly [O in DriverOption]: string } = {
  interruptRemapping: 'intremap', cachingMode: 'caching_mode', extendedInterruptMode: 'eim', iotlb: 'iotlb', addressWidthBits: 'aw_bits',
  dmaTranslation: 'dma_translation', xtSupport: 'xtsup', passthrough: 'passthrough', granule: 'granule',
};

/** Options that came later than what is supported at all. */
const newerOptions: readonly { readonly option: DriverOption; readonly major: number; readonly minor: number }[] = [
  { option: 'granule', major: 9, minor: 1 }, { option: 'xtSupport', major: 9, minor: 2 },
];

const drivers = { intel: 'intel-iommu', amd: 'amd-iommu', virtio: 'virtio-iommu-pci' } as const;

export function validateIommu(iommu: Iommu, domain: DomainSurroundings): void {
  const { model, driver, address } = iommu;
  const { definition, board, capabilities } = domain;
  const refuse = (text: string): never => {
    throw new VireoError('CONFIG_UNSUPPORTED', `iommu model '${model}': ${text}`);
  };
  if (devicesOf(definition.devices, 'iommu').length > 1) throw new VireoError('XML_ERROR', `iommu model '${model}': a domain has one IOMMU at most`);
  for (const [option, value] of Object.entries(driver ?? {}) as [DriverOption, unknown][]) {
    if (value !== null && !optionsOf[model].includes(option)) throw new VireoError('XML_ERROR', `iommu model '${model}' takes no driver attribute '${optionNames[option]}'`);
  }
  const isPlaced = model === 'virtio';
  if (address && !isPlaced) throw new VireoError('XML_ERROR', `iommu model '${model}' is part of the board and takes no address`);
  if (address && address.type !== 'pci') refuse(`its address is of type 'pci', not '${address.type}'`);
  const boards: readonly string[] = { intel: ['q35'], amd: ['q35'], smmuv3: ['arm-virt'], virtio: ['q35', 'arm-virt'] }[model];
  if (!boards.includes(board.name)) refuse(`machine '${definition.os.type.machine}' has no place for it; it is for ${boards.join(' and ')}`);
  if (isPlaced && !definition.features.acpi) refuse('the guest finds it through ACPI, which is off');
  if (model !== 'smmuv3') requireDeviceType(capabilities, drivers[model], `iommu model '${model}'`);
  for (const { option, major, minor } of newerOptions) {
    const { version } = capabilities;
    const isTooOld = version.major < major || (version.major === major && version.minor < minor);
    if (isTooOld && (driver?.[option] ?? null) !== null) refuse(`driver attribute '${optionNames[option]}' needs QEMU ${major}.${minor} or newer`);
  }
  validateInterrupts(iommu, domain, refuse);
}

/** Remapped interrupts need an I/O APIC that QEMU itself emulates, apart from the CPUs' own. */
function validateInterrupts({ driver }: Iommu, { definition }: DomainSurroundings, refuse: (text: string) => never): void {
  if (driver?.interruptRemapping && definition.features.ioapic !== 'qemu') refuse("intremap needs <ioapic driver='qemu'/> in features");
  if (driver?.extendedInterruptMode && !driver.interruptRemapping) refuse("eim needs intremap='on'");
}
