/** Everything the driver's modules share: what the processes need, and the stores of definitions. */
import type { ProcessContext } from '../process/process-context.ts';
import type { ConfigStore } from '../status/config-store.ts';

export interface DriverContext extends ProcessContext {
  readonly config: ConfigStore;
}
