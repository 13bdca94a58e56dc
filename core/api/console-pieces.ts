/** A console's history with its times, read from a host page by page: what an export is made of, whatever its size. */
import type { ExportPiece } from '../console/history/export-console.ts';
import type { ConsoleMark, ConsoleSpan } from '../console/history/console-span.ts';
import type { Client } from './client.ts';
import type { MethodResult } from './contract.ts';

const pageBytes = 512 << 10;

export interface PiecesRequest {
  readonly domain: string;
  readonly device: string | null;
  /** With the newest run's first byte, the first that is kept at all, or an offset. */
  readonly from: 'run' | 'beginning' | number;
  readonly signal: AbortSignal;
}

/** What there is at this moment: a guest that goes on printing does not keep it from ending. */
export async function* consolePieces(client: Client, request: PiecesRequest): AsyncGenerator<ExportPiece> {
  const { domain, device, signal } = request;
  let { from }: { from: PiecesRequest['from'] } = request;
  let times: TimesAhead | null = null;
  for (;;) {
    const page: MethodResult<'domainReadConsole'> = await client.call('domainReadConsole', { domain, device, from, maximumBytes: pageBytes }, { signal });
    times ??= new TimesAhead(client, request, page.from, page.end);
    const bytes = Buffer.from(page.data, 'base64').subarray(0, Math.max(0, times.end - page.from));
    if (bytes.length > 0) yield { from: page.from, bytes, ...(await times.of(page.from, page.from + bytes.length)) };
    if (page.to <= page.from || page.to >= times.end) return;
    from = page.to;
  }
}

/** Times come by the thousand, for many pages of bytes at once. */
class TimesAhead {
  readonly end: number;
  readonly #client: Client;
  readonly #request: PiecesRequest;
  #spans: ConsoleSpan[] = [];
  #marks: ConsoleMark[] = [];
  /** From where on nothing is known yet. */
  #next: number | null;

  constructor(client: Client, request: PiecesRequest, from: number, end: number) {
    this.#client = client;
    this.#request = request;
    this.#next = from;
    this.end = end;
  }

  /** Of bytes that come after all that were asked for before. */
  async of(from: number, to: number): Promise<Pick<ExportPiece, 'spans' | 'marks'>> {
    const { domain, device, signal } = this.#request;
    while (this.#next !== null && this.#next < to) {
      const page: MethodResult<'domainGetConsoleTimes'> = await this.#client.call('domainGetConsoleTimes', { domain, device, from: this.#next, to: this.end }, { signal });
      this.#spans.push(...page.spans);
      this.#marks.push(...page.marks);
      this.#next = page.next;
    }
    const first = this.#spans.findIndex((span) => span.to > from);
    this.#spans = first < 0 ? [] : this.#spans.slice(first);
    const after = this.#spans.findIndex((span) => span.from >= to);
    const spans = (after < 0 ? this.#spans : this.#spans.slice(0, after)).map((span) => ({ ...span, from: Math.max(span.from, from), to: Math.min(span.to, to) }));
    return { spans, marks: this.#marks.filter(({ offset }) => offset >= from && offset <= to) };
  }
}
