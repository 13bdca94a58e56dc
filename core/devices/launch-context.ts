/** What one run of a domain is given: the binary, the accelerator and the folders that are its own. */
import type { Accelerator, QemuCapabilities } from '../capabilities/qemu-capabilities.ts';
import type { DeviceDefinition } from '../conf/device-definition.ts';
import type { DomainDefinition } from '../conf/domain-definition.ts';
import type { LaunchSecrets } from '../secret/launch-secrets.ts';
import type { DisplaySettings } from './graphics/display-access.ts';

export interface LaunchContext {
  readonly capabilities: QemuCapabilities;
  readonly accelerator: Accelerator;
  /** Private to the run (0700), short: sockets lie here under names of a few letters (`m`, `v`, `c-<alias>`). */
  readonly runFolder: string;
  /** Console logs are `<logFolder>/<alias>.log`; they outlive the run. */
  readonly logFolder: string;
  /** Private to the domain (0700); what must outlive its runs lies here: the state of its TPM, its crash store. See `domainFolderOf`. */
  readonly domainFolder?: string;
  /** Nodes of the SCSI devices that are handed over; see findScsiGenerics. */
  readonly scsiGenerics?: ReadonlyMap<string, string>;
  readonly monitorPath: string;
  readonly pidFile: string;
  /** QEMU takes its memory and devices from elsewhere instead of booting; false unless given. */
  readonly isIncoming?: boolean;
  /** Values that QEMU is given sealed; absent where a command line is only shown. */
  readonly secrets?: LaunchSecrets;
  /** The driver may make network devices of the host (CAP_NET_ADMIN); false unless given. */
  readonly mayMakeTaps?: boolean;
  /** The kernel can move the packets of a tap (/dev/vhost-net); absent where a command line is only shown. */
  readonly hasVhostNet?: boolean;
  /** Whom QEMU and what runs beside it run as: 0 is root; absent where nobody can tell. */
  readonly userId?: number;
  /** Whom QEMU alone runs as, where that is another than root by a driver that is root: what only root can make is made for it. */
  readonly qemuUserId?: number;
  /** Where the sound systems of this user's session listen; absent where there is no session, or a command line is only shown. */
  readonly sessionFolder?: string;
  /** What the host's administrator set for displays; absent where a command line is only shown. */
  readonly displays?: DisplaySettings;
}

/** Where the domain keeps what outlives its runs. A caller that names no folder gets one beside the logs, which are as lasting. */
export function domainFolderOf({ domainFolder, logFolder }: LaunchContext): string {
  return domainFolder ?? `${logFolder}/state`;
}

/** The launch as a device sees it: with the live definition around it. */
export interface DeviceLaunch extends LaunchContext {
  readonly definition: DomainDefinition;
  /** Position in the firmware's boot order, null where the device is not booted from. */
  bootIndexOf(device: DeviceDefinition): number | null;
}

/** What QEMU tells about the devices of a run once it answers (`query-chardev`). */
export interface LiveFacts {
  /** `filename` by chardev id, such as `pty:/dev/pts/3`. */
  readonly chardevs: ReadonlyMap<string, string>;
  /** What QEMU did with memory devices, by alias (`query-memory-devices`); empty where the domain has none. */
  readonly memoryDevices: ReadonlyMap<string, MemoryDeviceFacts>;
}

export interface MemoryDeviceFacts {
  /** Of a DIMM; null for memory on a bus of its own. */
  readonly slot: number | null;
  /** Where the guest finds it. */
  readonly base: number;
  /** What the guest uses of it now. */
  readonly sizeBytes: number;
}
