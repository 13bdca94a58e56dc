/** `<statistics>` of a cookie: what the source knows of the job, and when it said so, so that the other side can tell the guest's real downtime. */
import type { JobReport, JobStatistics } from '../../job/job-statistics.ts';
import { type XmlElement, childElements, createElement, textOf } from '../../xml/xml-element.ts';

export interface CookieStatistics {
  /** Wall clock of the host that wrote the cookie, Unix milliseconds: the job began, the CPUs stopped, the cookie was sent. 0 is not known. */
  readonly startedMs: number;
  readonly stoppedMs: number;
  readonly sentMs: number;
  /** How far the other host's clock was found to be ahead; null where nobody measured. */
  readonly deltaMs: number | null;
  readonly elapsedMs: number;
  readonly report: JobReport;
}

/** libvirt's words for what a report has, in its order: group, field, element, and whether it is written as 0 when it is not known. */
const fields = [
  [null, 'downtimeMs', 'downtime', 'optional'],
  [null, 'setupMs', 'setup_time', 'optional'],
  ['memory', 'totalBytes', 'memory_total', 'always'],
  ['memory', 'processedBytes', 'memory_processed', 'always'],
  ['memory', 'remainingBytes', 'memory_remaining', 'always'],
  ['memory', 'speedBytesPerSecond', 'memory_bps', 'always'],
  ['memory', 'constantPages', 'memory_constant', 'optional'],
  ['memory', 'normalPages', 'memory_normal', 'optional'],
  ['memory', 'normalBytes', 'memory_normal_bytes', 'optional'],
  ['memory', 'dirtyRatePagesPerSecond', 'memory_dirty_rate', 'always'],
  ['memory', 'iteration', 'memory_iteration', 'always'],
  ['memory', 'postcopyRequests', 'memory_postcopy_requests', 'always'],
  ['memory', 'pageSizeBytes', 'memory_page_size', 'always'],
  ['disk', 'totalBytes', 'disk_total', 'always'],
  ['disk', 'processedBytes', 'disk_processed', 'always'],
  ['disk', 'remainingBytes', 'disk_remaining', 'always'],
  ['disk', 'speedBytesPerSecond', 'disk_bps', 'always'],
  ['compression', 'cacheBytes', 'compression_cache', 'optional'],
  ['compression', 'compressedBytes', 'compression_bytes', 'optional'],
  ['compression', 'pages', 'compression_pages', 'optional'],
  ['compression', 'cacheMisses', 'compression_cache_misses', 'optional'],
  ['compression', 'overflows', 'compression_overflow', 'optional'],
  [null, 'autoConvergeThrottlePercent', 'auto_converge_throttle', 'always'],
] as const;

type Numbers = Readonly<Record<string, number | null | undefined>>;

export function statisticsElement(statistics: CookieStatistics): XmlElement {
  const lines: XmlElement[] = [];
  const add = (name: string, value: number): void => void lines.push(createElement(name, {}, [String(Math.round(value))]));
  add('started', statistics.startedMs);
  add('stopped', statistics.stoppedMs);
  add('sent', statistics.sentMs);
  if (statistics.deltaMs !== null) add('delta', statistics.deltaMs);
  add('time_elapsed', statistics.elapsedMs);
  for (const [group, field, name, written] of fields) {
    const of = (group === null ? statistics.report : statistics.report[group]) as Numbers | undefined;
    const value = of?.[field] ?? null;
    if (value !== null || written === 'always') add(name, value ?? 0);
  }
  return createElement('statistics', {}, lines);
}

/** Like libvirt, takes what it understands and leaves the rest: numbers that only tell of the past stop no migration. */
export function readStatistics(element: XmlElement): CookieStatistics {
  const found = new Map<string, number>();
  for (const child of childElements(element)) {
    const text = textOf(child).trim();
    if (!found.has(child.name) && /^-?\d{1,19}$/.test(text)) found.set(child.name, Number(text));
  }
  const natural = (name: string): number => Math.max(0, found.get(name) ?? 0);
  const report: Record<string, number | Record<string, number>> = { memory: {}, disk: {}, compression: {} };
  for (const [group, field, name] of fields) {
    const value = found.get(name);
    if (value === undefined || value < 0) continue;
    const of = group === null ? report : (report[group] as Record<string, number>);
    of[field] = value;
  }
  return { startedMs: natural('started'), stoppedMs: natural('stopped'), sentMs: natural('sent'), deltaMs: found.get('delta') ?? null, elapsedMs: natural('time_elapsed'), report: report as JobReport };
}

/** What is known of a job, without what the other host knows better or must not take over. */
export function reportOf(statistics: JobStatistics): JobReport {
  const { downtimeMs, setupMs, memory, disk, compression, autoConvergeThrottlePercent } = statistics;
  return { downtimeMs, setupMs, memory, disk, compression, autoConvergeThrottlePercent };
}
