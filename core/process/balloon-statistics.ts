/** `<stats period=.../>`: how often the guest's balloon driver reports its memory; QEMU takes it of a running device only. */
import { devicesOf } from '../conf/device-definition.ts';
import type { LiveDomain } from '../domain/live-domain.ts';
import type { BeginningJob } from './start-state.ts';

export async function setBalloonStatistics(live: LiveDomain, job: BeginningJob): Promise<void> {
  for (const { alias, model, stats } of devicesOf(live.definition.devices, 'memballoon')) {
    if (alias === null || model === 'none' || !stats) continue;
    // On PCI the balloon itself is behind its adapter.
    await job.nest((monitor) => monitor.execute('qom-set', { path: `/machine/peripheral/${alias}`, property: 'guest-stats-polling-interval', value: stats.periodSeconds }));
  }
}
