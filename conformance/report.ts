/** The findings as people read them: what failed file by file, then what to work on first. */
import { type ExaminedFile, summarize } from './examined-file.ts';

const listed = 60;

export function formatReport(files: readonly ExaminedFile[]): string {
  const domains = files.filter(({ skipped }) => skipped === null);
  const skipped = files.length - domains.length;
  const crashed = domains.filter(({ crash }) => crash !== null);
  return [
    ...domains.map(fileLine),
    '',
    ...table(Object.entries(summarize(files)).map(([name, count]) => [name, String(count), share(count, domains.length)])),
    ...(skipped > 0 ? [`${skipped} files hold no domain and are not counted`] : []),
    ...top('Not understood, by the number of files', domains, ({ unknown }) => unknown),
    ...top('Refused', domains, ({ refused }) => (refused ? [`${refused.step}: ${withoutNames(refused.message)}`] : [])),
    ...top('Against the schema', domains, ({ schemaError }) => (schemaError === null ? [] : [schemaError.replace(/^\d+: /, '')])),
    ...top('Rendered, and not accepted by QEMU', domains, ({ acceptError }) => (acceptError === null ? [] : [withoutNames(acceptError)])),
    ...(crashed.length === 0 ? [] : ['', 'CRASHED, HUNG OR LOST SOMETHING:', ...crashed.map(({ file, crash }) => `  ${file}: ${crash}`)]),
    '',
  ].join('\n');
}

/** `+` for yes, `-` for no, `.` for what was not asked: parsed, schema, round trip, stable, rendered, accepted. */
function fileLine(file: ExaminedFile): string {
  const marks = [file.parsed, file.schemaValid, file.roundTrip, file.stable, file.rendered, file.accepted].map((verdict) => (verdict === null ? '.' : verdict ? '+' : '-'));
  const words = file.crash ?? file.refused?.message ?? file.acceptError ?? file.schemaError ?? '';
  return `${marks.join('')} ${file.file}${words === '' ? '' : `  ${words.split('\n')[0]}`}`;
}

/** What is found in most files first, each with one of them. */
function top(title: string, files: readonly ExaminedFile[], reasonsOf: (file: ExaminedFile) => readonly string[]): readonly string[] {
  const found = new Map<string, string[]>();
  for (const file of files) {
    for (const reason of new Set(reasonsOf(file))) found.set(reason, [...(found.get(reason) ?? []), file.file]);
  }
  if (found.size === 0) return [];
  const sorted = [...found].toSorted((a, b) => b[1].length - a[1].length);
  const rest = sorted.length - listed;
  const lines = sorted.slice(0, listed).map(([reason, names]) => `${String(names.length).padStart(5)}  ${reason}  [${names[0]}]`);
  return ['', `${title}:`, ...lines, ...(rest > 0 ? [`       and ${rest} more`] : [])];
}

/** Reasons that differ only in a name, a path or a line are one. */
function withoutNames(message: string): string {
  return message
    .replace(/(what this driver does not know): .*/s, '$1')
    .replace(/\(domain_definition\):\d+: /, '')
    .replaceAll(/(?<![\w])\/(?:[\w.+-]+\/)+[\w.+-]+/g, 'PATH')
    .replace(/-(blockdev|device|netdev|object) \{.*?"(?:driver|qom-type|type)":"([^"]*)".*\}:/, '-$1 $2:')
    .slice(0, 200);
}

function table(rows: readonly (readonly string[])[]): readonly string[] {
  const widths = [0, 1, 2].map((column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  return rows.map((row) => row.map((cell, column) => (column === 0 ? cell.padEnd(widths[column] ?? 0) : cell.padStart(widths[column] ?? 0))).join('  '));
}

function share(count: number, of: number): string {
  return of === 0 ? '' : `${((100 * count) / of).toFixed(1)} %`;
}
