/** A serial line's break: a line that is held low for longer than a byte takes. Linux reads it as the magic SysRq's prefix. */
import { chardevId } from '../devices/character/character.ts';
import type { Domain } from '../domain/domain.ts';
import type { Call } from '../job/call.ts';

/**
 * QEMU 7.2 (chardev/char.c, qmp_chardev_send_break) hands it to the port at once, whatever the backend is; a port that
 * knows no break does nothing. Who may send it is the console's to say, see ConsoleSession.sendBreak.
 * @throws OPERATION_INVALID `domain is not running`, OPERATION_ABORTED with the call.
 */
export async function sendBreak(call: Call, domain: Domain, alias: string): Promise<void> {
  await using job = await domain.jobs.begin(call, 'modify');
  await job.monitor().execute('chardev-send-break', { id: chardevId(alias) });
}
