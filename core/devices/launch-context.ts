/** What one run of a domain is given: the binary, the accelerator and the folders that are its own. */
import type { Accelerator, QemuCapabilities } from '../capabilities/qemu-capabilities.ts';
import type { DeviceDefinition } from '../conf/device-definition.ts';
import type { DomainDefinition } from '../conf/domain-definition.ts';

export interface LaunchContext {
  readonly capabilities: QemuCapabilities;
  readonly accelerator: Accelerator;
  /** Private to the run (0700), short: sockets lie here under names of a few letters (`m`, `v`, `c-<alias>`). */
  readonly runFolder: string;
  /** Console logs are `<logFolder>/<alias>.log`; they outlive the run. */
  readonly logFolder: string;
  readonly monitorPath: string;
  readonly pidFile: string;
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
}
