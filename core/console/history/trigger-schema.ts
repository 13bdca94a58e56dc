/** A pattern that is told of when a guest writes it to a console. */
import { z } from 'zod';

export const maximumTriggers = 100;

export const newConsoleTriggerSchema = z.object({
  /** Null for a new one. */
  id: z.string().min(1).max(64).nullable().default(null),
  pattern: z.string().min(1).max(1_000),
  kind: z.enum(['text', 'regex']).default('text'),
  caseSensitive: z.boolean().default(false),
  /** Only on the console of this alias or name; null for all. */
  device: z.string().min(1).max(256).nullable().default(null),
  /** What the notification is called, in the words of who made it; null for the console's name. */
  words: z.string().trim().min(1).max(200).nullable().default(null),
  /** Tells once and is `enabled` no more. */
  once: z.boolean().default(false),
  enabled: z.boolean().default(true),
});
export type NewConsoleTrigger = z.infer<typeof newConsoleTriggerSchema>;

export const consoleTriggerSchema = newConsoleTriggerSchema.extend({
  id: z.string(),
  /** When it was told of last; by the wall clock. */
  lastFired: z.object({ atMs: z.number(), alias: z.string(), offset: z.number().int(), line: z.string() }).nullable().default(null),
  /** Why it is not heeded although it is enabled: the pattern takes too long. */
  problem: z.string().nullable().default(null),
});
export type ConsoleTrigger = z.infer<typeof consoleTriggerSchema>;
