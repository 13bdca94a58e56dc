/** What can be asked of a running guest: shut down, reboot, reset, NMI, suspend, resume (F6). */
import { isAgentRefusal, isAgentSilent, requireAgentChannel } from '../agent/agent-error.ts';
import { VireoError } from '../base/errors.ts';
import type { Domain } from '../domain/domain.ts';
import type { LiveDomain } from '../domain/live-domain.ts';
import type { Call } from '../job/call.ts';
import { askAgentForPower } from './agent-power.ts';
import { startCpus, stopCpus } from './cpus.ts';
import type { ProcessContext } from './process-context.ts';

/** How a guest is asked: by its agent, by its power button, or in this order where the first fails. */
export type PowerMode = 'default' | 'acpi' | 'agent';

/** @throws OPERATION_INVALID `domain is not running`. */
export function requireLive(domain: Domain): LiveDomain {
  if (!domain.live) throw new VireoError('OPERATION_INVALID', 'domain is not running', { domain: domain.identity });
  return domain.live;
}

/**
 * Asks the guest to shut down, through its agent or by the power button; the guest decides. QEMU waits after the
 * shutdown, and the driver ends it then.
 */
export async function shutdownDomain(context: ProcessContext, call: Call, domain: Domain, mode: PowerMode): Promise<void> {
  await askGuest(context, call, domain, mode, false);
}

/**
 * Asks QEMU itself to end in good order, by SIGTERM: it writes out what it holds of its disks, but the guest is not
 * asked and loses what it has not written. The domain counts as shut down, not as destroyed. libvirt has `signal` for
 * containers only, where the signal goes to the guest's init; a virtual machine has nobody inside to signal.
 */
export async function signalShutdown(call: Call, domain: Domain): Promise<void> {
  requireLive(domain);
  await using job = await domain.jobs.begin(call, 'modify');
  job.assertHeld();
  // Its SHUTDOWN event, or the end of the process, does the rest (monitor-events.ts): a QEMU that hangs stays as it was.
  await requireLive(domain).facts.process.kill('SIGTERM');
}

/** Asks the guest to boot again, in the same ways. */
export async function rebootDomain(context: ProcessContext, call: Call, domain: Domain, mode: PowerMode): Promise<void> {
  await askGuest(context, call, domain, mode, true);
}

/** By default the agent where it is connected, and the button where the agent does not do it (F6). */
async function askGuest(context: ProcessContext, call: Call, domain: Domain, mode: PowerMode, reboot: boolean): Promise<void> {
  const live = requireLive(domain);
  if (mode === 'agent') requireAgentChannel(live.agent, domain.identity);
  if (domain.state === 'paused') throw new VireoError('OPERATION_INVALID', 'domain is paused: resume it first, a guest that stands still sees no button', { domain: domain.identity });
  if (mode === 'agent') return await askAgentForPower(context, call, domain, reboot ? 'reboot' : 'powerdown');
  if (mode === 'default' && live.agent === 'connected') {
    try {
      return await askAgentForPower(context, call, domain, reboot ? 'reboot' : 'powerdown');
    } catch (error) {
      if (live.died.aborted || !(isAgentSilent(error) || isAgentRefusal(error))) throw error;
      context.log.write('info', 'the guest agent did not take the request; pressing the power button', { domain: domain.name, error: error.message });
    }
  }
  await pressPowerButton(context, call, domain, reboot);
}

/** For a reboot the next shutdown is turned into a reset: ACPI has no button for one. */
async function pressPowerButton(context: ProcessContext, call: Call, domain: Domain, reboot: boolean): Promise<void> {
  await using job = await domain.jobs.begin(call, 'modify');
  const monitor = job.monitor();
  const live = requireLive(domain);
  if (domain.state === 'paused') throw new VireoError('OPERATION_INVALID', 'domain is paused: resume it first, a guest that stands still sees no button', { domain: domain.identity });
  live.rebootOnShutdown = reboot && live.definition.onReboot !== 'destroy'; // where a reboot ends the guest, a shutdown does
  try {
    await context.saveStatus(domain);
    await monitor.execute('system_powerdown');
  } catch (error) {
    live.rebootOnShutdown = false; // nobody pressed: the guest's next shutdown is its own
    throw error;
  }
}

/** The reset button: at once, without the guest's consent. */
export async function resetDomain(call: Call, domain: Domain): Promise<void> {
  await using job = await domain.jobs.begin(call, 'modify');
  await job.monitor().execute('system_reset');
  // QEMU leaves it standing after a panic; it is no crashed guest any more (as in libvirt).
  if (domain.state === 'crashed') domain.transition({ state: 'paused', reason: 'crashed' }, null);
}

/** A non-maskable interrupt on every CPU: a guest that hangs panics or dumps by it, if it was told to. */
export async function injectNmi(call: Call, domain: Domain): Promise<void> {
  await using job = await domain.jobs.begin(call, 'modify');
  await job.monitor().execute('inject-nmi');
}

/** Stops the CPUs; a domain that is paused already stays so. */
export async function suspendDomain(context: ProcessContext, call: Call, domain: Domain): Promise<void> {
  await using job = await domain.jobs.begin(call, 'suspend');
  const monitor = job.monitor();
  const live = requireLive(domain);
  if (domain.state === 'paused') return;
  if (domain.state === 'pmsuspended') throw new VireoError('OPERATION_INVALID', 'domain is pmsuspended', { domain: domain.identity });
  await stopCpus(monitor, domain, live, 'user');
  await context.saveStatus(domain);
}

/** Starts the CPUs again; a running domain stays as it is. */
export async function resumeDomain(context: ProcessContext, call: Call, domain: Domain): Promise<void> {
  await using job = await domain.jobs.begin(call, 'modify');
  const monitor = job.monitor();
  if (domain.state === 'running') return;
  if (domain.state === 'pmsuspended') throw new VireoError('OPERATION_INVALID', 'domain is pmsuspended', { domain: domain.identity });
  const live = requireLive(domain);
  await startCpus(monitor, domain, live);
  await context.saveStatus(domain);
}
