/**
 * Everything that the driver needs to know about one kind of device, in one value. Every member is required: what a
 * kind cannot do is said out loud ('unsupported', 'none'), never by absence, and no other place asks for the kind.
 */
import type { QemuCapabilities } from '../capabilities/qemu-capabilities.ts';
import type { Codec } from '../conf/codec/codec.ts';
import type { DriveAddress, PciAddress } from '../conf/device-address.ts';
import type { DeviceDefinition, DeviceDefinitions, DeviceKind, DeviceOf } from '../conf/device-definition.ts';
import type { DomainDefinition } from '../conf/domain-definition.ts';
import type { MachineFamily } from '../conf/machine-family.ts';
import type { CommandFragment } from './command-fragment.ts';
import type { DeviceLaunch, LaunchContext, LiveFacts } from './launch-context.ts';

/** The domain around a device, while its definition is completed and checked. */
export interface DomainSurroundings {
  readonly definition: DomainDefinition;
  readonly capabilities: QemuCapabilities;
  readonly machine: MachineFamily;
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
  | { readonly type: 'usb' }
  | { readonly type: 'isa' }
  | { readonly type: 'ccid' }
  | { readonly type: 'spapr-vio'; /** Where libvirt begins to look for a free one of this kind. */ readonly defaultReg: bigint }
  | { readonly type: 'dimm' };

export interface PciNeed {
  readonly type: 'pci';
  /** 'either': virtio and what else adapts to its bus; 'conventional' never goes behind a PCIe port by itself. */
  readonly connect: 'either' | 'conventional' | 'express';
  /** Sits on whatever bus the machine has for virtio: PCI, CCW on s390x, virtio-mmio on microvm. */
  readonly virtio: boolean;
  /** A PCI bridge or port: sits on the root bus, several to a slot. */
  readonly port: boolean;
  /** Order of assignment between kinds, libvirt's: interface 20, controller 30, disk 40, memballoon 50, rng 60, video 70, input 80. */
  readonly rank: number;
  /** Soldered to the board: the only address that is right. */
  readonly fixed: PciAddress | null;
  /** Taken if it is free, such as the primary video card's. */
  readonly preferred: PciAddress | null;
}

/** Whether two definitions may differ in a field without the guest noticing; in parts where parts differ: those not named are 'same'. */
export type AbiVerdict = 'same' | 'may-change' | { readonly [field: string]: AbiVerdict };
export type AbiVerdicts<K extends DeviceKind> = { readonly [F in keyof DeviceDefinitions[K]]-?: AbiVerdict };

/** Something that a run needs from the host beside QEMU; looked for before QEMU is started, so that start says what is missing. */
export type HostNeed =
  /** A file or device node, such as /dev/vhost-net. `why` ends the sentence "... is needed for". */
  | { readonly type: 'path'; readonly path: string; readonly access: 'read' | 'read-write'; readonly why: string }
  /** One of these programs in PATH or at a full path. */
  | { readonly type: 'program'; readonly names: readonly string[]; readonly why: string }
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
  /** Fills in the paths of a run: sockets, logs. The alias is there already. */
  readonly prepare: ((device: DeviceOf<K>, launch: LaunchContext) => DeviceOf<K>) | 'nothing';
  readonly commandLine: (device: DeviceOf<K>, launch: DeviceLaunch) => readonly CommandFragment[];
  readonly boots: (device: DeviceOf<K>) => BootClass;
  readonly hostNeeds: ((device: DeviceOf<K>, launch: LaunchContext) => readonly HostNeed[]) | 'none';
  /** Started before QEMU, in this order; ended with it. */
  readonly sideProcesses: ((device: DeviceOf<K>, launch: LaunchContext) => readonly SideProcess[]) | 'none';
  readonly hotplug: 'unsupported';
  /** Takes over what QEMU tells once it runs. */
  readonly live: ((device: DeviceOf<K>, facts: LiveFacts) => DeviceOf<K>) | 'none';
  /** A few words for lists on the screen: `virtio disk vda`. */
  readonly label: (device: DeviceOf<K>) => string;
}

/** The ranks of `PciNeed`: the order in which libvirt gives out PCI addresses. */
export const pciRank = {
  filesystem: 10, interface: 20, sound: 25, controller: 30, disk: 40, hostdev: 45, memballoon: 50, rng: 60, shmem: 62, watchdog: 65, panic: 66,
  memory: 67, video: 70, input: 80, serial: 85, vsock: 90, crypto: 95, iommu: 97,
} as const;

export function pciNeed(rank: number, connect: PciNeed['connect'], more: Partial<PciNeed> = {}): PciNeed {
  return { type: 'pci', connect, rank, virtio: false, port: false, fixed: null, preferred: null, ...more };
}

/** For a virtio device: on the bus that the machine has for those. */
export function virtioNeed(rank: number, more: Partial<PciNeed> = {}): PciNeed {
  return pciNeed(rank, 'either', { virtio: true, ...more });
}
