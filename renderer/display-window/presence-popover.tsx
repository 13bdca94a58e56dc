/** Everybody who looks at this display: who, since when, and whether they have it, watch it, or ask for it. */
import { Eye, Hand, MousePointer2 } from 'lucide-react';
import type { ReactElement } from 'react';
import { Button as AriaButton, Dialog, DialogTrigger, Popover } from 'react-aria-components';
import type { DisplaySummary } from '../../core/domain/domain-summary.ts';
import { useNow } from '../shared/use-now.ts';
import { formatExact, formatWhen } from '../words/format.ts';
import { useDisplayState, useDisplaySummary } from './display-context.ts';

export function PresencePopover(): ReactElement | null {
  const sessionId = useDisplayState((state) => state.sessionId);
  const sessions = useDisplaySummary()?.sessions ?? [];
  if (sessionId === null || sessions.length < 2) return null;
  const watching = sessions.filter((each) => each.mode === 'watch').length;
  const words = `${watching} watching`;
  return (
    <DialogTrigger>
      <AriaButton className="watchers" aria-label={`${words}: who looks at this display`}><Eye size={14} aria-hidden />{words}</AriaButton>
      <Popover className="popover presence" placement="bottom start" offset={4}>
        <Dialog className="presence-dialog" aria-label="Who looks at this display">
          <ul>
            {sessions.map((each) => <Person key={each.sessionId} person={each} isSelf={each.sessionId === sessionId} />)}
          </ul>
        </Dialog>
      </Popover>
    </DialogTrigger>
  );
}

function Person({ person, isSelf }: { readonly person: DisplaySummary['sessions'][number]; readonly isSelf: boolean }): ReactElement {
  const now = useNow();
  const asks = person.asksSinceMs !== null;
  const Icon = person.mode === 'write' ? MousePointer2 : asks ? Hand : Eye;
  return (
    <li className={person.mode === 'write' ? 'writes' : asks ? 'asks' : ''}>
      <Icon size={16} aria-hidden />
      <span className="ellipsis">{person.label}{isSelf && <span className="quiet"> (this window)</span>}</span>
      <span className="quiet">{person.mode === 'write' ? 'has control' : asks ? 'asks for control' : 'watches'}</span>
      <span className="quiet numbers" title={`here since ${formatExact(person.sinceMs)}`}>since {formatWhen(person.sinceMs, now)}</span>
    </li>
  );
}
