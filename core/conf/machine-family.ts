/**
 * What a machine type brings along, in one place: its buses, what is soldered on, and which models fit where a
 * definition names none. Nobody else compares machine names. The preferences are libvirt's (11.3), so that a definition
 * that leaves something out means the same machine here; which of them a QEMU has is the asker's to look up.
 */

export type BoardName =
  | 'q35' | 'i440fx' | 'isapc' | 'microvm' | 'arm-virt' | 'arm-other' | 'versatilepb' | 'riscv-virt' | 'loongarch-virt'
  | 's390-ccw' | 'pseries' | 'ppc-other' | 'malta' | 'other';

export type VirtioBus = 'pci' | 'ccw' | 'virtio-mmio';

/** A function of PCI bus 0 that is there without being asked for. */
export interface SolderedFunction {
  readonly slot: number;
  readonly function: number;
  /** Ends "the board's ...". */
  readonly name: string;
}

export interface Board {
  readonly name: BoardName;
  /** Model of PCI controller 0; null for a machine without PCI. */
  readonly pciRoot: 'pcie-root' | 'pci-root' | null;
  /** Whether `pci-root` controllers with an index above 0 are further host bridges (pSeries). */
  readonly severalPciRoots: boolean;
  /** QEMU's name of PCI bus 0. */
  readonly pciRootAlias: 'pcie.0' | 'pci.0' | 'pci';
  readonly soldered: readonly SolderedFunction[];
  /** Slot of bus 0 where firmware looks for the primary graphics card, null where it looks everywhere. */
  readonly primaryVideoSlot: number | null;
  /** Where virtio devices go by themselves; null for a machine that has no place for them. */
  readonly virtioBus: VirtioBus | null;
  /** All buses that a virtio device may name in its address. */
  readonly virtioBuses: readonly VirtioBus[];
  /** How many virtio-mmio devices the board has room for. */
  readonly virtioMmioSlots: number;
  readonly hasIsa: boolean;
  readonly hasPs2: boolean;
  /** IDE, SATA or ESP controller 0 of the board, which no -device makes. */
  readonly builtInDisks: 'ide' | 'sata' | 'none';
  /** `built-in`, to be added with -device (isa-fdc), or impossible. */
  readonly floppy: 'built-in' | 'added' | 'none';
  /** The USB controller that a domain has unless it says `none`: the first of these models that QEMU has; empty for no controller. */
  readonly impliedUsb: readonly string[];
  /** For `<controller type='usb'/>` without a model: the first that QEMU has, 'none' where the list is empty. */
  readonly usbModels: readonly string[];
  /** For a SCSI controller without a model. */
  readonly scsiModels: readonly string[];
  /** For a network card without a model. */
  readonly networkModels: readonly string[];
  /** For a graphics card without a model. */
  readonly videoModels: readonly string[];
  /** Bus of an `<input>` that names none; a tablet is on usb where this says ps2. */
  readonly inputBus: 'ps2' | 'usb' | 'virtio';
  /** Bus of a CD-ROM that names none. */
  readonly cdromBus: 'ide' | 'sata' | 'scsi';
  /** Target type of a `<serial>` that names none, and its model. */
  readonly serial: { readonly type: 'isa-serial' | 'system-serial' | 'spapr-vio-serial' | 'sclp-serial'; readonly model: string };
  /** Target type of a `<console>` that names none. */
  readonly consoleTarget: 'serial' | 'sclp' | 'virtio';
  /** Model of a `<panic>` that names none; null where there is none. */
  readonly panicModel: 'isa' | 'pseries' | 's390' | 'pvpanic' | null;
  /** Whether a domain has a panic notifier without asking for one. */
  readonly impliesPanic: boolean;
  /** Whether a domain gets a memory balloon without asking for one. */
  readonly impliesBalloon: boolean;
  /** Whether a display implies a USB keyboard and mouse (machines that boot from an Open Firmware). */
  readonly impliesUsbInput: boolean;
  /** Whether the board has a TCO watchdog that is always there. */
  readonly hasTcoWatchdog: boolean;
}

const plainBoard: Board = {
  name: 'other', pciRoot: null, severalPciRoots: false, pciRootAlias: 'pci.0', soldered: [], primaryVideoSlot: null,
  virtioBus: null, virtioBuses: [], virtioMmioSlots: 0, hasIsa: false, hasPs2: false, builtInDisks: 'none', floppy: 'none',
  impliedUsb: [], usbModels: ['piix3-uhci', 'pci-ohci'], scsiModels: ['lsilogic', 'virtio-scsi'],
  networkModels: ['rtl8139', 'e1000', 'virtio'], videoModels: ['cirrus', 'vga'], inputBus: 'usb', cdromBus: 'scsi',
  serial: { type: 'system-serial', model: 'pl011' }, consoleTarget: 'serial', panicModel: null, impliesPanic: false, impliesBalloon: false,
  impliesUsbInput: false, hasTcoWatchdog: false,
};

const pc: Board = {
  ...plainBoard, pciRootAlias: 'pci.0', virtioBus: 'pci', virtioBuses: ['pci'], hasIsa: true, hasPs2: true, inputBus: 'ps2', cdromBus: 'ide',
  usbModels: ['piix3-uhci'], serial: { type: 'isa-serial', model: 'isa-serial' }, panicModel: 'isa', impliesBalloon: true,
};

/** Modern boards without history: PCI Express, virtio for all. */
const virt: Board = {
  ...plainBoard, pciRoot: 'pcie-root', pciRootAlias: 'pcie.0', virtioBus: 'pci', virtioBuses: ['pci', 'virtio-mmio'],
  networkModels: ['virtio'], videoModels: ['virtio'],
};

const boards: { readonly [B in BoardName]: Board } = {
  other: plainBoard,
  q35: {
    ...pc, name: 'q35', pciRoot: 'pcie-root', pciRootAlias: 'pcie.0', primaryVideoSlot: 1, builtInDisks: 'sata', floppy: 'added', cdromBus: 'sata',
    soldered: [
      { slot: 0, function: 0, name: 'host bridge' }, { slot: 0x1f, function: 0, name: 'LPC bridge' },
      { slot: 0x1f, function: 2, name: 'SATA controller' }, { slot: 0x1f, function: 3, name: 'SMBus' },
    ],
    impliedUsb: ['qemu-xhci', 'nec-xhci', 'ich9-ehci1'], hasTcoWatchdog: true,
  },
  i440fx: {
    ...pc, name: 'i440fx', pciRoot: 'pci-root', primaryVideoSlot: 2, builtInDisks: 'ide', floppy: 'built-in',
    soldered: [
      { slot: 0, function: 0, name: 'host bridge' }, { slot: 1, function: 0, name: 'ISA bridge' }, { slot: 1, function: 1, name: 'IDE controller' },
      { slot: 1, function: 3, name: 'power management' },
    ],
    impliedUsb: ['piix3-uhci'],
  },
  isapc: { ...pc, name: 'isapc', virtioBus: null, virtioBuses: [], builtInDisks: 'ide', floppy: 'built-in', networkModels: ['ne2k_isa'], impliesBalloon: false },
  microvm: {
    ...pc, name: 'microvm', virtioBus: 'virtio-mmio', virtioBuses: ['virtio-mmio'], virtioMmioSlots: 24, hasPs2: false, inputBus: 'virtio', cdromBus: 'scsi',
    usbModels: [], scsiModels: ['virtio-scsi'], networkModels: ['virtio'],
  },
  'arm-virt': {
    ...virt, name: 'arm-virt', virtioMmioSlots: 32, usbModels: ['qemu-xhci', 'nec-xhci'], panicModel: 'pvpanic',
  },
  'arm-other': { ...plainBoard, name: 'arm-other', virtioBus: 'virtio-mmio', virtioBuses: ['virtio-mmio'], virtioMmioSlots: 4, usbModels: ['qemu-xhci', 'nec-xhci', 'pci-ohci'], networkModels: ['lan9118'], videoModels: ['virtio'] },
  versatilepb: {
    ...plainBoard, name: 'versatilepb', pciRoot: 'pci-root', pciRootAlias: 'pci', virtioBus: 'pci', virtioBuses: ['pci'],
    soldered: [{ slot: 0, function: 0, name: 'host bridge' }], impliedUsb: ['pci-ohci'], usbModels: ['qemu-xhci', 'nec-xhci', 'pci-ohci'], networkModels: ['smc91c111'],
  },
  'riscv-virt': { ...virt, name: 'riscv-virt', virtioMmioSlots: 8, serial: { type: 'system-serial', model: '16550a' }, impliesBalloon: true },
  'loongarch-virt': { ...virt, name: 'loongarch-virt', virtioBuses: ['pci'], usbModels: ['qemu-xhci'], scsiModels: ['virtio-scsi'], serial: { type: 'system-serial', model: '16550a' } },
  's390-ccw': {
    ...plainBoard, name: 's390-ccw', pciRoot: 'pci-root', virtioBus: 'ccw', virtioBuses: ['ccw', 'pci'], usbModels: [], scsiModels: ['virtio-scsi'],
    networkModels: ['virtio'], videoModels: ['virtio'], inputBus: 'virtio', serial: { type: 'sclp-serial', model: 'sclpconsole' }, consoleTarget: 'sclp',
    panicModel: 's390', impliesPanic: true, impliesBalloon: true,
  },
  pseries: {
    ...plainBoard, name: 'pseries', pciRoot: 'pci-root', severalPciRoots: true, virtioBus: 'pci', virtioBuses: ['pci'], soldered: [{ slot: 0, function: 0, name: 'host bridge' }],
    impliedUsb: ['qemu-xhci', 'nec-xhci', 'pci-ohci'], usbModels: ['qemu-xhci', 'nec-xhci', 'pci-ohci'], scsiModels: ['ibmvscsi'], videoModels: ['vga'],
    serial: { type: 'spapr-vio-serial', model: 'spapr-vty' }, panicModel: 'pseries', impliesPanic: true, impliesBalloon: true, impliesUsbInput: true,
  },
  'ppc-other': {
    ...plainBoard, name: 'ppc-other', pciRoot: 'pci-root', virtioBus: 'pci', virtioBuses: ['pci'], impliedUsb: ['pci-ohci'], usbModels: ['pci-ohci'],
    videoModels: ['vga'], impliesBalloon: true, impliesUsbInput: true,
  },
  malta: { ...plainBoard, name: 'malta', pciRoot: 'pci-root', virtioBus: 'pci', virtioBuses: ['pci'], hasIsa: true, hasPs2: true, builtInDisks: 'ide', floppy: 'built-in', cdromBus: 'ide', impliedUsb: ['piix3-uhci'], serial: { type: 'isa-serial', model: 'isa-serial' }, impliesBalloon: true },
};

/** The board of `<os><type arch= machine=>`, by any name of the machine: `q35`, `pc-q35-7.2`; a definition without an architecture is taken for a PC. */
export function boardOf({ arch, machine }: { readonly arch: string | null; readonly machine: string | null }): Board {
  return boards[boardName(arch ?? 'x86_64', machine ?? '')];
}

function boardName(arch: string, machine: string): BoardName {
  const isVirt = machine === 'virt' || machine.startsWith('virt-');
  if (arch === 'x86_64' || arch === 'i686') return pcName(machine);
  if (arch === 'aarch64' || arch === 'armv7l' || arch === 'armv6l') return isVirt ? 'arm-virt' : machine === 'versatilepb' ? 'versatilepb' : 'arm-other';
  if (arch.startsWith('riscv')) return isVirt ? 'riscv-virt' : 'other';
  if (arch.startsWith('loongarch')) return isVirt ? 'loongarch-virt' : 'other';
  if (arch.startsWith('s390')) return machine.startsWith('s390-ccw') ? 's390-ccw' : 'other';
  if (arch.startsWith('ppc')) return /^pseries(-|$)/.test(machine) ? 'pseries' : 'ppc-other';
  return arch.startsWith('mips') && machine === 'malta' ? 'malta' : 'other';
}

function pcName(machine: string): BoardName {
  if (/^(q35|pc-q35-.*)$/.test(machine)) return 'q35';
  if (/^(pc|pc-i440fx-.*|pc-[01]\..*|rhel.*)$/.test(machine)) return 'i440fx';
  return machine === 'isapc' || machine === 'microvm' ? machine : 'other';
}
