/** Cables that are unplugged when the guest starts: QEMU knows that of a running device only. */
import { devicesOf } from '../conf/device-definition.ts';
import type { LiveDomain } from '../domain/live-domain.ts';
import type { BeginningJob } from './start-state.ts';

export async function setLinkStates(live: LiveDomain, job: BeginningJob): Promise<void> {
  for (const { alias, link } of devicesOf(live.definition.devices, 'interface')) {
    if (alias !== null && link?.state === 'down') await job.nest((monitor) => monitor.execute('set_link', { name: alias, up: false }));
  }
}
