/** A domain that crashed: how, in a sentence, and the way to all that is known of it. */
import { type ReactElement, useEffect, useState } from 'react';
import type { DomainSummary } from '../../core/domain/domain-summary.ts';
import { endingInWords } from '../../core/timeline/entry-in-words.ts';
import { Button } from '../shared/button.tsx';
import { useHost } from '../shared/session.ts';
import { useCrashDump } from './use-crash-dump.ts';
import { useCommands, useViewStore } from './view-context.ts';

export function CrashNotice({ summary }: { readonly summary: DomainSummary }): ReactElement {
  const view = useViewStore();
  const ending = useEnding(summary);
  const dump = useCrashDump(summary);
  const { copy } = useCommands();
  return (
    <>
      <span>
        {summary.state === 'crashed' ? 'The guest crashed; QEMU keeps what was in its memory.' : `The guest is gone. ${ending ?? 'QEMU ended without being asked to'}.`}
        {dump && ('file' in dump ? <> Its memory was dumped to <code className="selectable">{dump.file}</code>.</> : ` Its memory was not dumped: ${dump.error}.`)}
      </span>
      {dump && 'file' in dump && <Button label="Copy path" small onPress={() => copy(dump.file, 'The path')} />}
      <Button label="See what happened" small onPress={() => view.setState({ tab: 'events', showsLastEnd: true })} />
    </>
  );
}

/** How the last run ended; null until it is known. */
function useEnding({ uuid, stateSinceMs }: DomainSummary): string | null {
  const client = useHost(({ link }) => (link.phase === 'connected' ? link.client : null));
  const [ending, setEnding] = useState<string | null>(null);
  useEffect(() => {
    const left = new AbortController();
    void client?.call('domainGetTimeline', { domain: uuid, kinds: ['lifecycle'], text: '"account"', limit: 1 }, { signal: left.signal }).then(
      ({ entries: [end] }) => void (end?.account && !left.signal.aborted && setEnding(endingInWords(end.account))),
      () => {}, // the notice says enough without it
    );
    return () => left.abort();
  }, [client, uuid, stateSinceMs]);
  return ending;
}
