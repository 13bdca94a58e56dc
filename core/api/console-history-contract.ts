/**
 * What a console has said, in the contract: found, read, dated and watched for, whether the domain runs or not. An offset
 * counts bytes of the console's stream, as everywhere; the stream that `domainOpenConsole` opens `from` one begins there.
 */
import { z } from 'zod';
import { consoleMarkKinds, consoleSpanSchema } from '../console/history/console-span.ts';
import { consoleEncodings } from '../console/history/encodings.ts';
import { consoleTriggerSchema, maximumTriggers, newConsoleTriggerSchema } from '../console/history/trigger-schema.ts';

export const maximumConsoleHits = 1_000;
export const maximumConsoleSpans = 10_000;
export const maximumConsolePageBytes = 1 << 20;

/** A domain by numeric id, UUID or name; one that is gone by its UUID, as long as its logs are there. */
const domain = z.string().min(1).max(1024);
/** A character device, by alias or by the guest's name for it; null is the first console. */
const device = z.string().max(256).nullable().default(null);
const offset = z.number().int().nonnegative();

const consoleId = z.object({ alias: z.string(), label: z.string(), kind: z.enum(['serial', 'parallel', 'console', 'channel']) });

/** What is looked for in single lines: without escape sequences and control characters, and cut where they are very long. */
const search = {
  pattern: z.string().min(1).max(1_000),
  /** `regex` is JavaScript's; one that takes too long on a line is refused by name. */
  kind: z.enum(['text', 'regex']).default('text'),
  caseSensitive: z.boolean().default(false),
  /** How the guest writes what is beyond ASCII. */
  encoding: z.enum(consoleEncodings).default('utf-8'),
  /** Fewer come where much had to be looked through; `next` goes on. */
  maximumHits: z.number().int().min(1).max(maximumConsoleHits).default(100),
};

/** A line with a match, and when the guest wrote it: within a second where both times are that near, else between the two. */
export const consoleHitSchema = z.object({
  /** Of the line's first byte. */
  offset,
  /** Wall-clock milliseconds; null where nothing is known of that edge. */
  fromMs: z.number().nullable(),
  toMs: z.number().nullable(),
  /** As people see it. */
  line: z.string(),
  /** Where in `line` its first match stands, in UTF-16 units. */
  column: z.number().int(),
  length: z.number().int(),
});
export type ConsoleHit = z.infer<typeof consoleHitSchema>;

/** What is kept of a console: `start` is the first offset that is kept at all, `end` the one that the next byte will have. */
const extent = { console: consoleId, start: offset, end: offset, /** Where the newest run began. */ runStart: offset };

export const consoleHistoryMethods = {
  /** Newest first, over consoles and domains. */
  domainSearchConsoles: {
    access: 'read',
    params: z.object({
      ...search,
      /** Empty for all, running or not. */
      domains: z.array(domain).max(10_000).default([]),
      /** Only consoles of this alias or name; null for all. */
      device,
      /** The `next` of the page before. */
      before: z.string().max(1_024).nullable().default(null),
    }),
    result: z.object({
      hits: z.array(consoleHitSchema.extend({ domain: z.object({ uuid: z.string(), name: z.string() }), console: consoleId })),
      /** Null when nothing is left. */
      next: z.string().nullable(),
      searchedBytes: z.number(),
      /** Everything newer was looked through; null where that is not known or all was. */
      searchedBackToMs: z.number().nullable(),
      /** Consoles that could not be searched, and why. */
      problems: z.array(z.object({ domain: z.string(), device: z.string(), reason: z.string() })),
    }),
  },
  /** The same in one console, from a place on. */
  domainFindInConsole: {
    access: 'read',
    params: z.object({
      ...search,
      domain,
      device,
      /** `older` gives lines before `from`, the newest first; `newer` those at `from` and after, the oldest first. */
      direction: z.enum(['older', 'newer']).default('older'),
      /** Null for the end that `direction` comes from. */
      from: offset.nullable().default(null),
    }),
    result: z.object({ ...extent, hits: z.array(consoleHitSchema), /** The `from` of the next page; null when nothing is left. */ next: offset.nullable(), searchedBytes: z.number() }),
  },
  /** When what was written. */
  domainGetConsoleTimes: {
    access: 'read',
    params: z.object({ domain, device, from: offset.default(0), to: offset.nullable().default(null) }),
    result: z.object({
      ...extent,
      /** In order, without holes between `from` and the last one's `to`. */
      spans: z.array(consoleSpanSchema),
      /**
       * `run`: QEMU was started, the next byte is the first after power-on. `reset`: the guest rebooted. `attached`, `detached`:
       * a driver began or ceased to follow the console.
       */
      marks: z.array(z.object({ offset, atMs: z.number(), what: z.enum(consoleMarkKinds) })),
      /** The `from` of the next page; null when `to` is reached. */
      next: offset.nullable(),
    }),
  },
  /** A piece of what is kept, without opening the console; nobody sees a watcher. */
  domainReadConsole: {
    access: 'read',
    params: z.object({ domain, device, from: z.union([z.enum(['run', 'beginning']), offset]).default('beginning'), maximumBytes: z.number().int().min(1).max(maximumConsolePageBytes).default(256 << 10) }),
    result: z.object({
      ...extent,
      /** Of the first byte in `data`, or of the gap. */
      from: offset,
      /** Where to go on; equal to `end` when all was read. */
      to: offset,
      /** Base64. Empty for a gap: `from` to `to` is kept nowhere. */
      data: z.string(),
    }),
  },
  /** Patterns that are told of when a running guest writes them. */
  domainGetConsoleTriggers: { access: 'read', params: z.object({ domain }), result: z.object({ triggers: z.array(consoleTriggerSchema) }) },
  /** Replaces them all; one that keeps its `id` and its pattern keeps what is known of it. */
  domainSetConsoleTriggers: {
    access: 'write',
    params: z.object({ domain, triggers: z.array(newConsoleTriggerSchema).max(maximumTriggers) }),
    result: z.object({ triggers: z.array(consoleTriggerSchema) }),
  },
} as const;
