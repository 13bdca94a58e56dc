/** What the guest as a whole does: it stops, runs, sleeps, resets, shuts down, panics, or hangs and meets its watchdog. */
import type { QmpEvents } from '../monitor/commands.ts';
import { markPaused, markRunning } from './cpus.ts';
import type { EventScene } from './event-scene.ts';
import { asSoonAsFree } from './event-worker.ts';
import { afterPanic, afterShutdown, afterWatchdog } from './lifecycle-actions.ts';
import { refreshDomain } from './refresh-domain.ts';

/** One guest reset is told as 2 to 19 RESET events (QEMU 7.2); those so close together are one reboot. */
const oneResetMs = 500;

export function onStop({ domain, live }: EventScene): void {
  live.cpuChanges += 1;
  if (domain.state !== 'running') return; // a guest that shut down, sleeps or panicked stops too
  markPaused(domain, live);
}

export function onResume({ domain, live }: EventScene): void {
  live.cpuChanges += 1;
  // A reboot after a shutdown is told as a whole by who does it.
  if (domain.state === 'paused' || domain.state === 'crashed') markRunning(domain, live);
}

export function onSuspend(scene: EventScene): void {
  sleep(scene, 'memory');
  scene.tell('pmsuspend', 'memory');
}

export function onSuspendToDisk(scene: EventScene): void {
  sleep(scene, 'disk');
  scene.tell('pmsuspend-disk', 'disk');
}

function sleep(scene: EventScene, detail: 'memory' | 'disk'): void {
  if (scene.domain.state !== 'running') return;
  scene.domain.transition({ state: 'pmsuspended', reason: 'unknown' }, { event: 'pmsuspended', detail });
  scene.saveSoon();
}

export function onWakeup(scene: EventScene): void {
  const { domain } = scene;
  if (domain.state === 'pmsuspended') {
    domain.transition({ state: 'running', reason: 'event wakeup' }, { event: 'started', detail: 'wakeup' });
    scene.saveSoon();
  }
  scene.tell('pmwakeup', null);
}

export function onShutdown(scene: EventScene, { guest, reason }: QmpEvents['SHUTDOWN']): void {
  const { context, domain, live } = scene;
  if (reason === 'host-signal' || reason === 'host-qmp-quit') {
    // Somebody ended QEMU from outside in good order: its end, which follows, is no crash.
    live.endReason ??= 'shutdown';
    return;
  }
  if (domain.state === 'in shutdown') return; // told again, as by a reset button pressed afterwards
  domain.transition({ state: 'in shutdown', reason: 'unknown' }, { event: 'shutdown', detail: guest ? 'guest' : 'host' });
  scene.react('SHUTDOWN', afterShutdown(context, domain, live));
}

export function onReset(scene: EventScene, { guest }: QmpEvents['RESET']): void {
  const { context, domain } = scene;
  const now = context.clock.now();
  const repeated = now - scene.lastResetMs < oneResetMs;
  scene.lastResetMs = now;
  if (repeated) return;
  context.hub.happened(domain, 'reboot', guest ? 'guest' : 'host');
  if (domain.state === 'pmsuspended') scene.worker.add('RESET', () => lookAgain(scene));
}

/** A guest that is reset while it sleeps stands still afterwards, and QEMU has no event that says so (7.2). */
async function lookAgain({ context, domain, live }: EventScene): Promise<void> {
  await asSoonAsFree(context, 'processReset', domain, live, async (call) => {
    await using job = await domain.jobs.begin(call, 'modify');
    if (domain.live === live && domain.state === 'pmsuspended') await refreshDomain(domain, live, job.monitor());
  });
}

export function onPanic(scene: EventScene, { action, info }: QmpEvents['GUEST_PANICKED']): void {
  const { context, domain, live } = scene;
  if (info) scene.note('panic', `panic ${panicWords(info)}`);
  if (action === 'run') return; // told to go on: the guest runs as before
  if (domain.state === 'crashed') return;
  domain.transition({ state: 'crashed', reason: 'panicked' }, { event: 'crashed', detail: 'panicked' });
  scene.react('GUEST_PANICKED', afterPanic(context, domain, live, 'told'));
}

/** What the guest's kernel says of itself, as libvirt writes it. */
function panicWords(info: NonNullable<QmpEvents['GUEST_PANICKED']['info']>): string {
  const hexadecimal = (value: number): string => `0x${value.toString(16)}`;
  if (info.type === 'hyper-v') {
    const { arg1, arg2, arg3, arg4, arg5 } = info;
    return `hyper-v: ${[arg1, arg2, arg3, arg4, arg5].map((arg, at) => `arg${at + 1}='${hexadecimal(arg)}'`).join(', ')}`;
  }
  return `s390: core='${info.core}' psw-mask='${hexadecimal(info['psw-mask'])}' psw-addr='${hexadecimal(info['psw-addr'])}' reason='${info.reason}'`;
}

/** A crash kernel in the guest takes over and saves what happened: the guest runs on. */
export function onCrashLoaded({ context, domain, live }: EventScene): void {
  context.hub.lifecycle(domain, { event: 'crashed', detail: 'crashloaded' }, live.facts.id);
}

export function onWatchdog(scene: EventScene, { action }: QmpEvents['WATCHDOG']): void {
  const { context, domain, live } = scene;
  scene.tell('watchdog', action, { action }, action);
  if (action !== 'pause' || domain.state !== 'running') return;
  live.pauseReason = 'watchdog';
  markPaused(domain, live); // QEMU stops the CPUs a moment later
  scene.react('WATCHDOG', afterWatchdog(context, domain, live));
}
