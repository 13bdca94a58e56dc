/** How fast a guest writes its memory, which decides whether it can be moved: QEMU samples it for some seconds. */
import { isQemuError } from '../monitor/qemu-error.ts';
import { VireoError } from '../base/errors.ts';
import type { Domain } from '../domain/domain.ts';
import type { Call } from '../job/call.ts';
import type { DirtyRateMode } from './dirty-rate-modes.ts';

/** virDomainStartDirtyRateCalc: begins to measure; the group `dirtyrate` tells the result. @throws OPERATION_UNSUPPORTED for a QEMU before 5.2. */
export async function startDirtyRate(call: Call, domain: Domain, { seconds, mode }: { readonly seconds: number; readonly mode: DirtyRateMode }): Promise<void> {
  await using job = await domain.jobs.begin(call, 'modify');
  try {
    await job.monitor().execute('calc-dirty-rate', { 'calc-time': seconds, ...(mode === 'page-sampling' ? {} : { mode }) });
  } catch (error) {
    if (isQemuError(error, 'CommandNotFound')) throw new VireoError('OPERATION_UNSUPPORTED', 'this QEMU cannot measure how fast a guest writes its memory', { domain: domain.identity, cause: error });
    throw error;
  }
}
