/** CPU time of a process, as the host counts it. */
import { readFile } from 'node:fs/promises';

/** Linux counts in clock ticks of 1/100 s on every architecture that Node runs on (sysconf(_SC_CLK_TCK)). */
const nanosecondsPerTick = 10_000_000;

/** User and system time in nanoseconds; null where the process is gone or the system has no such file. */
export async function processCpuTimeNs(pid: number): Promise<number | null> {
  if (process.platform !== 'linux') return null;
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => null);
  if (stat === null) return null;
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  const ticks = Number(fields[14 - 3]) + Number(fields[15 - 3]);
  return Number.isFinite(ticks) ? ticks * nanosecondsPerTick : null;
}
