/** Starts one migration, and says when it is under way. How it goes on, and ends, every window is told by the host. */
import type { MigrationOptionsInput } from '../../core/migration/migration-options.ts';
import type { DomainSummary } from '../../core/domain/domain-summary.ts';
import { asVireoError } from '../../core/base/errors.ts';
import type { Host } from '../store/host-store.ts';

/** A migration lasts as long as it does; the longest that a timer can wait. */
const longestMs = 0x7fff_ffff;

/** Resolves once the destination is prepared and bytes go over, or all is there. @throws why it was refused until then. */
export async function startMigration(host: Host, { uuid, migration }: DomainSummary, uri: string, options: MigrationOptionsInput): Promise<void> {
  const before = migration?.startedAtMs ?? 0;
  const over = new AbortController();
  const ended = host.client.call('domainMigrateToURI3', { domain: uuid, uri, options }, { timeoutMs: longestMs }).finally(() => over.abort());
  const underWay = host.domainWhen(uuid, (summary) => isUnderWay(summary, before), over.signal);
  // Its failure later on is shown by its view, whoever looks at it.
  ended.catch(() => {});
  underWay.catch(() => {});
  const first = await Promise.race([ended.then(() => null, asVireoError), underWay.then(() => null, () => new Promise<never>(() => {}))]);
  if (first) throw first;
}

function isUnderWay(summary: DomainSummary | null, before: number): boolean {
  if (!summary) return true; // it was so fast that it has left
  const { migration } = summary;
  return migration !== null && migration.startedAtMs > before && migration.outcome === 'running' && migration.percent !== null;
}
