/** Which disks of a running guest have failed, and why (virDomainGetDiskErrors, with QEMU's own words). */
import type { Domain } from '../domain/domain.ts';
import type { DiskError } from '../domain/domain-summary.ts';
import type { LiveDomain } from '../domain/live-domain.ts';
import type { Call } from '../job/call.ts';
import type { ReadMonitor } from '../job/domain-run.ts';
import { diskOfDevice } from './disk-of-node.ts';
import { requireLive } from './power.ts';

const words = { failed: 'unspecified error', nospace: 'no space' } as const;

/**
 * What QEMU has told of its disks since the CPUs run. Where the guest is paused for a disk, QEMU is asked as well: a
 * driver that was not there was not told. It is believed only then, for it never forgets a failure of a disk that was
 * given as `-blockdev` (7.2).
 * @throws OPERATION_INVALID `domain is not running`.
 */
export async function diskErrors(call: Call, domain: Domain): Promise<readonly DiskError[]> {
  const told = requireLive(domain).diskErrors;
  const isPausedForOne = domain.state === 'paused' && domain.stateAndReason.reason === 'I/O error';
  if (!isPausedForOne || domain.jobs.bars('query')) return [...told.values()];
  await using job = await domain.jobs.begin(call, 'query');
  return [...(await withFailedDisks(requireLive(domain), job.monitor())).values()];
}

/** What the driver was told, and what QEMU knows beside it; only of a guest that is paused for a disk. */
export async function withFailedDisks(live: LiveDomain, monitor: ReadMonitor): Promise<LiveDomain['diskErrors']> {
  const blocks = await monitor.query('query-block');
  const errors = new Map(live.diskErrors);
  for (const { qdev, 'io-status': status } of blocks) {
    if (qdev === undefined || status === undefined || status === 'ok') continue;
    const disk = diskOfDevice(live.definition, qdev)?.disk.target.dev;
    if (disk !== undefined && !errors.has(disk)) errors.set(disk, { disk, error: words[status], message: null });
  }
  return errors;
}
