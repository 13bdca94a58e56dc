/** The statistics of a job as `virsh domjobinfo` prints them, not measured; what nobody knows has no line. */
import { type JobOperation, type JobStatistics, type JobType, dataProgress } from '../core/job/job-statistics.ts';

const typeWords: Readonly<Record<JobType, string>> = { bounded: 'Bounded', unbounded: 'Unbounded', completed: 'Completed', failed: 'Failed', cancelled: 'Cancelled' };

const operationWords: Readonly<Record<JobOperation, string>> = {
  start: 'Start',
  save: 'Save',
  restore: 'Restore',
  dump: 'Dump',
  snapshot: 'Snapshot',
  'snapshot revert': 'Snapshot revert',
  'snapshot delete': 'Snapshot delete',
  backup: 'Backup',
  'migration in': 'Incoming migration',
  'migration out': 'Outgoing migration',
};

/** A label with its value, null where it is not known. */
type Line = readonly [label: string, value: string | null];

/** @param withEnded also for a job that has ended. */
export function formatJobStatistics(statistics: JobStatistics | null, withEnded: boolean): readonly string[] {
  if (!statistics) return [line('Job type:', word('None'))];
  const { type } = statistics;
  const head = line('Job type:', word(typeWords[type]));
  if (!withEnded && type !== 'bounded' && type !== 'unbounded') return [head];
  const lines: readonly Line[] = [...timeLines(statistics), ...memoryLines(statistics), ...diskLines(statistics), ...lastLines(statistics)];
  return [head, ...lines.flatMap(([label, value]) => (value === null ? [] : [line(label, value)]))];
}

function line(label: string, value: string): string {
  return `${label.padEnd(17)} ${value}`;
}

function word(text: string): string {
  return text.padEnd(12);
}

function count(value: number | null, unit = ''): string | null {
  return value === null ? null : `${String(value).padEnd(12)}${unit === '' ? '' : ` ${unit}`}`;
}

const capacityUnits = ['B', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB', 'EiB'];

export function capacity(bytes: number | null, suffix = ''): string | null {
  if (bytes === null) return null;
  let value = bytes;
  let unit = 0;
  for (; value >= 1024 && unit < capacityUnits.length - 1; unit++) value /= 1024;
  return `${value.toFixed(3)} ${capacityUnits[unit]}${suffix}`;
}

function timeLines(statistics: JobStatistics): readonly Line[] {
  const data = dataProgress(statistics);
  return [
    ['Operation:', word(operationWords[statistics.operation])],
    ['Time elapsed:', count(statistics.elapsedMs, 'ms')],
    ['Time elapsed w/o network:', count(statistics.elapsedNetMs, 'ms')],
    ['Time remaining:', statistics.type === 'bounded' ? count(statistics.remainingMs, 'ms') : null],
    ['Data processed:', capacity(data.processedBytes)],
    ['Data remaining:', capacity(data.remainingBytes)],
    ['Data total:', capacity(data.totalBytes)],
  ];
}

function memoryLines({ memory }: JobStatistics): readonly Line[] {
  return [
    ['Memory processed:', capacity(memory.processedBytes)],
    ['Memory remaining:', capacity(memory.remainingBytes)],
    ['Memory total:', capacity(memory.totalBytes)],
    ['Memory bandwidth:', capacity(memory.speedBytesPerSecond, '/s')],
    ['Dirty rate:', count(memory.dirtyRatePagesPerSecond, 'pages/s')],
    ['Page size:', count(memory.pageSizeBytes, 'bytes')],
    ['Iteration:', count(memory.iteration)],
    ['Postcopy requests:', count(memory.postcopyRequests)],
  ];
}

function diskLines({ disk, memory }: JobStatistics): readonly Line[] {
  return [
    ['File processed:', capacity(disk.processedBytes)],
    ['File remaining:', capacity(disk.remainingBytes)],
    ['File total:', capacity(disk.totalBytes)],
    ['File bandwidth:', capacity(disk.speedBytesPerSecond, '/s')],
    ['Constant pages:', count(memory.constantPages)],
    ['Normal pages:', count(memory.normalPages)],
    ['Normal data:', capacity(memory.normalBytes)],
  ];
}

function lastLines(statistics: JobStatistics): readonly Line[] {
  const { compression, disk } = statistics;
  const isOver = statistics.success !== null;
  return [
    isOver ? ['Total downtime:', count(statistics.downtimeMs, 'ms')] : ['Expected downtime:', count(statistics.expectedDowntimeMs, 'ms')],
    ['Downtime w/o network:', count(statistics.downtimeNetMs, 'ms')],
    ['Setup time:', count(statistics.setupMs, 'ms')],
    ['Compression cache:', capacity(compression.cacheBytes)],
    ['Compressed data:', capacity(compression.compressedBytes)],
    ['Compressed pages:', count(compression.pages)],
    ['Compression cache misses:', count(compression.cacheMisses)],
    ['Compression overflows:', count(compression.overflows)],
    ['Auto converge throttle:', count(statistics.autoConvergeThrottlePercent)],
    ['Temporary disk space use:', capacity(disk.temporaryUsedBytes)],
    ['Temporary disk space total:', capacity(disk.temporaryTotalBytes)],
    ['Error message:', statistics.errorMessage],
  ];
}
