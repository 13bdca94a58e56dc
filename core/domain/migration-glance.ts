/** A migration in the few words that every list has room for: a row, the tray, a notification. The whole is core/migration/migration-view.ts. */
import { z } from 'zod';

export const migrationGlanceSchema = z.object({
  side: z.enum(['source', 'destination']),
  /** The other host, for people. */
  peer: z.string().nullable(),
  /** What goes on, for people: `Copying memory, pass 4`. */
  activity: z.string(),
  /** Never runs backwards, and is 100 once all is there; null where nothing can be said, as on the destination. */
  percent: z.number().nullable(),
  outcome: z.enum(['running', 'completed', 'failed', 'cancelled']),
  error: z.string().nullable(),
  startedAtMs: z.number(),
  endedAtMs: z.number().nullable(),
  /** Of one that has ended: how long the guest stood still, as it saw it. */
  downtimeMs: z.number().nullable(),
});
export type MigrationGlance = z.infer<typeof migrationGlanceSchema>;
