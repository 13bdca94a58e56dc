/** Everybody on this console: who, since when, and whether they write, watch, or ask to write. */
import { Eye, Hand, Keyboard } from 'lucide-react';
import type { ReactElement } from 'react';
import { Button as AriaButton, Dialog, DialogTrigger, Popover } from 'react-aria-components';
import type { ConsoleSummary } from '../../core/domain/domain-summary.ts';
import { formatExact, formatWhen } from '../words/format.ts';
import { useConsole, useConsoleState } from './console-context.ts';
import { useDomain } from '../shared/session.ts';
import { useNow } from '../shared/use-now.ts';

type Present = ConsoleSummary['sessions'][number];

export function PresencePopover({ summary }: { readonly summary: ConsoleSummary | null }): ReactElement | null {
  const { uuid } = useConsole();
  const { sessionId, phase } = useConsoleState((state) => state);
  const isRunning = useDomain(uuid)?.state !== 'shut off';
  const sessions = summary?.sessions ?? [];
  const watching = sessions.filter((each) => each.mode === 'watch' && each.sessionId !== sessionId).length;
  const isWatcher = sessions.some((each) => each.sessionId === sessionId && each.mode === 'watch');
  if (phase !== 'open' || !isRunning || sessions.length < 2) return null;
  const [count, words] = watching === 0 ? [sessions.length, 'here'] : [watching, !isWatcher ? 'watching' : watching === 1 ? 'other watching' : 'others watching'];
  return (
    <DialogTrigger>
      <AriaButton className="watchers" aria-label={`${count} ${words}: who is on this console`}><Eye size={14} aria-hidden />{count}<span>{words}</span></AriaButton>
      <Popover className="popover presence" placement="bottom start" offset={4}>
        <Dialog className="presence-dialog" aria-label="Who is on this console">
          <ul>
            {sessions.map((each) => <Person key={each.sessionId} person={each} isSelf={each.sessionId === sessionId} />)}
          </ul>
        </Dialog>
      </Popover>
    </DialogTrigger>
  );
}

function Person({ person, isSelf }: { readonly person: Present; readonly isSelf: boolean }): ReactElement {
  const now = useNow();
  const asks = person.asksSinceMs !== null;
  const Icon = person.mode === 'write' ? Keyboard : asks ? Hand : Eye;
  const what = person.mode === 'write' ? 'writes' : asks ? 'asks to write' : 'watches';
  return (
    <li className={person.mode === 'write' ? 'writes' : asks ? 'asks' : ''}>
      <Icon size={16} aria-hidden />
      <span className="ellipsis">{person.label}{isSelf && <span className="quiet"> (this pane)</span>}</span>
      <span className="quiet">{what}</span>
      <span className="quiet numbers" title={`here since ${formatExact(person.sinceMs)}`}>since {formatWhen(person.sinceMs, now)}</span>
    </li>
  );
}
