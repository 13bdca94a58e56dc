/** Everything the driver's modules share: what the processes need, and the stores of definitions. */
import type { InstalledFirmware } from '../firmware/choose-firmware.ts';
import type { QemuCapabilities } from '../capabilities/qemu-capabilities.ts';
import type { ProcessContext } from '../process/process-context.ts';
import type { AutostartStore } from '../status/autostart-store.ts';
import type { ConfigStore } from '../status/config-store.ts';
import type { SharedLookup } from './shared-lookup.ts';

export interface DriverContext extends ProcessContext {
  readonly config: ConfigStore;
  readonly autostart: AutostartStore;
  /** Capabilities by emulator, for definitions that come many at a time. */
  readonly lookups: SharedLookup<QemuCapabilities>;
  /** What firmware is installed now. */
  readonly firmware: () => Promise<InstalledFirmware>;
}
