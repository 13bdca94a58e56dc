/**
 * CPU time and memory of a run, as the host counts them. Lists of domains ask often, so an answer serves everybody for
 * as long as the count cannot have changed by more than one step.
 */
import type { Clock } from '../base/clock.ts';
import type { LiveDomain } from '../domain/live-domain.ts';
import { readRunFile } from './run-files.ts';

/** Linux counts in clock ticks of 1/100 s on every architecture that Node runs on (sysconf(_SC_CLK_TCK)). */
const nanosecondsPerTick = 10_000_000;
const tickMs = 10;

/** Of the QEMU process with all its threads. */
export interface ProcessUsage {
  readonly userNs: number;
  readonly systemNs: number;
  /** Memory that is in RAM now, in pages of the host. */
  readonly residentPages: number;
}

interface Reader {
  reading: Promise<ProcessUsage | null> | null;
  /** The last answer, and until when it is as good as another. */
  last: { readonly value: ProcessUsage | null; readonly untilMs: number } | null;
}

const readers = new WeakMap<LiveDomain, Reader>();

/** Null where the process is gone or the system has no such file. */
export async function readProcessUsage(live: LiveDomain, clock: Clock): Promise<ProcessUsage | null> {
  if (live.died.aborted) return null;
  const reader = readers.get(live) ?? newReader(live);
  if (reader.last && clock.now() < reader.last.untilMs) return reader.last.value;
  reader.reading ??= read(live).finally(() => (reader.reading = null));
  const value = await reader.reading;
  reader.last = { value, untilMs: clock.now() + tickMs };
  return value;
}

/** User and system time of QEMU in nanoseconds; null as above. */
export async function readCpuTimeNs(live: LiveDomain, clock: Clock): Promise<number | null> {
  const usage = await readProcessUsage(live, clock);
  return usage && usage.userNs + usage.systemNs;
}

function newReader(live: LiveDomain): Reader {
  const reader: Reader = { reading: null, last: null };
  readers.set(live, reader);
  return reader;
}

async function read(live: LiveDomain): Promise<ProcessUsage | null> {
  const stat = await readRunFile(live, 'stat');
  return stat === null ? null : parseProcessUsage(stat);
}

/** Fields 14, 15 and 24 of /proc/PID/stat (proc(5)), counted from the end of the name in field 2, which may hold anything. */
export function parseProcessUsage(stat: string): ProcessUsage | null {
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  const [userTicks, systemTicks, residentPages] = [Number(fields[14 - 3]), Number(fields[15 - 3]), Number(fields[24 - 3])];
  if (!Number.isFinite(userTicks + systemTicks + residentPages)) return null;
  return { userNs: userTicks * nanosecondsPerTick, systemNs: systemTicks * nanosecondsPerTick, residentPages };
}
