/**
 * Everything that the driver needs to know about one kind of device, in one value. Every member is required: what a
 * kind cannot do is said out loud ('unsupported', 'none'), never by absence, and no other place asks for the kind.
 */
import type { QemuCapabilities } from '../capabilities/qemu-capabilities.ts';
import type { AbiVerdict } from '../conf/abi-verdict.ts';
import type { Codec } from '../conf/codec/codec.ts';
import type { DriveAddress, PciAddress } from '../conf/device-address.ts';
import type { DeviceDefinition, DeviceDefinitions, DeviceKind, DeviceOf } from '../conf/device-definition.ts';
import type { DomainDefinition } from '../conf/domain-definition.ts';
import type { Board } from '../conf/machine-family.ts';
import type { CommandFragment } from './command-fragment.ts';
import type { DeviceLaunch, LaunchContext, LiveFacts } from './launch-context.ts';

/** The domain around a device, while its definition is completed and checked. */
export interface DomainSurroundings {
  readonly definition: DomainDefinition;
  readonly capabilities: QemuCapabilities;
  /** What the machine type brings along; ask this, not the machine's name. */
  readonly board: Board;
  /** What `device` must be plugged into; asks its module. */
  needOf(device: DeviceDefinition): AddressNeed;
  /** A fresh MAC address of QEMU's range, 52:54:00. */
  newMac(): string;
}

export type AddressNeed =
  | { readonly type: 'none' }
  | PciNeed
  /** A console may take the port that QEMU reserves for one. */
  | { readonly type: 'virtio-serial'; readonly console: boolean }
  /** `preferred` follows from the name that the user gave (`sdb`); taken if it is free. */
  | { readonly type: 'drive'; readonly controller: 'sata' | 'ide' | 'scsi' | 'fdc'; readonly preferred: DriveAddress }
  /** A hub has ports of its own, behind which others may be plugged in. */
  | { readonly type: 'usb'; readonly hubPorts?: number }
  | { readonly type: 'isa' }
  | { readonly type: 'ccid' }
  | { readonly type: 'spapr-vio'; /** Where libvirt begins to look for a free one of this kind. */ readonly defaultReg: bigint }
  | { readonly type: 'dimm' };

/** PCI controllers that are plugged into another one. */
export type PciBridgeModel =
  | 'pci-bridge' | 'dmi-to-pci-bridge' | 'pcie-to-pci-bridge' | 'pcie-root-port' | 'pcie-switch-upstream-port' | 'pcie-switch-downstream-port'
  | 'pci-expander-bus' | 'pcie-expander-bus';

export interface PciNeed {
  readonly type: 'pci';
  /** 'either': virtio and what else adapts to its bus; 'conventional' never goes behind a PCIe port by itself. */
  readonly connect: 'either' | 'conventional' | 'express';
  /** Sits on whatever bus the machine has for virtio: PCI, CCW on s390x, virtio-mmio on microvm. */
  readonly virtio: boolean;
  /** A PCI controller that is itself plugged in somewhere: which model it is decides where. Null for an endpoint. */
  readonly bridge: PciBridgeModel | null;
  /** Stands on bus 0 itself, also where that is a PCIe root that endpoints are otherwise kept off (virtio-iommu, pvpanic). */
  readonly integrated: boolean;
  /** A function of a chip that shares one slot with the others of its `chip`, such as the UHCI companions of an EHCI. */
  readonly companion: { readonly chip: string; readonly function: number } | null;
  /** Order of assignment between kinds, libvirt's: interface 20, controller 30, disk 40, memballoon 50, rng 60, video 70, input 80. */
  readonly rank: number;
  /** Soldered to the board: the only address that is right. */
  readonly fixed: PciAddress | null;
  /** Taken if its slot is free, such as the primary video card's; the first of several. */
  readonly preferred: PciAddress | readonly PciAddress[] | null;
}

export type { AbiVerdict };
export type AbiVerdicts<K extends DeviceKind> = { readonly [F in keyof DeviceDefinitions[K]]-?: AbiVerdict };

/** Something that a run needs from the host beside QEMU; looked for before QEMU is started, so that start says what is missing. */
export type HostNeed =
  /** A file or device node, such as /dev/vhost-net. `why` ends the sentence "... is needed for". */
  | { readonly type: 'path'; readonly path: string; readonly access: 'read' | 'read-write'; readonly why: string }
  /** One of these programs in PATH or at a full path. */
  | { readonly type: 'program'; readonly names: readonly string[]; readonly why: string; /** It is of use only if it runs as root whoever starts it. */ readonly setuid?: boolean }
  /** What this driver renders and cannot run; `reason` is a whole sentence without its full stop. */
  | { readonly type: 'unsupported'; readonly reason: string };

/** A program that serves one device for as long as QEMU runs: swtpm, passt, virtiofsd. */
export interface SideProcess {
  /** Unique within the run: `swtpm-tpm0`. Names its pid file and its log. */
  readonly name: string;
  /** The first of these that is found. */
  readonly programs: readonly string[];
  readonly argv: readonly string[];
  /** QEMU is started once this socket is there; null where the program needs no wait. */
  readonly socket: string | null;
  /** Folders to be made (0700) before it starts. */
  readonly folders: readonly string[];
}

/** A program with its arguments; the program is found in PATH or at its full path. */
export type HostCommand = readonly [program: string, ...argv: readonly string[]];

/** What short commands make on the host for a run, such as a tap that is joined to its bridge, and take away after it. */
export interface HostSetup {
  /** Unique within the run, for messages: `network card net0`. */
  readonly name: string;
  /** Run in order before QEMU is started. */
  readonly beforehand?: readonly HostCommand[];
  /** Device nodes, made by then, that QEMU finds open: numbered from 3, in the order of the devices in the definition. */
  readonly inherited?: readonly string[];
  /** Run in order when QEMU has made its devices, before its CPUs run; the first that fails ends the start. */
  readonly onceSpawned: readonly HostCommand[];
  /** Run when QEMU has ended, however that happened; what they would take away may be gone already. */
  readonly afterwards: readonly HostCommand[];
}

/** The class of `<os><boot dev=.../>` that a device belongs to. */
export type BootClass = 'hd' | 'cdrom' | 'fd' | 'network' | 'none';

export interface DeviceModule<K extends DeviceKind> {
  readonly kind: K;
  /** Everything of the element; its name is the kind. */
  readonly codec: Codec<DeviceDefinitions[K]>;
  /** Fills in what the driver will use, so that the user sees it in the XML (D3). */
  readonly defaults: (device: DeviceOf<K>, domain: DomainSurroundings) => DeviceOf<K>;
  /** Devices of this kind that the domain lacks: implicit controllers, a balloon. Asked in the registry's order. */
  readonly domainDefaults: ((domain: DomainSurroundings) => readonly DeviceOf<K>[]) | 'none';
  /** Throws CONFIG_UNSUPPORTED or XML_ERROR for what QEMU would refuse or ignore (D4). */
  readonly validate: (device: DeviceOf<K>, domain: DomainSurroundings) => void;
  readonly address: (device: DeviceOf<K>, domain: DomainSurroundings) => AddressNeed;
  /** QEMU's id for the device; `number` gives the first free one with that prefix. */
  readonly alias: (device: DeviceOf<K>, number: (prefix: string) => string, definition: DomainDefinition) => string;
  readonly abi: AbiVerdicts<K>;
  /** Fills in what a run decides: sockets, logs, numbers. The aliases of all devices of `definition` are there already. */
  readonly prepare: ((device: DeviceOf<K>, launch: LaunchContext, definition: DomainDefinition) => DeviceOf<K>) | 'nothing';
  readonly commandLine: (device: DeviceOf<K>, launch: DeviceLaunch) => readonly CommandFragment[];
  readonly boots: (device: DeviceOf<K>) => BootClass;
  readonly hostNeeds: ((device: DeviceOf<K>, launch: LaunchContext) => readonly HostNeed[]) | 'none';
  /** Programs are started before QEMU, in this order, and end with it; set-ups follow once it is there. */
  readonly sideProcesses: ((device: DeviceOf<K>, launch: LaunchContext) => readonly (SideProcess | HostSetup)[]) | 'none';
  readonly hotplug: 'unsupported';
  /** Takes over what QEMU tells once it runs. */
  readonly live: ((device: DeviceOf<K>, facts: LiveFacts) => DeviceOf<K>) | 'none';
  /** A few words for lists on the screen: `virtio disk vda`. */
  readonly label: (device: DeviceOf<K>) => string;
}

/** The ranks of `PciNeed`: the order in which libvirt gives out PCI addresses. */
export const pciRank = {
  filesystem: 10, interface: 20, sound: 25, controller: 30, disk: 40, hostdev: 45, memballoon: 50, rng: 60, watchdog: 65, video: 70, shmem: 75,
  input: 80, serial: 85, iommu: 87, vsock: 90, memory: 92, crypto: 95, panic: 97, pstore: 99,
} as const;

export function pciNeed(rank: number, connect: PciNeed['connect'], more: Partial<PciNeed> = {}): PciNeed {
  return { type: 'pci', connect, rank, virtio: false, bridge: null, integrated: false, companion: null, fixed: null, preferred: null, ...more };
}

/** For a virtio device: on the bus that the machine has for those. */
export function virtioNeed(rank: number, more: Partial<PciNeed> = {}): PciNeed {
  return pciNeed(rank, 'either', { virtio: true, ...more });
}
