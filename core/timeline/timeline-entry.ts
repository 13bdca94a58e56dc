/** One thing that happened to a domain, as it is kept on disk, sent to clients and exported: the same record everywhere. */
import { z } from 'zod';
import type { RecentMessage } from '../monitor/recent-messages.ts';

/**
 * `lifecycle`: what the driver tells of the domain. `qmp`: QEMU's own events. `action`: what somebody asked for. `stderr`:
 * QEMU's own words. `agent`: the guest agent. `job`: long jobs. `driver`: who watched, and what is missing here.
 */
export const timelineKinds = ['lifecycle', 'qmp', 'action', 'stderr', 'agent', 'job', 'driver'] as const;
export type TimelineKind = (typeof timelineKinds)[number];

const holderSchema = z.object({ kind: z.string(), owner: z.string(), client: z.string() });

const recentMessageSchema = z.object({ atMs: z.number(), direction: z.enum(['command', 'reply', 'error', 'event']), name: z.string(), text: z.string() }) satisfies z.ZodType<RecentMessage>;

/** How a run ended and what is known of its last moments. */
export const runAccountSchema = z.object({
  /** Both null where nobody learned it: only the driver that starts a process is told how it ended. */
  signal: z.string().nullable(),
  exitCode: z.number().int().nullable(),
  /** The driver ended QEMU itself, so its signal or exit code says nothing about why. */
  endedByDriver: z.boolean(),
  /** QEMU's last lines on its standard error. */
  stderrTail: z.array(z.string()),
  /** The last messages with QEMU, oldest first, without secrets. Empty where the driver had no connection. */
  lastMessages: z.array(recentMessageSchema),
  /** As it was just before the end. */
  state: z.string(),
  reason: z.string(),
  /** Who held the domain then. */
  holders: z.array(holderSchema),
  /** The command that QEMU had not answered. */
  unanswered: z.string().nullable(),
});
export type RunAccount = z.infer<typeof runAccountSchema>;

export const timelineEntrySchema = z.object({
  /** Rises by one from entry to entry, over restarts of the driver. */
  seq: z.number().int().positive(),
  /** By the wall clock, which may be set back; `seq` gives the order. */
  atMs: z.number(),
  /** The domain's id in the run that it belongs to; null outside one. */
  run: z.number().int().nullable().default(null),
  kind: z.enum(timelineKinds),
  /** One word: an event's or a method's name, `line` for a line of QEMU's. */
  what: z.string(),
  details: z.record(z.string(), z.unknown()).default({}),
  /** Who asked: the API and the client, for actions and jobs. */
  by: z.object({ owner: z.string(), client: z.string() }).nullable().default(null),
  /** What became of an action. */
  outcome: z
    .object({ ok: z.boolean(), durationMs: z.number(), error: z.object({ code: z.string(), message: z.string() }).nullable().default(null) })
    .nullable()
    .default(null),
  /** Where a run ended. */
  account: runAccountSchema.nullable().default(null),
});
export type TimelineEntry = z.infer<typeof timelineEntrySchema>;

/** An entry before it has its number. */
export type NewEntry = Pick<TimelineEntry, 'atMs' | 'kind' | 'what'> & Partial<Omit<TimelineEntry, 'seq' | 'atMs' | 'kind' | 'what'>>;

/** No entry is longer on disk; one that would be loses its details. */
const maximumLineCharacters = 32_768;

/** The line that is kept; what is null or empty is left out. */
export function toLine(seq: number, entry: NewEntry): string {
  const { atMs, run = null, kind, what, details = {}, by = null, outcome = null, account = null } = entry;
  const known = {
    seq, // first, so that a reader can skip lines without parsing them
    atMs,
    ...(run === null ? {} : { run }),
    kind,
    what,
    ...(Object.keys(details).length === 0 ? {} : { details }),
    ...(by === null ? {} : { by }),
    ...(outcome === null ? {} : { outcome }),
    ...(account === null ? {} : { account }),
  };
  const line = JSON.stringify(known);
  return line.length <= maximumLineCharacters ? line : JSON.stringify({ seq, atMs, ...(run === null ? {} : { run }), kind, what, details: { leftOut: `${line.length} characters` } });
}

/** The order in which `toLine` writes. */
const head = /^\{"seq":(\d+),"atMs":(-?[\d.]+),(?:"run":-?\d+,)?"kind":"(\w+)"/;

export interface EntryHead {
  readonly seq: number;
  readonly atMs: number;
  readonly kind: string;
}

/** What decides whether a line is wanted, without parsing the rest; null for what is no entry. */
export function headOf(line: string): EntryHead | null {
  const [, seq, atMs, kind] = head.exec(line) ?? [];
  return kind === undefined ? null : { seq: Number(seq), atMs: Number(atMs), kind };
}

/** Null for what is no entry, as the line that a killed driver was writing. */
export function fromLine(line: string): TimelineEntry | null {
  if (!line.startsWith('{"seq":')) return null;
  try {
    return timelineEntrySchema.safeParse(JSON.parse(line)).data ?? null;
  } catch {
    return null;
  }
}
