/** Sends a definition, and turns a refusal into a mark in the text or a toast. */
import { asVireoError } from '../../core/base/errors.ts';
import type { DomainSummary } from '../../core/domain/domain-summary.ts';
import type { Host } from '../store/host-store.ts';
import { showFailure, showNews } from '../shared/failure-toast.tsx';
import { sentenceFor, xmlPositionOf } from '../words/errors.ts';

export interface Fault {
  readonly line: number;
  readonly message: string;
}

export type DefineOutcome = { readonly summary: DomainSummary } | { readonly fault: Fault } | 'failed';

export async function define(host: Host, xml: string, source: string | null): Promise<DefineOutcome> {
  try {
    const { domain, notUnderstood } = await host.client.call('domainDefineXML', { xml, ...(source === null ? {} : { source }) });
    const kept = notUnderstood.map(({ path, line }) => `${path} (line ${line})`).join(', ');
    showNews(
      `${domain.name} was defined`,
      kept ? `Kept but not understood: ${kept}` : domain.state === 'shut off' ? undefined : 'It takes effect at the next start.',
    );
    return { summary: domain };
  } catch (thrown) {
    const error = asVireoError(thrown);
    const position = xmlPositionOf(error);
    if (position) return { fault: { line: position.line, message: [position.element, sentenceFor(error)].filter(Boolean).join(': ') } };
    showFailure({ title: 'The domain was not defined', error, retry: null });
    return 'failed';
  }
}
