/** Keys pressed from outside (virDomainSendKey), for what the keyboard before this screen does not let through. */
import { VireoError } from '../base/errors.ts';
import type { Domain } from '../domain/domain.ts';
import type { Call } from '../job/call.ts';
import type { QmpCommands } from '../monitor/qmp-schema.generated.ts';
import { type Codeset, qcodeOf } from './keycodes/codesets.ts';

type QemuKey = QmpCommands['send-key']['arguments']['keys'][number];

export interface KeyPress {
  readonly codeset: Codeset;
  /** Pressed in this order, let go in the reverse one. */
  readonly keys: readonly number[];
  /** How long they are held; null leaves it to QEMU, which holds them for 100 ms (7.2). */
  readonly holdTimeMs: number | null;
}

/**
 * Resolves when QEMU has begun to press; the guest may be asleep or look away.
 * @throws INVALID_ARG naming the key that QEMU does not have, OPERATION_INVALID `domain is not running`.
 */
export async function sendKeys(call: Call, domain: Domain, { codeset, keys, holdTimeMs }: KeyPress): Promise<void> {
  const translated = keys.map((code): QemuKey => {
    const qcode = qcodeOf(codeset, code);
    if (qcode === null) throw new VireoError('INVALID_ARG', `QEMU has no key for keycode ${code} (0x${code.toString(16)}) of the ${codeset} codeset`, { domain: domain.identity, details: { codeset, code } });
    return { type: 'qcode', data: qcode } as QemuKey;
  });
  await using job = await domain.jobs.begin(call, 'modify');
  await job.monitor().execute('send-key', { keys: translated, ...(holdTimeMs === null ? {} : { 'hold-time': holdTimeMs }) });
}
