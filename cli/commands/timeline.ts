/** `vireo timeline`: what happened to a domain, kept over restarts; and what happens from now on. */
import { open } from 'node:fs/promises';
import path from 'node:path';
import type { Client } from '../../core/api/client.ts';
import type { MethodResult } from '../../core/api/contract.ts';
import { maximumTimelinePage } from '../../core/api/timeline-contract.ts';
import { type VireoError, asVireoError } from '../../core/base/errors.ts';
import { entryInWords } from '../../core/timeline/entry-in-words.ts';
import { type RunAccount, type TimelineEntry, type TimelineKind, timelineKinds } from '../../core/timeline/timeline-entry.ts';
import { type Command, type CommandContext, command, domainOption } from '../command.ts';
import { CommandError, CommandFailure } from '../command-error.ts';
import { assertExclusive } from '../option-grammar.ts';

export const timeline: Command = command({
  name: 'timeline',
  group: 'domain',
  summary: 'what happened to a domain',
  description: "What happened to a domain, oldest first: its states, QEMU's events and words, what was asked for and by whom, and how each run ended. It is kept over restarts; a domain that is gone is found by its UUID.",
  options: {
    domain: domainOption,
    since: { type: 'string', named: true, help: 'nothing older: a date and time, or how long ago as 90s, 15m, 2h, 3d' },
    kind: { type: 'string', named: true, help: `only these kinds, separated by commas: ${timelineKinds.join(', ')}` },
    search: { type: 'string', named: true, help: 'only entries with these letters in them' },
    lines: { type: 'number', named: true, help: 'only the newest entries, at most this many' },
    follow: { type: 'boolean', help: 'go on with what happens, until interrupted' },
    details: { type: 'boolean', help: "with what is known of each run's end: QEMU's last words and messages" },
    export: { type: 'string', named: true, help: 'write all of it to a file as JSON lines, which must not be there' },
  },
  async run(context, values) {
    for (const other of ['follow', 'lines', 'details'] as const) assertExclusive(values, 'export', other);
    const { output, interrupted } = context;
    const wanted: Wanted = { domain: values.domain, kinds: kindsIn(values.kind), text: values.search, sinceMs: sinceIn(values.since, context.clock.wallTime()), lines: values.lines };
    const client = await context.client();
    if (values.export !== null) {
      const entries = await entriesOf(client, wanted, interrupted);
      const file = path.resolve(context.folder, values.export);
      await writeNew(file, entries);
      return output.result({ file, entries: entries.length }, () => [`${entries.length} entries written to ${file}`]);
    }
    const print = (entries: readonly TimelineEntry[]): void => {
      for (const entry of entries) output.result(entry, () => formatEntry(entry, values.details));
    };
    if (!values.follow) return print(await entriesOf(client, wanted, interrupted));
    await follow(context, client, wanted, print);
  },
});

interface Wanted {
  readonly domain: string;
  readonly kinds: TimelineKind[];
  readonly text: string | null;
  readonly sinceMs: number | null;
  readonly lines: number | null;
}

function kindsIn(words: string | null): TimelineKind[] {
  return (words ?? '').split(',').filter((word) => word !== '').map((word) => {
    const kind = timelineKinds.find((each) => each === word.trim());
    if (!kind) throw new CommandError('INVALID_ARG', `unknown kind '${word}'; there are ${timelineKinds.join(', ')}`);
    return kind;
  });
}

const unitMs: Readonly<Record<string, number>> = { s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 };

function sinceIn(words: string | null, nowMs: number): number | null {
  if (words === null) return null;
  const [, number, unit] = /^(\d+)([smhd])$/.exec(words) ?? [];
  const atMs = number !== undefined && unit !== undefined ? nowMs - Number(number) * (unitMs[unit] ?? 0) : Date.parse(words);
  if (Number.isNaN(atMs)) throw new CommandError('INVALID_ARG', `--since: '${words}' is neither a time nor how long ago`);
  return atMs;
}

/** Oldest first. @param newerThan leaves out what was printed already. */
async function entriesOf(client: Client, wanted: Wanted, signal: AbortSignal, newerThan = 0): Promise<readonly TimelineEntry[]> {
  const { domain, kinds, text, sinceMs, lines } = wanted;
  const found: TimelineEntry[] = [];
  let before: number | null = null;
  do {
    const limit = Math.max(1, Math.min(maximumTimelinePage, (lines ?? Number.POSITIVE_INFINITY) - found.length));
    const page: MethodResult<'domainGetTimeline'> = await client.call('domainGetTimeline', { domain, before, limit, kinds, text, sinceMs }, { signal }).catch((thrown: unknown) => {
      throw new CommandFailure(`Failed to read the timeline of domain '${domain}'`, asVireoError(thrown));
    });
    const fresh = page.entries.filter(({ seq }) => seq > newerThan);
    found.push(...fresh);
    before = fresh.length < page.entries.length ? null : page.next;
  } while (before !== null && (lines === null || found.length < lines));
  return found.toReversed();
}

/** Ends when it is interrupted. @throws the reason when the host goes away. */
async function follow({ interrupted }: CommandContext, client: Client, wanted: Wanted, print: (entries: readonly TimelineEntry[]) => void): Promise<void> {
  const { uuid } = await client.call('domainGetTimeline', { domain: wanted.domain, limit: 1 }, { signal: interrupted });
  let wake = (): void => {};
  let isNew = true;
  const tell = (): void => {
    isNew = true;
    wake();
  };
  using _written = client.on('timeline', (written) => {
    if (written.uuid === uuid) tell();
  });
  interrupted.addEventListener('abort', tell, { once: true });
  client.closed.addEventListener('abort', tell, { once: true });
  let newest = 0;
  while (!interrupted.aborted) {
    if (client.closed.aborted) throw client.closed.reason as VireoError;
    if (!isNew) await new Promise<void>((resolve) => (wake = resolve));
    isNew = false;
    if (interrupted.aborted || client.closed.aborted) continue;
    const entries = await entriesOf(client, { ...wanted, domain: uuid, lines: newest === 0 ? wanted.lines : null }, interrupted, newest);
    print(entries);
    newest = entries.at(-1)?.seq ?? newest;
  }
}

async function writeNew(file: string, entries: readonly TimelineEntry[]): Promise<void> {
  try {
    const handle = await open(file, 'wx', 0o600);
    try {
      await handle.writeFile(entries.map((entry) => `${JSON.stringify(entry)}\n`).join(''));
    } finally {
      await handle.close();
    }
  } catch (error) {
    throw new CommandFailure(`Failed to write '${file}'`, asVireoError(error));
  }
}

const kindWidth = Math.max(...timelineKinds.map((kind) => kind.length));

function formatEntry(entry: TimelineEntry, withDetails: boolean): readonly string[] {
  const line = `${formatMoment(entry.atMs)}  ${entry.kind.padEnd(kindWidth)}  ${entryInWords(entry, formatMoment)}`;
  return withDetails && entry.account ? [line, ...formatAccount(entry.account).map((each) => `    ${each}`)] : [line];
}

function formatAccount({ state, reason, holders, unanswered, stderrTail, lastMessages }: RunAccount): readonly string[] {
  return [
    `it was ${state} (${reason})`,
    ...holders.map(({ kind, owner, client }) => `${kind} job of ${client} (${owner})`),
    ...(unanswered === null ? [] : [`QEMU had not answered '${unanswered}'`]),
    ...(stderrTail.length === 0 ? ['QEMU said nothing on its standard error'] : ["QEMU's last words:", ...stderrTail.map((words) => `  ${words}`)]),
    ...(lastMessages.length === 0 ? ['no messages with QEMU'] : ['the last messages with QEMU:', ...lastMessages.map(({ atMs, direction, name, text }) => `  ${formatMoment(atMs)} ${direction} ${name} ${text}`.trimEnd())]),
  ];
}

/** As libvirt writes it into logs. */
function formatMoment(atMs: number): string {
  return new Date(atMs).toISOString().replace('T', ' ').replace('Z', '+0000');
}
