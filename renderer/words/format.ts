/** Numbers and times as people read them. Everything that a screen prints of them goes through here. */

const binaryUnits = ['B', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB'] as const;

/** Bytes in the largest binary unit that leaves at least one: `312 MiB`, `1.4 GiB`. One decimal below ten. */
export function formatBytes(bytes: number): string {
  let value = bytes;
  let unit = 0;
  while (value >= 1024 && unit < binaryUnits.length - 1) {
    value /= 1024;
    unit += 1;
  }
  const digits = unit === 0 || value >= 10 || Number.isInteger(value) ? 0 : 1;
  return `${value.toFixed(digits)} ${binaryUnits[unit] ?? 'B'}`;
}

/** A guest's memory, which libvirt counts in KiB. */
export function formatMemory(memoryKiB: number): string {
  return formatBytes(memoryKiB * 1024);
}

/** 4212 as `4,212`. */
export function formatCount(count: number): string {
  return count.toLocaleString('en-US');
}

/** A stopwatch's reading: `0:04`, `12:31`, `1:02:03`. A clock that was set back reads as zero. */
export function formatElapsed(elapsedMs: number): string {
  const seconds = Math.max(0, Math.floor(elapsedMs / 1000));
  const hours = Math.floor(seconds / 3600);
  const minutes = Math.floor((seconds % 3600) / 60);
  const two = (value: number): string => String(value).padStart(2, '0');
  return hours > 0 ? `${hours}:${two(minutes)}:${two(seconds % 60)}` : `${minutes}:${two(seconds % 60)}`;
}

/** A length of time in its two largest units: `12 s`, `2 min 10 s`, `3 h 5 min`, `2 d 4 h`. */
export function formatDuration(durationMs: number): string {
  const seconds = Math.max(0, Math.floor(durationMs / 1000));
  const steps = [
    ['d', 86_400],
    ['h', 3_600],
    ['min', 60],
    ['s', 1],
  ] as const;
  for (const [index, [unit, length]] of steps.entries()) {
    if (seconds < length) continue;
    const next = steps[index + 1];
    const rest = next ? Math.floor((seconds % length) / next[1]) : 0;
    const first = `${Math.floor(seconds / length)} ${unit}`;
    return next && rest > 0 ? `${first} ${rest} ${next[0]}` : first;
  }
  return '0 s';
}

const clockFormat = new Intl.DateTimeFormat('en-GB', { hour: '2-digit', minute: '2-digit', second: '2-digit', hour12: false });
const dayFormat = new Intl.DateTimeFormat('en-GB', { day: 'numeric', month: 'short', hour: '2-digit', minute: '2-digit', hour12: false });
const exactFormat = new Intl.DateTimeFormat('en-GB', { dateStyle: 'medium', timeStyle: 'medium' });

/** The wall clock's `12:04:01`. */
export function formatClock(atMs: number): string {
  return clockFormat.format(atMs);
}

/** The clock's time for today, with the date otherwise. */
export function formatWhen(atMs: number, nowMs: number): string {
  return new Date(atMs).toDateString() === new Date(nowMs).toDateString() ? formatClock(atMs) : dayFormat.format(atMs);
}

/** Date and time, for what shows on hover. */
export function formatExact(atMs: number): string {
  return exactFormat.format(atMs);
}

/** `1 domain`, `3 domains`. */
export function plural(count: number, one: string, many = `${one}s`): string {
  return `${formatCount(count)} ${count === 1 ? one : many}`;
}
