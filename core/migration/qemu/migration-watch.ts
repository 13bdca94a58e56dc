/**
 * Hears what QEMU tells of a migration and of the guest's CPUs meanwhile. It is there before QEMU is told to begin, for a
 * small guest is over before the answer is read.
 */
import { Emitter } from '../../base/events.ts';
import { toDisposable } from '../../base/lifetime.ts';
import type { LiveDomain } from '../../domain/live-domain.ts';
import type { QmpEvent } from '../../monitor/commands.ts';
import type { QemuMigrationStatus } from './migration-status.ts';

export class MigrationWatch implements Disposable {
  /** Fires after anything below changed. */
  readonly changes = new Emitter<void>();
  readonly #subscription: Disposable;
  /** How often anything changed: for `nextChange`. */
  changeCount = 0;
  /** What QEMU told last; null while it has told nothing. */
  status: QemuMigrationStatus | null = null;
  /** How often QEMU has gone through the memory. */
  pass: number | null = null;
  /** When the CPUs stopped last, by the host's wall clock; null while they run. */
  stoppedAtMs: number | null = null;
  /** A disk failed so that its error was reported or the guest stopped; the disk's node or device. */
  diskError: string | null = null;
  /** Spice clients have been told where the guest goes. */
  clientsMoved = false;

  /** @param alsoAt who waits for a change is woken by these, too, as by the end of the run. */
  constructor(live: LiveDomain, wallTime: () => number, alsoAt: readonly AbortSignal[] = []) {
    const subscription = live.qmpEvents.on((event) => {
      if (this.#hear(event, wallTime)) this.#changed();
    });
    const wake = (): void => this.#changed();
    const signals = [live.died, ...alsoAt];
    for (const signal of signals) signal.addEventListener('abort', wake, { once: true });
    this.#subscription = toDisposable(() => {
      subscription[Symbol.dispose]();
      for (const signal of signals) signal.removeEventListener('abort', wake);
    });
  }

  #changed(): void {
    this.changeCount += 1;
    this.changes.fire();
  }

  #hear(event: QmpEvent, wallTime: () => number): boolean {
    switch (event.event) {
      case 'MIGRATION':
        this.status = event.data.status;
        return true;
      case 'MIGRATION_PASS':
        this.pass = event.data.pass;
        return true;
      case 'STOP':
        this.stoppedAtMs = event.timestamp.seconds >= 0 ? event.timestamp.seconds * 1000 + Math.round(event.timestamp.microseconds / 1000) : wallTime();
        return true;
      case 'RESUME':
        this.stoppedAtMs = null;
        return true;
      case 'BLOCK_IO_ERROR':
        if (event.data.action === 'ignore') return false;
        this.diskError = event.data['node-name'] ?? event.data.device;
        return true;
      case 'SPICE_MIGRATE_COMPLETED':
        this.clientsMoved = true;
        return true;
      default:
        return false;
    }
  }

  /** Resolves when `holds` does, now or after a change. @throws the signal's reason. */
  async until(holds: (watch: this) => boolean, signal: AbortSignal): Promise<void> {
    if (holds(this)) return;
    await this.changes.once(() => holds(this), signal);
  }

  /** A signal that aborts with the first change after `changeCount` was read: to sleep until then. */
  nextChange(since: number = this.changeCount): { readonly signal: AbortSignal } & Disposable {
    const changed = new AbortController();
    if (since !== this.changeCount) changed.abort();
    const subscription = this.changes.on(() => changed.abort());
    return { signal: changed.signal, ...toDisposable(() => subscription[Symbol.dispose]()) };
  }

  [Symbol.dispose](): void {
    this.#subscription[Symbol.dispose]();
  }
}
