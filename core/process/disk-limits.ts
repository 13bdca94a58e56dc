/** `<iotune>`: QEMU takes the limits of a disk from whoever speaks QMP, before the CPUs run. */
import { ioThrottles } from '../devices/disk/io-throttle.ts';
import type { LiveDomain } from '../domain/live-domain.ts';
import type { BeginningJob } from './start-state.ts';

export async function limitDisks(live: LiveDomain, job: BeginningJob): Promise<void> {
  for (const throttle of ioThrottles(live.definition)) await job.nest((monitor) => monitor.execute('block_set_io_throttle', throttle));
}
