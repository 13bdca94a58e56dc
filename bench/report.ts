/** A measurement as people read it: one table, its notes below. */
import type { Bench, Measurement, Row, Unit } from './bench.ts';
import { compare, spreadOf } from './statistics.ts';

const head = ['', 'median', 'lowest to highest', 'n', 'times bare', 'over bare'] as const;

export function formatMeasurement(bench: Bench, { rows, notes }: Measurement): string {
  const lines = [head, ...rows.map((row) => cells(row, rows))];
  const widths = head.map((_, column) => Math.max(...lines.map((line) => (line[column] as string).length)));
  const table = lines.map((line) => line.map((cell, column) => (column === 0 ? cell.padEnd(widths[0] as number) : cell.padStart(widths[column] as number))).join('  ').trimEnd());
  return [`${bench.name}: ${bench.title}`, ...table.map((line) => `  ${line}`), ...notes.map((note) => `  - ${note}`), ''].join('\n');
}

function cells({ what, unit, samples, base }: Row, rows: readonly Row[]): string[] {
  const spread = spreadOf(samples);
  if (!spread) return [what, 'not measured', '', '', '', ''];
  const bare = rows.find((row) => row.what === base);
  const compared = bare ? compare(samples, bare.samples) : null;
  return [
    what,
    withUnit(spread.median, unit),
    `${short(spread.lowest)} to ${short(spread.highest)}`,
    String(samples.length),
    compared ? short(compared.ratio.median) : '',
    compared ? withUnit(compared.added.median, unit) : '',
  ];
}

function withUnit(value: number, unit: Unit): string {
  return unit === '' ? short(value) : `${short(value)} ${unit}`;
}

/** Three digits are more than a shared machine repeats. */
function short(value: number): string {
  const digits = Math.abs(value) >= 100 ? 0 : Math.abs(value) >= 10 ? 1 : 2;
  return value.toFixed(digits);
}
