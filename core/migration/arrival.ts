/**
 * What a destination knows of a domain whose source has lost the answer to Finish. "Not here" lets the source run the
 * guest again, so it is said only where the guest has run here in no form: one that came, ran and ended again counts as
 * come, which the domain's timeline remembers over restarts of the driver.
 */
import type { MigrationContext } from './migration-context.ts';
import type { Arrival } from './migration-target.ts';

/** Many times what happens to a domain within the minutes in which this is asked. */
const entriesLookedAt = 500;

export async function arrivalOf(context: MigrationContext, { uuid, sinceMs, offline }: { readonly uuid: string; readonly sinceMs: number; readonly offline: boolean }): Promise<Arrival> {
  const domain = context.registry.byUuid(uuid.toLowerCase());
  if (domain?.jobs.status().async?.kind === 'migration-in') return 'coming';
  if (domain?.live && !domain.live.died.aborted) return 'here';
  if (offline && domain?.persistent) return 'here';
  const { entries } = await context.timelines.of(uuid.toLowerCase()).read({ limit: entriesLookedAt, kinds: ['lifecycle'], sinceMs });
  return entries.some(({ what }) => what === 'resumed') ? 'was here' : 'not here';
}
