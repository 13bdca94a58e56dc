/**
 * A guest that arrives and stays paused. Its QEMU leaves the images inactive until its CPUs run (late-block-activate), and
 * such a QEMU ends with a failed assertion when it is to be migrated again, or saved (bdrv_inactivate_recurse, 7.2). So
 * they are activated without running anything: by blockdev-set-active where there is one (QEMU 10), before that by asking
 * for an export of each, which activates its node first and is refused then, because no server runs.
 */
import type { WriteMonitor } from '../../job/domain-run.ts';
import { isQemuError } from '../../monitor/qemu-error.ts';

const exportId = 'vireo-activate';

/** No NBD server may run. @throws OPERATION_INVALID where QEMU has died. */
export async function activateImages(monitor: WriteMonitor): Promise<void> {
  const isDone = await monitor.executeUnchecked('blockdev-set-active', { active: true }).then(
    () => true,
    (error: unknown) => {
      if (!isQemuError(error)) throw error;
      return false;
    },
  );
  if (isDone) return;
  for (const { inserted } of await monitor.query('query-block')) {
    const node = inserted?.['node-name'];
    if (node !== undefined) await touch(monitor, node);
  }
}

async function touch(monitor: WriteMonitor, node: string): Promise<void> {
  try {
    await monitor.execute('block-export-add', { type: 'nbd', id: exportId, 'node-name': node });
  } catch (error) {
    if (!isQemuError(error)) throw error;
    return;
  }
  await monitor.execute('block-export-del', { id: exportId, mode: 'hard' });
}
