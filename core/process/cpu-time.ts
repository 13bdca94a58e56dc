/**
 * CPU time of a run, as the host counts it. Lists of domains ask often, so the file is opened once a run, and an answer
 * serves everybody for as long as the count cannot have changed by more than one step.
 */
import { type FileHandle, open } from 'node:fs/promises';
import type { Clock } from '../base/clock.ts';
import type { LiveDomain } from '../domain/live-domain.ts';

/** Linux counts in clock ticks of 1/100 s on every architecture that Node runs on (sysconf(_SC_CLK_TCK)). */
const nanosecondsPerTick = 10_000_000;
const tickMs = 10;

interface Reader {
  readonly file: Promise<FileHandle | null>;
  reading: Promise<number | null> | null;
  /** The last answer, and until when it is as good as another. */
  last: { readonly value: number | null; readonly untilMs: number } | null;
}

const readers = new WeakMap<LiveDomain, Reader>();

/** User and system time of QEMU in nanoseconds; null where the process is gone or the system has no such file. */
export async function readCpuTimeNs(live: LiveDomain, clock: Clock): Promise<number | null> {
  if (process.platform !== 'linux' || live.died.aborted) return null;
  const reader = readers.get(live) ?? openReader(live);
  if (reader.last && clock.now() < reader.last.untilMs) return reader.last.value;
  reader.reading ??= read(reader).finally(() => (reader.reading = null));
  const value = await reader.reading;
  reader.last = { value, untilMs: clock.now() + tickMs };
  return value;
}

function openReader(live: LiveDomain): Reader {
  const file = open(`/proc/${live.facts.process.pid}/stat`, 'r').catch(() => null);
  const reader: Reader = { file, reading: null, last: null };
  readers.set(live, reader);
  const close = async (): Promise<void> => {
    await reader.reading?.catch(() => {});
    await (await file)?.close();
  };
  live.died.addEventListener('abort', () => void close(), { once: true });
  return reader;
}

/** A handle on /proc belongs to the process it was opened for: once that is gone, reading fails whatever has its pid. */
async function read({ file }: Reader): Promise<number | null> {
  try {
    const handle = await file;
    if (!handle) return null;
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(1024), 0, 1024, 0);
    return parseCpuTimeNs(buffer.toString('latin1', 0, bytesRead));
  } catch {
    return null;
  }
}

/** Fields 14 and 15 of /proc/PID/stat (proc(5)), counted from the end of the name in field 2, which may hold anything. */
export function parseCpuTimeNs(stat: string): number | null {
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  const ticks = Number(fields[14 - 3]) + Number(fields[15 - 3]);
  return Number.isFinite(ticks) ? ticks * nanosecondsPerTick : null;
}
