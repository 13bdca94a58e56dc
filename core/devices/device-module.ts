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
  | { readonly type: 'isa' };

export interface PciNeed {
  readonly type: 'pci';
  /** 'either': virtio and what else adapts to its bus; 'conventional' never goes behind a PCIe port by itself. */
  readonly connect: 'either' | 'conventional' | 'express';
  /** A PCI bridge or port: sits on the root bus, several to a slot. */
  readonly port: boolean;
  /** Order of assignment between kinds, libvirt's: interface 20, controller 30, disk 40, memballoon 50, rng 60, video 70, input 80. */
  readonly rank: number;
  /** Soldered to the board: the only address that is right. */
  readonly fixed: PciAddress | null;
  /** Taken if it is free, such as the primary video card's. */
  readonly preferred: PciAddress | null;
}

/** Whether two definitions may differ in a field without the guest noticing. */
export type AbiVerdict = 'same' | 'may-change';
export type AbiVerdicts<K extends DeviceKind> = { readonly [F in keyof DeviceDefinitions[K]]-?: AbiVerdict };

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
  readonly hotplug: 'unsupported';
  /** Takes over what QEMU tells once it runs. */
  readonly live: ((device: DeviceOf<K>, facts: LiveFacts) => DeviceOf<K>) | 'none';
  /** A few words for lists on the screen: `virtio disk vda`. */
  readonly label: (device: DeviceOf<K>) => string;
}

/** The ranks of `PciNeed`. */
export const pciRank = { interface: 20, controller: 30, disk: 40, memballoon: 50, rng: 60, video: 70, input: 80 } as const;

export function pciNeed(rank: number, connect: PciNeed['connect'], more: Partial<PciNeed> = {}): PciNeed {
  return { type: 'pci', connect, rank, port: false, fixed: null, preferred: null, ...more };
}
