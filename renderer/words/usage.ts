/** What a domain uses, in words and units that keep their width as well as numbers can. */
import { formatBytes } from './format.ts';

/** `12 %`; below ten one decimal, for an idle guest is not the same as one at rest. */
export function formatPercent(percent: number): string {
  return `${percent.toFixed(percent < 9.95 ? 1 : 0)} %`;
}

export function formatRate(bytesPerSecond: number): string {
  return `${formatBytes(Math.round(bytesPerSecond))}/s`;
}

/** `1.4 of 2 GiB`: the unit once where both have the same. */
export function formatShare(usedKiB: number, totalKiB: number): string {
  const [used, total] = [formatBytes(usedKiB * 1024), formatBytes(totalKiB * 1024)];
  const unit = total.slice(total.indexOf(' '));
  return used.endsWith(unit) ? `${used.slice(0, -unit.length)} of ${total}` : `${used} of ${total}`;
}
