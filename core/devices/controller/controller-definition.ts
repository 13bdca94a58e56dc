/**
 * The `<controller>` element: what each type of it may hold. All types have the same fields, so that nobody needs to
 * ask for the type to read one; a field that a type does not have is null and its XML is kept as unknown.
 */
import { attribute, child, children, childText, type Codec, type Infer, mapped, object, optional, union } from '../../conf/codec/codec.ts';
import { hexadecimal, integer, oneOf, onOff, type Scalar, unsigned } from '../../conf/codec/scalar.ts';
import { listWithin, section } from '../../conf/codec/shorthands.ts';
import { memorySize } from '../../conf/memory-size.ts';
import { pciFields } from '../pci-fields.ts';
import { virtioFields } from '../virtio/virtio-device.ts';

const pciModels = [
  'pci-root', 'pcie-root', 'pci-bridge', 'dmi-to-pci-bridge', 'pcie-to-pci-bridge', 'pcie-root-port', 'pcie-switch-upstream-port',
  'pcie-switch-downstream-port', 'pci-expander-bus', 'pcie-expander-bus',
] as const;

const pciModelNames = [
  'spapr-pci-host-bridge', 'pci-bridge', 'i82801b11-bridge', 'pcie-pci-bridge', 'ioh3420', 'pcie-root-port', 'x3130-upstream', 'xio3130-downstream', 'pxb', 'pxb-pcie',
] as const;

const usbModels = [
  'piix3-uhci', 'piix4-uhci', 'ehci', 'ich9-ehci1', 'ich9-uhci1', 'ich9-uhci2', 'ich9-uhci3', 'vt82c686b-uhci', 'pci-ohci', 'nec-xhci', 'qusb1', 'qusb2', 'qemu-xhci', 'none',
] as const;

const scsiModels = [
  'auto', 'buslogic', 'lsilogic', 'lsisas1068', 'vmpvscsi', 'ibmvscsi', 'virtio-scsi', 'lsisas1078', 'virtio-transitional', 'virtio-non-transitional',
  'ncr53c90', 'dc390', 'am53c974',
] as const;

const ideModels = ['piix3', 'piix4', 'ich6'] as const;
const virtioModels = ['virtio', 'virtio-transitional', 'virtio-non-transitional'] as const;

/** A field that the type does not have. */
const absent: Codec<null> = { read: () => null, write: () => {}, present: () => false, shape: { type: 'constant', value: null } };

const nothing = <T>(): Codec<T | null> => absent as Codec<T | null>;
const model = <const T extends string>(models: readonly T[]): Codec<T | null> => optional(attribute('model', oneOf(models)));

/** Sizes that libvirt reads in decimal and in hexadecimal. */
const anyBase: Scalar<number> = { ...unsigned, parse: (text) => (/^0x[0-9a-f]{1,12}$/i.test(text) ? Number(text) : unsigned.parse(text)) };

const driverFields = {
  queues: optional(attribute('queues', unsigned)),
  cmdPerLun: optional(attribute('cmd_per_lun', unsigned)),
  maxSectors: optional(attribute('max_sectors', unsigned)),
  ioeventfd: optional(attribute('ioeventfd', onOff)),
  iothread: optional(attribute('iothread', unsigned)),
  ...virtioFields,
  /** Several I/O threads, each with the queues that it serves; without queues they are dealt out. */
  iothreads: listWithin('iothreads', 'iothread', object({ id: attribute('id', unsigned), queues: children('queue', object({ id: attribute('id', unsigned) })) })),
};

const targetFields = {
  chassisNr: optional(attribute('chassisNr', anyByte())),
  chassis: optional(attribute('chassis', anyByte())),
  /** `slot * 8 + function` of the port where nobody chose another number. */
  port: optional(attribute('port', hexadecimal(1, 255))),
  /** First bus number of an expander's own range. */
  busNr: optional(attribute('busNr', anyByte())),
  /** Which host bridge of pSeries it is. */
  index: optional(attribute('index', anyByte())),
  hotplug: optional(attribute('hotplug', onOff)),
  memReserveKiB: optional(attribute('memReserve', anyBase)),
  /** The NUMA cell of the guest that the bus belongs to. */
  node: optional(childText('node', unsigned)),
};

function anyByte(): Scalar<number> {
  const decimal = integer(0, 255);
  const hex = hexadecimal(1, 255);
  return { ...decimal, parse: (text) => decimal.parse(text) ?? hex.parse(text) };
}

/** Read where it means something; elsewhere it is kept as unknown, as is every node that nobody asks for. */
const pcihole64: Codec<number | null> = (() => {
  const size = optional(child('pcihole64', memorySize));
  const isRoot = (cursor: Parameters<typeof size.read>[0]): boolean => cursor.element.attributes.get('model')?.endsWith('-root') ?? false;
  return { ...size, read: (cursor) => (isRoot(cursor) ? size.read(cursor) : null), present: (cursor) => isRoot(cursor) && size.present(cursor) };
})();

const driver = section('driver', driverFields);
const target = section('target', targetFields);

/** `<target>` of a PCI controller, null where nothing is said. */
export type TargetOptions = Infer<typeof target>;

const shared = {
  /** Null until the definition is completed: the first free number of the type. */
  index: optional(attribute('index', unsigned)),
  model: nothing<string>(),
  ports: nothing<number>(),
  vectors: nothing<number>(),
  maxGrantFrames: nothing<number>(),
  maxEventChannels: nothing<number>(),
  /** The QEMU device behind a PCI model, as libvirt names it. */
  modelName: nothing<string>(),
  target: nothing<NonNullable<TargetOptions>>(),
  driver,
  alias: pciFields.alias,
  /** First port of the EHCI that a USB 1 companion serves. */
  masterStartPort: nothing<number>(),
  acpi: pciFields.acpi,
  address: pciFields.address,
  pcihole64KiB: nothing<number>(),
} as const;

const ports = optional(attribute('ports', unsigned));

/** libvirt's schema wants the model of a PCI controller; without one the usual model is meant. */
const pciModel: Codec<string | null> = { ...model(pciModels), shape: attribute('model', oneOf(pciModels)).shape };

const pci = object({
  ...shared,
  model: pciModel,
  modelName: optional(child('model', attribute('name', oneOf(pciModelNames)))) as Codec<string | null>,
  target,
  pcihole64KiB: pcihole64,
});

export const controllerCodec = union('type', {
  ide: object({ ...shared, model: model(ideModels) as Codec<string | null> }),
  fdc: object(shared),
  scsi: object({ ...shared, model: model(scsiModels) as Codec<string | null> }),
  sata: object(shared),
  'virtio-serial': object({ ...shared, model: model(virtioModels) as Codec<string | null>, ports, vectors: optional(attribute('vectors', unsigned)) }),
  ccid: object(shared),
  usb: object({
    ...shared, model: model(usbModels) as Codec<string | null>, ports,
    masterStartPort: optional(child('master', attribute('startport', integer(0, 255)))),
  }),
  /** Only a root has a hole for addresses above 4 GiB. */
  pci: mapped(pci, (value) => (value.model?.endsWith('-root') ? value : { ...value, pcihole64KiB: null }), (value) => value),
  xenbus: object({ ...shared, maxGrantFrames: optional(attribute('maxGrantFrames', unsigned)), maxEventChannels: optional(attribute('maxEventChannels', unsigned)) }),
  isa: object(shared),
});

declare module '../../conf/device-definition.ts' {
  interface DeviceDefinitions {
    controller: Infer<typeof controllerCodec>;
  }
}
