/** When a console's bytes were written, as it is told to clients. */
import { z } from 'zod';

export const consoleMarkKinds = ['run', 'reset', 'attached', 'detached'] as const;
export type ConsoleMarkKind = (typeof consoleMarkKinds)[number];

/** Bytes `from` up to `to` were written between the two times, which are wall-clock milliseconds. */
export const consoleSpanSchema = z.object({
  from: z.number().int(),
  to: z.number().int(),
  /** Null where nothing is known of that edge. */
  fromMs: z.number().nullable(),
  toMs: z.number().nullable(),
});
export type ConsoleSpan = z.infer<typeof consoleSpanSchema>;

export interface ConsoleMark {
  readonly offset: number;
  readonly atMs: number;
  readonly what: ConsoleMarkKind;
}

/** Two edges that are this near are one moment for people. */
export const oneMomentMs = 2_000;
