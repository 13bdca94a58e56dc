/**
 * A run that goes on where another one was: its QEMU takes memory and devices from a saved image or from another host
 * instead of booting. QEMU waits for them (`-incoming defer`), its CPUs stand still, and it lets others write the images
 * until it is told to run.
 */
import type { LeaseSource } from '../lock/lease-hand-over.ts';
import type { StartState } from './start-state.ts';

export interface Incoming {
  readonly from: 'save image' | 'migration';
  /** The guest had run, and runs on; else it stays paused. `StartOptions.paused` overrules it. */
  readonly wasRunning: boolean;
  /** Files that QEMU inherits, so that it can be told to read them: see `StartState.numberInQemu`. Whoever opened them closes them. */
  readonly descriptors: readonly number[];
  /**
   * Has QEMU read the whole state, and resolves when it is there. The monitor is open, and nothing is loaded yet. Null for
   * a migration, whose phases do this (core/migration).
   * @throws what went wrong; the run is ended and leaves nothing.
   */
  readonly load: ((start: StartState) => Promise<void>) | null;
  /** The run on another host that has the images still, and hands their leases over when it ends. */
  readonly leasesFrom?: LeaseSource | null;
}
