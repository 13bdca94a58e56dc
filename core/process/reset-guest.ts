/**
 * The driver's own reset, which restarts a guest also where the guest's own reboots end it (`on_reboot='destroy'`). The
 * firmware may reset the machine once more while it starts (SeaBIOS on q35 does), which QEMU cannot tell from a reboot
 * of the guest: reboots end the guest again when that is over.
 */
import type { Domain } from '../domain/domain.ts';
import type { LiveDomain } from '../domain/live-domain.ts';
import type { WriteMonitor } from '../job/domain-run.ts';
import { asSoonAsFree } from './event-worker.ts';
import type { ProcessContext } from './process-context.ts';

/** Firmware that resets has done so within 50 ms on an idle machine; later it is the guest. */
const firmwareMs = 5_000;

/** Under the job of whoever resets; the CPUs are as before. */
export async function resetGuest(context: ProcessContext, domain: Domain, live: LiveDomain, monitor: WriteMonitor): Promise<void> {
  if (live.definition.onReboot !== 'destroy') return void (await monitor.execute('system_reset'));
  await monitor.execute('set-action', { reboot: 'reset' });
  const stop = new AbortController();
  const firmwareReset = live.qmpEvents.once((event) => event.event === 'RESET' && event.data.guest, stop.signal).catch(() => {});
  void endAtRebootsAgain(context, domain, live, firmwareReset).catch((error: unknown) => context.log.write('error', 'a reboot of the guest will not end it', { domain: domain.name, error: String(error) })).finally(() => stop.abort());
  await monitor.execute('system_reset');
}

async function endAtRebootsAgain(context: ProcessContext, domain: Domain, live: LiveDomain, firmwareReset: Promise<unknown>): Promise<void> {
  const over = new AbortController();
  void firmwareReset.then(() => over.abort());
  await context.clock.sleep(firmwareMs, AbortSignal.any([over.signal, live.died, context.closing]));
  await asSoonAsFree(context, 'processFakeReboot', domain, live, async (call) => {
    await using job = await domain.jobs.begin(call, 'modify');
    await job.monitor().execute('set-action', { reboot: 'shutdown' });
  });
}
