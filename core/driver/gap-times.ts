/** When bytes of a console were written that are kept nowhere any more: their times are noted beside the log, and stay longer. */
import { keptConsole } from './console-history.ts';

/** Between the first byte's earliest and the last byte's latest moment; null where nobody noted it. */
export async function gapTimes(context: Parameters<typeof keptConsole>[0], uuid: string, alias: string, { from, to }: { readonly from: number; readonly to: number }): Promise<{ readonly fromMs: number | null; readonly toMs: number | null }> {
  try {
    const kept = await keptConsole(context, uuid, alias);
    await using history = await kept.open();
    return { fromMs: history.times.at(from).fromMs, toMs: history.times.at(to - 1).toMs };
  } catch {
    return { fromMs: null, toMs: null }; // a gap without its times is still told
  }
}
