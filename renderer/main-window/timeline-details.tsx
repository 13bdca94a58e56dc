/** All that is known of one event; of a run's end the account of it: how, in what state, QEMU's last words and messages. */
import { Copy, X } from 'lucide-react';
import type { ReactElement, ReactNode } from 'react';
import { endingInWords, entryInWords } from '../../core/timeline/entry-in-words.ts';
import type { RunAccount, TimelineEntry } from '../../core/timeline/timeline-entry.ts';
import { Button } from '../shared/button.tsx';
import { plural } from '../words/format.ts';
import { stateWithReason } from '../words/states.ts';
import { formatClockMs, formatExactMs, kindWords, momentInWords } from '../words/timeline.ts';
import { EntryIcon } from './timeline-icon.tsx';
import { useCommands } from './view-context.ts';

export function TimelineDetails({ entry, onClose }: { readonly entry: TimelineEntry; readonly onClose: () => void }): ReactElement {
  const { copy } = useCommands();
  return (
    <section className="timeline-details" aria-label="The chosen event">
      <header>
        <EntryIcon entry={entry} />
        <h2 className="selectable">{entryInWords(entry, momentInWords)}</h2>
        <Button label="Copy" icon={Copy} kind="bare" small iconOnly onPress={() => copy(JSON.stringify(entry, null, 2), 'The event')} />
        <Button label="Close the details" icon={X} kind="bare" small iconOnly onPress={onClose} />
      </header>
      <div className="timeline-facts">
        <Facts entry={entry} />
        {entry.account && <Account account={entry.account} />}
      </div>
    </section>
  );
}

/** What the sentence above says already, or what only a program wants. */
const saidAlready: ReadonlySet<string> = new Set(['line', 'data', 'logOffset', 'state', 'reason', 'detail', 'fromMs', 'toMs', 'durationMs', 'more', 'letGo']);

function Facts({ entry }: { readonly entry: TimelineEntry }): ReactElement {
  const { details, by, outcome, run } = entry;
  const state = typeof details['state'] === 'string' ? stateWithReason(details['state'], typeof details['reason'] === 'string' ? details['reason'] : '') : null;
  return (
    <dl className="facts">
      <Fact name="When">{formatExactMs(entry.atMs)}</Fact>
      <Fact name="Kind">{kindWords[entry.kind].one}{run !== null && <span className="quiet">, run {run}</span>}</Fact>
      {by && <Fact name="Asked by"><bdi>{by.client}</bdi> <code>{by.owner}</code></Fact>}
      {outcome?.error && <Fact name="Refused">{outcome.error.message === '' ? outcome.error.code : outcome.error.message}</Fact>}
      {state !== null && <Fact name="State then">{state}</Fact>}
      {Object.entries(details).filter(([name]) => !saidAlready.has(name)).map(([name, value]) => <Fact key={name} name={name}><code>{typeof value === 'string' ? value : JSON.stringify(value)}</code></Fact>)}
    </dl>
  );
}

function Fact({ name, children }: { readonly name: string; readonly children: ReactNode }): ReactElement {
  return (
    <>
      <dt>{name}</dt>
      <dd className="selectable">{children}</dd>
    </>
  );
}

function Account({ account }: { readonly account: RunAccount }): ReactElement {
  const { state, reason, holders, unanswered, stderrTail, lastMessages } = account;
  return (
    <>
      <dl className="facts">
        <Fact name="How it ended">{endingInWords(account)}</Fact>
        <Fact name="Just before">
          {stateWithReason(state, reason)}
          {holders.map(({ kind, owner, client }) => <span key={owner} className="quiet">, held by <bdi>{client}</bdi> ({kind})</span>)}
        </Fact>
        {unanswered !== null && <Fact name="Not answered"><code>{unanswered}</code></Fact>}
      </dl>
      <h3>QEMU&apos;s last words</h3>
      {stderrTail.length > 0 ? <pre className="quote selectable" tabIndex={0} aria-label="QEMU's last words">{stderrTail.join('\n')}</pre> : <p className="quiet">It said nothing.</p>}
      <h3>Last messages with QEMU</h3>
      {lastMessages.length > 0 ? <Messages messages={lastMessages} /> : <p className="quiet">There were none.</p>}
    </>
  );
}

const arrows = { command: '→', reply: '←', error: '←', event: '·' } as const;

function Messages({ messages }: { readonly messages: RunAccount['lastMessages'] }): ReactElement {
  return (
    <ol className="timeline-messages selectable" tabIndex={0} aria-label={`The last ${plural(messages.length, 'message')} with QEMU`}>
      {messages.map(({ atMs, direction, name, text }, index) => (
        <li key={index} className={direction}>
          <time>{formatClockMs(atMs)}</time>
          <span title={direction}>{arrows[direction]}<span className="visually-hidden"> {direction}</span></span>
          <span><strong>{name}</strong> {text}</span>
        </li>
      ))}
    </ol>
  );
}
