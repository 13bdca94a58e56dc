/** What a screen reader says too: whether what is typed here reaches the guest. */
import type { ReactElement } from 'react';
import { useDomain, useHost } from '../shared/session.ts';
import { formatClock, formatExact } from '../words/format.ts';
import type { InputPart } from './input-part.ts';

export function WriterState({ part }: { readonly part: InputPart }): ReactElement {
  const { words, known: { phase, mode, sessionId }, place } = part;
  const link = useHost((state) => state.link.phase);
  const loaded = useHost((state) => state.sync.list !== null);
  const domain = useDomain(part.uuid);
  const writer = place?.writer ?? null;
  const readOnly = place?.readOnly ?? null;
  const isOpen = sessionId !== null;
  const [kind, text] =
    domain?.state === 'shut off' && link === 'connected' ? ['off', 'Not running']
    : isOpen && mode === 'write' ? ['writing', words.youHave]
    : isOpen && readOnly !== null ? ['watching', 'Read-only']
    : isOpen && writer ? ['watching', `Watching. ${writer.label} ${words.has} since ${formatClock(writer.sinceMs).slice(0, 5)}`]
    : isOpen ? ['watching', `Watching. ${words.nobodyHas}`]
    : link === 'unreachable' ? ['off', 'Unreachable']
    : link === 'connecting' || !loaded ? ['off', 'Connecting']
    : !domain ? ['off', 'No such domain']
    : phase === 'failed' ? ['off', 'Not connected, trying again']
    : ['off', 'Connecting'];
  return <span role="status" className={`writer-state ${kind}`} title={readOnly ?? (writer ? `since ${formatExact(writer.sinceMs)}` : undefined)}><span className="ellipsis">{text}</span></span>;
}
