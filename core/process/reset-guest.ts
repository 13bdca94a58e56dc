/**
 * The driver's own reset, which restarts a guest also where the guest's own reboots end it (`on_reboot='destroy'`). The
 * firmware may reset the machine once more while it starts, which QEMU cannot tell from a reboot of the guest: reboots end
 * the guest again when that is over. SeaBIOS on q35 does, and on a loaded machine QEMU may count that twice: its processor
 * goes on for a few instructions, and SeaBIOS tries a second way (src/fw/shadow.c) where the first had no effect yet.
 */
import type { Domain } from '../domain/domain.ts';
import type { LiveDomain } from '../domain/live-domain.ts';
import type { WriteMonitor } from '../job/domain-run.ts';
import { asSoonAsFree } from './event-worker.ts';
import type { ProcessContext } from './process-context.ts';

/** Firmware that resets has done so within 50 ms on an idle machine; later it is the guest. */
const firmwareMs = 5_000;
/** And this long after its last reset it is over; a guest that is up sooner and reboots at once is reset once more. */
const quietMs = 1_000;

/** The last reset of each run whose firmware is not known to be over; an earlier one has nothing to say any more. */
const underWay = new WeakMap<LiveDomain, AbortController>();

/** Under the job of whoever resets; the CPUs are as before. */
export async function resetGuest(context: ProcessContext, domain: Domain, live: LiveDomain, monitor: WriteMonitor): Promise<void> {
  if (live.definition.onReboot !== 'destroy') return void (await monitor.execute('system_reset'));
  await monitor.execute('set-action', { reboot: 'reset' });
  underWay.get(live)?.abort();
  const outdated = new AbortController();
  underWay.set(live, outdated);
  void endAtRebootsAgain(context, domain, live, outdated.signal).catch((error: unknown) => context.log.write('error', 'a reboot of the guest will not end it', { domain: domain.name, error: String(error) }));
  await monitor.execute('system_reset');
}

async function endAtRebootsAgain(context: ProcessContext, domain: Domain, live: LiveDomain, outdated: AbortSignal): Promise<void> {
  await firmwareOver(context, live, outdated);
  if (outdated.aborted) return;
  await asSoonAsFree(context, 'processFakeReboot', domain, live, async (call) => {
    await using job = await domain.jobs.begin(call, 'modify');
    if (!outdated.aborted) await job.monitor().execute('set-action', { reboot: 'shutdown' });
  });
}

/** Resolves when the firmware has reset and is quiet, or has not reset at all; a guest that resets all the time is none. */
async function firmwareOver({ clock, closing }: ProcessContext, live: LiveDomain, outdated: AbortSignal): Promise<void> {
  let reset = new AbortController();
  using _heard = live.qmpEvents.on((event) => {
    if (event.event === 'RESET' && event.data.guest) reset.abort();
  });
  const stop = AbortSignal.any([outdated, live.died, closing]);
  const endMs = clock.now() + firmwareMs;
  let waitMs = firmwareMs;
  do {
    reset = new AbortController();
    await clock.sleep(waitMs, AbortSignal.any([reset.signal, stop]));
    waitMs = Math.min(quietMs, endMs - clock.now());
  } while (reset.signal.aborted && waitMs > 0 && !stop.aborted);
}
