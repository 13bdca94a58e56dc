/** What changed in a running guest while no driver looked: its state, and which of its channels the guest has open. */
import { devicesOf } from '../conf/device-definition.ts';
import type { Domain } from '../domain/domain.ts';
import type { LiveDomain } from '../domain/live-domain.ts';
import type { WriteMonitor } from '../job/domain-run.ts';
import { agentPort, withChannelState } from './agent-channel.ts';
import { withFailedDisks } from './disk-errors.ts';
import { readThreads } from './run-threads.ts';

/** What a definition has a policy for and QEMU waits with; whoever looked for it carries the policy out. */
export type FoundEnd = 'shut down' | 'panicked' | 'stopped by its watchdog';

/** @returns what the guest met meanwhile that is still to be reacted to, null for nothing. */
export async function refreshDomain(domain: Domain, live: LiveDomain, monitor: WriteMonitor): Promise<FoundEnd | null> {
  const { status } = await monitor.query('query-status');
  await refreshChannels(live, monitor);
  live.threads = await readThreads(live.definition, monitor);
  switch (status) {
    case 'running':
      refreshRunning(domain, live);
      return null;
    case 'shutdown':
      if (domain.state !== 'in shutdown') domain.transition({ state: 'in shutdown', reason: 'unknown' }, { event: 'shutdown', detail: 'finished' });
      return 'shut down';
    case 'guest-panicked':
      if (domain.state !== 'crashed') domain.transition({ state: 'crashed', reason: 'panicked' }, { event: 'crashed', detail: 'panicked' });
      return 'panicked';
    case 'io-error':
      live.diskErrors = await withFailedDisks(live, monitor);
      refreshPaused(domain, 'I/O error', 'ioerror');
      return null;
    case 'watchdog':
      return refreshPaused(domain, 'watchdog', 'watchdog') ? 'stopped by its watchdog' : null;
    case 'suspended':
      if (domain.state !== 'pmsuspended') domain.transition({ state: 'pmsuspended', reason: 'unknown' }, { event: 'pmsuspended', detail: 'memory' });
      return null;
    default:
      if (domain.state === 'in shutdown') await finishReboot(domain, live, monitor);
      else if (domain.state !== 'paused') domain.transition({ state: 'paused', reason: 'unknown' }, { event: 'suspended', detail: 'paused' });
      return null;
  }
}

/** QEMU knows why the CPUs stand still. @returns whether nobody had seen them stop. */
function refreshPaused(domain: Domain, reason: 'I/O error' | 'watchdog', detail: 'ioerror' | 'watchdog'): boolean {
  const wasPaused = domain.state === 'paused';
  domain.transition({ state: 'paused', reason }, wasPaused ? null : { event: 'suspended', detail });
  return !wasPaused;
}

function refreshRunning(domain: Domain, live: LiveDomain): void {
  const { state } = domain;
  if (state === 'running') return;
  live.diskErrors = new Map(); // QEMU forgot them when the CPUs began to run
  if (state === 'pmsuspended') return domain.transition({ state: 'running', reason: 'event wakeup' }, { event: 'started', detail: 'wakeup' });
  const rebooted = state === 'in shutdown';
  if (rebooted) live.rebootOnShutdown = false;
  domain.transition({ state: 'running', reason: rebooted ? 'booted' : 'unpaused' }, { event: 'resumed', detail: 'unpaused' });
}

/** The earlier driver died between the reset and the start of the CPUs: a guest that shut down stands still otherwise. */
async function finishReboot(domain: Domain, live: LiveDomain, monitor: WriteMonitor): Promise<void> {
  await monitor.execute('cont');
  live.rebootOnShutdown = false;
  domain.transition({ state: 'running', reason: 'booted' }, { event: 'resumed', detail: 'unpaused' });
}

async function refreshChannels(live: LiveDomain, monitor: WriteMonitor): Promise<void> {
  const open = new Map((await monitor.query('query-chardev')).map((chardev) => [chardev.label, chardev['frontend-open']]));
  for (const channel of devicesOf(live.definition.devices, 'channel')) {
    const { alias } = channel;
    if (alias !== null) live.definition = withChannelState(live.definition, alias, open.get(`char${alias}`) ?? false);
  }
  const port = agentPort(live.definition);
  if (port !== null) live.agent = open.get(`char${port}`) ? 'connected' : 'disconnected';
}
