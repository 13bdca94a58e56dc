/** A start that failed with a QEMU there: the run is ended, and what went wrong is said in QEMU's own words. */
import { VireoError, asVireoError } from '../base/errors.ts';
import { settlesWithin } from '../base/lifetime.ts';
import { imageInUse } from '../lock/image-in-use.ts';
import { withoutOwnLines } from '../domain/domain-log.ts';
import type { StartState } from './start-state.ts';
import { endOf, endRun } from './stop-domain.ts';

/** QEMU's own words are in the error, but not more than a screen of them. */
const shownStderrBytes = 4_096;

/** Ends what a start has begun. @returns what the caller is told. */
export async function undoRun({ context, domain, job }: StartState, { spawned, live, wordsFrom }: NonNullable<StartState['run']>, error: unknown): Promise<VireoError> {
  // One whose monitor is open lives; the monitor's end is often seen before the process's.
  const isUnclear = !live.isMonitorOpen && live.endReason === null && !context.closing.aborted;
  const alreadyGone = spawned.ending() !== 'still running' || (isUnclear && (await settlesWithin(spawned.exited, context.clock, 500)));
  // Before it is ended: that it was is not what went wrong.
  const stderr = withoutOwnLines(await context.domainLog(domain.uuid).tail(shownStderrBytes, wordsFrom).catch(() => '')).trim();
  const reason = live.endReason ?? 'failed';
  // Nobody was told of a run that never began, but a destroy is told whatever it ended.
  await endRun(context, domain, live, job, reason === 'failed' && live.starting ? { reason, event: null } : endOf(reason));
  if (reason === 'destroyed') return new VireoError('OPERATION_ABORTED', 'the domain was destroyed while it was starting', { cause: error });
  const inUse = await imageInUse(context.settings, live.definition, stderr);
  if (inUse) return inUse;
  return explain(asVireoError(error), alreadyGone ? spawned.ending() : null, stderr);
}

/** What went wrong, in QEMU's own words where it said any. `ending` is null when QEMU lived and had to be ended. */
function explain(error: VireoError, ending: string | null, stderr: string): VireoError {
  if (ending !== null) {
    const text = stderr === '' ? `it said nothing (${ending})` : stderr;
    return new VireoError('INTERNAL_ERROR', `process exited while connecting to monitor: ${text}`, { cause: error, details: { ending, stderr } });
  }
  if (error.code !== 'OPERATION_TIMEOUT' || stderr === '') return error;
  return new VireoError('OPERATION_TIMEOUT', `QEMU did not open its monitor; it said: ${stderr}`, { cause: error, details: { stderr } });
}
