/** What changed in a running guest while no driver looked: its state, and which of its channels the guest has open. */
import { devicesOf } from '../conf/device-definition.ts';
import type { Domain } from '../domain/domain.ts';
import type { LiveDomain } from '../domain/live-domain.ts';
import type { WriteMonitor } from '../job/domain-run.ts';
import { agentPort, withChannelState } from './agent-channel.ts';

/** True when the guest shut down meanwhile and QEMU, run with -no-shutdown, waits for what to do. */
export async function refreshDomain(domain: Domain, live: LiveDomain, monitor: WriteMonitor): Promise<boolean> {
  const { status } = await monitor.query('query-status');
  await refreshChannels(live, monitor);
  switch (status) {
    case 'running':
      refreshRunning(domain, live);
      return false;
    case 'shutdown':
      if (domain.state !== 'in shutdown') domain.transition({ state: 'in shutdown', reason: 'unknown' }, { event: 'shutdown', detail: 'finished' });
      return true;
    case 'guest-panicked':
      if (domain.state !== 'crashed') domain.transition({ state: 'crashed', reason: 'panicked' }, { event: 'crashed', detail: 'panicked' });
      return false;
    case 'io-error':
      if (domain.state !== 'paused') domain.transition({ state: 'paused', reason: 'I/O error' }, { event: 'suspended', detail: 'ioerror' });
      return false;
    case 'suspended':
      if (domain.state !== 'pmsuspended') domain.transition({ state: 'pmsuspended', reason: 'unknown' }, { event: 'pmsuspended', detail: 'memory' });
      return false;
    default:
      if (domain.state === 'in shutdown') await finishReboot(domain, live, monitor);
      else if (domain.state === 'running') domain.transition({ state: 'paused', reason: 'unknown' }, { event: 'suspended', detail: 'paused' });
      return false;
  }
}

function refreshRunning(domain: Domain, live: LiveDomain): void {
  if (domain.state === 'running') return;
  const rebooted = domain.state === 'in shutdown';
  if (rebooted) live.rebootOnShutdown = false;
  domain.transition({ state: 'running', reason: rebooted ? 'booted' : 'unknown' }, { event: 'resumed', detail: 'unpaused' });
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
