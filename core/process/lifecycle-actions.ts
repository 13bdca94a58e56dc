/**
 * What a definition wants done when its guest has shut down, has panicked, or was stopped by its watchdog (F7). QEMU
 * waits meanwhile with CPUs that stand still, so every way through here ends with a guest that runs, is preserved on
 * purpose, or is over: where a reset fails, or a dump, the rest is done all the same.
 */
import { asVireoError } from '../base/errors.ts';
import { devicesOf } from '../conf/device-definition.ts';
import type { Domain } from '../domain/domain.ts';
import type { LiveDomain } from '../domain/live-domain.ts';
import type { WriteMonitor } from '../job/domain-run.ts';
import { startCpus } from './cpus.ts';
import { dumpAutomatically } from './dump-automatic.ts';
import { removeDumpRecord } from './dump-record.ts';
import { asSoonAsFree, isOver } from './event-worker.ts';
import type { ProcessContext } from './process-context.ts';
import { resetGuest } from './reset-guest.ts';
import { endAfter } from './stop-domain.ts';

/**
 * The guest has shut down and QEMU, run with -no-shutdown, waits: reset it where the shutdown was one half of a reboot
 * or the definition wants a restart, else end it.
 */
export async function afterShutdown(context: ProcessContext, domain: Domain, live: LiveDomain): Promise<void> {
  if (live.rebootOnShutdown || live.definition.onPoweroff === 'restart') return await restart(context, domain, live, 'in shutdown');
  await endAfter(context, 'processShutdown', domain, live, () => 'shutdown');
}

/** Policies that are being carried out: a monitor that is opened anew finds the same crash again. */
const reactions = new WeakMap<LiveDomain, Promise<void>>();

/**
 * The guest's kernel has crashed: dump it where the definition says so, then end it, reset it or leave it as it is. A
 * crash that is `found`, by a driver that was not there, may have been dumped by the one before.
 */
export function afterPanic(context: ProcessContext, domain: Domain, live: LiveDomain, seen: 'told' | 'found'): Promise<void> {
  const begun = reactions.get(live);
  if (begun && seen === 'found') return begun;
  const reaction = afterEarlier(begun, context, domain, live, seen).finally(() => {
    if (reactions.get(live) === reaction) reactions.delete(live);
  });
  reactions.set(live, reaction);
  return reaction;
}

/** A guest that was restarted may crash again before all of its restart is written down. */
async function afterEarlier(begun: Promise<void> | undefined, context: ProcessContext, domain: Domain, live: LiveDomain, seen: 'told' | 'found'): Promise<void> {
  await begun?.catch(() => {}); // told by whoever began it
  if (begun && (isOver(context, domain, live) || domain.state !== 'crashed')) return; // told twice of one crash
  await reactToPanic(context, domain, live, seen);
}

async function reactToPanic(context: ProcessContext, domain: Domain, live: LiveDomain, seen: 'told' | 'found'): Promise<void> {
  const { onCrash } = live.definition;
  if (onCrash === 'preserve' || onCrash === 'rename-restart') return;
  if (seen === 'told') await removeDumpRecord(live); // of an earlier crash
  await context.saveStatus(domain).catch(() => {}); // the next driver sees the crash in QEMU, too
  // libvirt leaves a guest that it could not dump as it is; here it is ended or restarted, as its definition wants.
  if (onCrash === 'coredump-destroy' || onCrash === 'coredump-restart') await dumpAutomatically(context, domain, live, 'panic');
  if (isOver(context, domain, live) || domain.state !== 'crashed') return; // somebody resumed or reset it meanwhile
  if (onCrash === 'restart' || onCrash === 'coredump-restart') return await restart(context, domain, live, 'crashed');
  await endAfter(context, 'processGuestPanic', domain, live, () => 'crashed');
}

/** The watchdog has stopped the CPUs: with `action='dump'` for a dump, after which the guest goes on. */
export async function afterWatchdog(context: ProcessContext, domain: Domain, live: LiveDomain): Promise<void> {
  if (!devicesOf(live.definition.devices, 'watchdog').some(({ action }) => action === 'dump')) return;
  await dumpAutomatically(context, domain, live, 'watchdog');
  await asSoonAsFree(context, 'processWatchdog', domain, live, async (call) => {
    await using job = await domain.jobs.begin(call, 'modify');
    const monitor = job.monitor();
    const { state, reason } = domain.stateAndReason;
    if (state === 'paused' && reason === 'watchdog') await startCpus(monitor, domain, live);
  });
}

/** A reset that fails half way would leave a guest that nobody can use: it ends instead. */
async function restart(context: ProcessContext, domain: Domain, live: LiveDomain, from: 'in shutdown' | 'crashed'): Promise<void> {
  try {
    await asSoonAsFree(context, 'processFakeReboot', domain, live, async (call) => {
      await using job = await domain.jobs.begin(call, 'modify');
      if (domain.live === live && domain.state === from) await resetAndContinue(context, domain, live, job.monitor());
    });
  } catch (error) {
    if (isOver(context, domain, live) && !live.died.aborted) return;
    context.log.write('error', 'a guest could not be rebooted', { domain: domain.name, error: asVireoError(error).message });
    await endAfter(context, 'processFakeReboot', domain, live, () => (from === 'crashed' ? 'crashed' : 'shutdown'));
  }
}

async function resetAndContinue(context: ProcessContext, domain: Domain, live: LiveDomain, monitor: WriteMonitor): Promise<void> {
  const isCrashed = domain.state === 'crashed';
  // That it is in shutdown is on disk before the reset: should this driver die in between, the next one finds a guest
  // whose CPUs stand still, or run already, and finishes this.
  await context.saveStatus(domain);
  await resetGuest(context, domain, live, monitor);
  if (isCrashed) await startCpus(monitor, domain, live, 'crashed');
  else await monitor.execute('cont');
  if (domain.live !== live) return;
  live.rebootOnShutdown = false;
  if (!isCrashed) domain.transition({ state: 'running', reason: 'booted' }, { event: 'resumed', detail: 'unpaused' });
  await context.saveStatus(domain);
}
