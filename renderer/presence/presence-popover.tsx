/** Everybody who is there: who, since when, and whether they have the input, watch, or ask for it. */
import { Eye, Hand } from 'lucide-react';
import type { ReactElement } from 'react';
import { Button as AriaButton, Dialog, DialogTrigger, Popover } from 'react-aria-components';
import { useDomain } from '../shared/session.ts';
import { useNow } from '../shared/use-now.ts';
import { formatExact, formatWhen } from '../words/format.ts';
import { type InputPart, type InputTexts, type Present, othersOf } from './input-part.ts';

export function PresencePopover({ part }: { readonly part: InputPart }): ReactElement | null {
  const { words, known: { sessionId }, place, uuid } = part;
  const isRunning = useDomain(uuid)?.state !== 'shut off';
  const sessions = place?.sessions ?? [];
  if (sessionId === null || !isRunning || sessions.length < 2) return null;
  const [count, what] = countInWords(part);
  return (
    <DialogTrigger>
      <AriaButton className="watchers" aria-label={`${count} ${what}: ${words.who}`}><Eye size={14} aria-hidden />{count}<span>{what}</span></AriaButton>
      <Popover className="popover presence" placement="bottom start" offset={4}>
        <Dialog className="presence-dialog" aria-label={`${words.who.charAt(0).toUpperCase()}${words.who.slice(1)}`}>
          <ul>
            {sessions.map((each) => <Person key={each.sessionId} person={each} isSelf={each.sessionId === sessionId} words={words} />)}
          </ul>
        </Dialog>
      </Popover>
    </DialogTrigger>
  );
}

function countInWords(part: InputPart): readonly [number, string] {
  const sessions = part.place?.sessions ?? [];
  const watching = othersOf(part).filter(({ mode }) => mode === 'watch').length;
  if (watching === 0) return [sessions.length, 'here'];
  const isWatcher = sessions.some(({ sessionId, mode }) => sessionId === part.known.sessionId && mode === 'watch');
  return [watching, !isWatcher ? 'watching' : watching === 1 ? 'other watching' : 'others watching'];
}

function Person({ person, isSelf, words }: { readonly person: Present; readonly isSelf: boolean; readonly words: InputTexts }): ReactElement {
  const now = useNow();
  const [kind, Icon, what] =
    person.mode === 'write' ? ['writes', words.icon, words.has]
    : person.asksSinceMs !== null ? ['asks', Hand, words.asks]
    : ['', Eye, 'watches'];
  return (
    <li className={kind}>
      <Icon size={16} aria-hidden />
      <span className="ellipsis">{person.label}{isSelf && <span className="quiet"> ({words.self})</span>}</span>
      <span className="quiet">{what}</span>
      <span className="quiet numbers" title={`here since ${formatExact(person.sinceMs)}`}>since {formatWhen(person.sinceMs, now)}</span>
    </li>
  );
}
