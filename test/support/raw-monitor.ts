/** The monitor of a QEMU that no driver holds, for what happens to a guest while none is there. */
import { readFile } from 'node:fs/promises';
import { systemClock } from '../../core/base/clock.ts';
import { silentLog } from '../../core/base/log.ts';
import { Monitor } from '../../core/monitor/monitor.ts';

export async function rawMonitor(pid: number): Promise<Monitor> {
  const argv = (await readFile(`/proc/${pid}/cmdline`, 'utf8')).split('\0');
  const path = argv.map((arg) => /path=([^,]*\/m),/.exec(arg)?.[1]).find((found) => found !== undefined) ?? '';
  return await Monitor.connect({ path, clock: systemClock, log: silentLog, deadlineMs: 10_000, signal: AbortSignal.timeout(10_000), waitForSocket: true });
}
