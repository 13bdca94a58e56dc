/** A dump of a guest's memory, from the choice in the dialog to what became of it. The dialog does not wait for it. */
import type { AnyMethodInput, Client } from '../../core/api/client.ts';
import type { DomainSummary } from '../../core/domain/domain-summary.ts';
import { attempt, showNews } from '../shared/failure-toast.tsx';
import { formatBytes } from '../words/format.ts';

export type DumpChoice = Omit<AnyMethodInput<'domainCoreDumpWithFormat'>, 'domain'>;

/** A dump takes as long as the disk does; what the guest is doing meanwhile is seen in its header. */
const longestMs = 24 * 3_600_000;

const ends = { nothing: '', crash: '; the guest was ended', reset: '; the guest was reset' } as const;

export async function dumpMemory(client: Client, { uuid, name }: DomainSummary, choice: DumpChoice): Promise<void> {
  await attempt(`The memory of ${name} was not dumped`, async () => {
    const { file, sizeBytes, replaced } = await client.call('domainCoreDumpWithFormat', { domain: uuid, ...choice }, { timeoutMs: longestMs });
    showNews(`The memory of ${name} was dumped: ${formatBytes(sizeBytes)}`, `${file}${replaced ? ', which was there before and was replaced' : ''}${ends[choice.afterwards ?? 'nothing']}`);
  });
}
