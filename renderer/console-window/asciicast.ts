/** asciicast, version 2: a header line, then one line an event, as asciinema plays it (its documentation, asciicast v2). Pure. */

export interface CastHeader {
  readonly columns: number;
  readonly rows: number;
  /** Wall-clock milliseconds of the beginning. */
  readonly atMs: number;
  readonly title: string;
}

export function castHeader({ columns, rows, atMs, title }: CastHeader): string {
  return `${JSON.stringify({ version: 2, width: columns, height: rows, timestamp: Math.floor(atMs / 1_000), title, env: { TERM: 'xterm-256color' } })}\n`;
}

/** `o`: output; `r`: another size as `80x24`; `m`: a mark with words. The time is since the beginning. */
export function castEvent(elapsedMs: number, kind: 'o' | 'r' | 'm', text: string): string {
  return `[${(Math.max(0, elapsedMs) / 1_000).toFixed(6)}, "${kind}", ${JSON.stringify(text)}]\n`;
}
