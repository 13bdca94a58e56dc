/** Consoles in the contract: a stream with one reader, perhaps the writer, at its end, and what is asked about consoles beside it. */
import { z } from 'zod';
import { domainSummarySchema } from '../domain/domain-summary.ts';

const domain = z.string().min(1).max(1024);
/** A character device, by alias or by the guest's name for it; null is the first console. */
const device = z.string().max(256).nullable().default(null);

/** Who asks, or is asked, by session. */
const party = z.object({ sessionId: z.string(), label: z.string() });

/** What a console stream's two ends tell each other beside bytes. */
export const consoleServerMessage = z.discriminatedUnion('type', [
  /** Bytes `from` to `to` of the stream are kept nowhere any more; the times are those of its two edges, where they are known. */
  z.object({ type: z.literal('gap'), from: z.number(), to: z.number(), fromMs: z.number().nullable(), toMs: z.number().nullable() }),
  z.object({ type: z.literal('mode'), mode: z.enum(['write', 'watch']) }),
  /**
   * Stands in the stream where it happened. `taken-over`: this session lost the input to `by`. `writer-changed`: the input
   * went to `by`, who is another session. `handed-over`: `by`, who gave it or has left, was asked for it by this session.
   * `released`: the input that `by` had is free, and nobody asks for it. `closed`: the device is gone; the end follows.
   */
  z.object({ type: z.literal('notice'), what: z.enum(['taken-over', 'writer-changed', 'handed-over', 'released', 'closed']), by: z.string().nullable(), atMs: z.number() }),
  /** To the writer: these watchers ask for the input, the first to ask first; empty when nobody does any more. */
  z.object({ type: z.literal('requests'), from: z.array(party.extend({ sinceMs: z.number() })) }),
  /**
   * To a watcher: what became of its request. `waiting` for `by`, told again when another session becomes the writer;
   * `declined` by the writer, and it may ask again; `moot`: `by` took the input by force, which ends all requests, or the
   * device is gone (null). A request that is met comes as the notice `handed-over`, or as `mode` where the input was free.
   */
  z.object({ type: z.literal('request'), state: z.enum(['waiting', 'declined', 'moot']), by: z.string().nullable() }),
  z.object({ type: z.literal('refused'), error: z.object({ code: z.string(), message: z.string() }), holder: z.string().nullable(), sinceMs: z.number().nullable() }),
]);
export type ConsoleServerMessage = z.infer<typeof consoleServerMessage>;

export const consoleClientMessage = z.discriminatedUnion('type', [
  /** Takes the free input, or with `force` the held one. */
  z.object({ type: z.literal('request-write'), force: z.boolean() }),
  /** Asks the writer for the input and waits; taken at once where it is free. Whoever asked first has it when the writer releases or leaves. */
  z.object({ type: z.literal('ask') }),
  z.object({ type: z.literal('withdraw') }),
  /** The writer gives the input to this session, which must have asked for it, or lets its request go without. */
  z.object({ type: z.literal('hand-over'), to: z.string().max(64) }),
  z.object({ type: z.literal('decline'), to: z.string().max(64) }),
  /** The first who asks has the input then, or nobody. */
  z.object({ type: z.literal('release') }),
  /** The writer sends a serial line's break, after all that it sent before. */
  z.object({ type: z.literal('break') }),
]);
export type ConsoleClientMessage = z.infer<typeof consoleClientMessage>;

export const consoleStreams = {
  /** Bytes are what the guest prints and the client types. */
  domainOpenConsole: {
    params: z.object({
      domain,
      device,
      /** `write-or-watch` writes when nobody else does and watches otherwise. */
      mode: z.enum(['write', 'watch', 'write-or-watch']).default('write'),
      force: z.boolean().default(false),
      /** With the last lines, with the next byte, with the first byte of the run, with the first that is kept at all, or at an offset. */
      from: z.union([z.enum(['history', 'now', 'run', 'beginning']), z.number().int().nonnegative()]).default('history'),
    }),
    opened: z.object({
      domain: domainSummarySchema,
      alias: z.string(),
      label: z.string(),
      mode: z.enum(['write', 'watch']),
      sessionId: z.string(),
      /** The offset of the first byte that will be given, of the run's first byte, and the one that the next new byte will have. */
      from: z.number(),
      runStart: z.number(),
      position: z.number(),
    }),
    fromServer: consoleServerMessage,
    fromClient: consoleClientMessage,
  },
} as const;

export const consoleMethods = {} as const;
