/**
 * Starting guests with the computer's session (F13): once each time the machine has booted, by whichever host of the
 * state folder opens first. What cannot be started is told and stops no other.
 */
import { uptime } from 'node:os';
import { VireoError, asVireoError } from '../base/errors.ts';
import type { Domain } from '../domain/domain.ts';
import { Call } from '../job/call.ts';
import { startOrRestore } from '../save/managed-save.ts';
import { thisBoot } from '../process/status-record.ts';
import type { DriverContext } from './driver-context.ts';
import { saveContext } from './save-context.ts';

/** As many QEMUs as may come up at a time: a session that begins has other work too. */
const startedAtOnce = 4;

/** Where the system names no boot (Windows), the hour of it does: its own clock may be set by seconds meanwhile. */
function bootHour(wallTimeMs: number): string {
  return `up since hour ${Math.round((wallTimeMs - uptime() * 1_000) / 3_600_000)}`;
}

export interface NotStarted {
  readonly domain: Domain;
  readonly error: VireoError;
}

/** @throws OPERATION_INVALID for a transient domain, SYSTEM_ERROR where the mark cannot be written. */
export async function setAutostart(context: DriverContext, call: Call, domain: Domain, autostart: boolean): Promise<void> {
  await using job = await domain.jobs.begin(call, 'modify');
  job.assertHeld();
  if (!domain.persistent) throw new VireoError('OPERATION_INVALID', 'cannot set autostart for transient domain', { domain: domain.identity });
  if (domain.autostart === autostart) return;
  await context.autostart.save(domain.uuid, autostart);
  domain.autostart = autostart;
  domain.changed();
}

/**
 * Starts every marked domain that does not run, in the order of their names, if nobody has done so since the machine
 * booted. Resolves when the last has started or failed; `onFailure` hears of each that could not.
 * @throws SYSTEM_ERROR where it cannot be noted that it is done: better none than a guest that comes back unasked.
 */
export async function autostartAll(context: DriverContext, onFailure: (failure: NotStarted) => void): Promise<void> {
  if (!(await context.autostart.claim((await thisBoot()) ?? bootHour(context.clock.wallTime())))) return;
  const waiting = context.registry
    .list()
    .filter((domain) => domain.autostart && domain.persistent && !domain.live)
    .sort((one, other) => (one.name < other.name ? -1 : 1))
    .values();
  const lane = async (): Promise<void> => {
    for (const domain of waiting) {
      if (context.closing.aborted) return;
      await startOne(context, domain, onFailure);
    }
  };
  await Promise.all(Array.from({ length: startedAtOnce }, lane));
}

async function startOne(context: DriverContext, domain: Domain, onFailure: (failure: NotStarted) => void): Promise<void> {
  try {
    await startOrRestore(saveContext(context), Call.ofDriver('autostart', context.log, context.closing), domain, { paused: false });
    context.log.write('info', 'a domain was started with the session', { domain: domain.name });
  } catch (thrown) {
    const error = asVireoError(thrown);
    // Somebody else was quicker, with a start or an undefine; or the host closes, and its next one finds what runs.
    if (domain.live || domain.removed || context.closing.aborted) return;
    context.log.write('error', 'a domain could not be started with the session', { domain: domain.name, error: error.message });
    onFailure({ domain, error });
  }
}
