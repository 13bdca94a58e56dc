/**
 * The CPUs of a guest stand still or run. QEMU tells of each change with an event before it answers the command, and
 * the guest or its disks may change it again before the answer is read: whoever was seen last is right, and each change
 * is told once.
 */
import type { Domain } from '../domain/domain.ts';
import type { LifecycleEvent, StateReason } from '../domain/domain-state.ts';
import type { LiveDomain } from '../domain/live-domain.ts';
import type { WriteMonitor } from '../job/domain-run.ts';

const suspendedDetails: Partial<Record<StateReason<'paused'>, (LifecycleEvent & { readonly event: 'suspended' })['detail']>> = {
  'I/O error': 'ioerror',
  watchdog: 'watchdog',
  migrating: 'migrated',
  'api error': 'api-error',
};

/** The CPUs stand still; the event goes out once, whether the command's reply or STOP is seen first. */
export function markPaused(domain: Domain, live: LiveDomain): void {
  if (domain.state === 'paused') return;
  const reason = live.pauseReason;
  live.pauseReason = 'unknown';
  domain.transition({ state: 'paused', reason }, { event: 'suspended', detail: suspendedDetails[reason] ?? 'paused' });
}

/** The CPUs run. Of a disk that failed before nothing is known any more: QEMU tries it again. */
export function markRunning(domain: Domain, live: LiveDomain): void {
  if (live.diskErrors.size > 0) {
    live.diskErrors = new Map();
    domain.changed();
  }
  if (domain.state === 'running') return;
  const reason = live.runReason;
  live.runReason = 'unpaused';
  domain.transition({ state: 'running', reason }, { event: 'resumed', detail: 'unpaused' });
}

/** Stops the CPUs for `reason`. @throws what QEMU says; the domain is as it was. */
export async function stopCpus(monitor: WriteMonitor, domain: Domain, live: LiveDomain, reason: StateReason<'paused'>): Promise<void> {
  const seen = live.cpuChanges;
  live.pauseReason = reason;
  try {
    await monitor.execute('stop');
  } catch (error) {
    live.pauseReason = 'unknown';
    throw error;
  }
  if (domain.live === live && live.cpuChanges === seen) markPaused(domain, live);
}

/** Starts the CPUs. @throws what QEMU says; the domain is as it was. */
export async function startCpus(monitor: WriteMonitor, domain: Domain, live: LiveDomain, reason: StateReason<'running'> = 'unpaused'): Promise<void> {
  const seen = live.cpuChanges;
  live.runReason = reason;
  try {
    await monitor.execute('cont');
  } catch (error) {
    live.runReason = 'unpaused';
    throw error;
  }
  if (domain.live === live && live.cpuChanges === seen) markRunning(domain, live);
}
