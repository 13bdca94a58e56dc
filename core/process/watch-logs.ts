/**
 * Keeps the logs of running domains bounded. QEMU holds its log open itself, so that its words are kept while no driver
 * lives; a QEMU that floods it is therefore cut from here, and nothing can cut it while no driver is there: the next one
 * does, within seconds of its opening.
 */
import { asVireoError } from '../base/errors.ts';
import type { ProcessContext } from './process-context.ts';

/** What a QEMU writes in between is on disk for that long, beyond the bound. */
const lookEveryMs = 2_000;

/** Runs until the driver closes. Never rejects. */
export async function watchLogs(context: ProcessContext): Promise<void> {
  const { clock, closing, registry } = context;
  while (!closing.aborted) {
    await clock.sleep(lookEveryMs, closing);
    for (const { uuid, name, live } of registry.list()) {
      if (!live || live.starting || closing.aborted) continue; // a start reads QEMU's words from where they begin
      await cutLog(context, uuid).catch((error: unknown) => context.log.write('warning', 'the log of a domain could not be shortened', { domain: name, error: asVireoError(error).message }));
    }
  }
}

async function cutLog({ domainLog, clock }: ProcessContext, uuid: string): Promise<void> {
  const log = domainLog(uuid);
  const lostBytes = await log.cutIfLarge();
  if (lostBytes === null) return;
  const lost = lostBytes === 0 ? '' : `, without ${lostBytes} bytes that were too many`;
  await log.line(`the log was begun anew; what stood here is in ${log.path}.0${lost}`, clock.wallTime());
}
