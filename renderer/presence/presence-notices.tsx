/** Lines about the input that stay until they are answered or put away: asked, taken over, handed over, refused, typed in vain. */
import { ArrowLeftRight, CircleAlert, Eye, Hand, Lock } from 'lucide-react';
import type { ReactElement, ReactNode } from 'react';
import { isActiveState } from '../../core/domain/domain-state.ts';
import { Button } from '../shared/button.tsx';
import { useDomain } from '../shared/session.ts';
import { useNow } from '../shared/use-now.ts';
import { formatClock } from '../words/format.ts';
import { type InputPart, pressed } from './input-part.ts';
import { Notice } from './notice.tsx';

const hintShownMs = 5_000;

export interface PresenceNoticesProps {
  readonly part: InputPart;
  /** What the window has to tell where there is nothing about the input. */
  readonly otherwise: ReactNode;
}

export function PresenceNotices({ part, otherwise }: PresenceNoticesProps): ReactElement {
  const told = useTold(part);
  return (
    <>
      <Requests part={part} />
      {told ?? otherwise}
    </>
  );
}

/** To whoever has the input: the first who asks, with an answer to give. */
function Requests({ part }: { readonly part: InputPart }): ReactElement | null {
  const { input, words, known: { requests, mode, asking } } = part;
  const [first, ...others] = requests;
  if (!first || mode !== 'write') return null;
  const text = `${first.label} ${words.asks}${others.length > 0 ? `, and ${others.length} more` : ''}`;
  return (
    <Notice icon={Hand} kind="work" text={text} isUrgent>
      <Button label="Hand over" small kind="primary" busy={asking === 'hand-over'} onPress={pressed(part, () => input.handOver(first))} />
      <Button label="Decline" small onPress={pressed(part, () => input.decline(first.sessionId))} />
    </Notice>
  );
}

/** The one thing that matters most of what there is to tell. */
function useTold(part: InputPart): ReactElement | null {
  const { input, words, place, known: { sessionId, notice, refused, mode, asking, typedInVainMs, request } } = part;
  const now = useNow();
  const runs = isActiveState(useDomain(part.uuid)?.state ?? 'shut off');
  const dismiss = <Button label="Dismiss" small kind="bare" onPress={pressed(part, () => input.dismiss())} />;
  const readOnly = place?.readOnly ?? null;
  if (refused) return <Notice icon={CircleAlert} kind="bad" text={`${words.youHaveNot}: ${refused.error.message}`}>{dismiss}</Notice>;
  if (notice?.what === 'taken-over') {
    return (
      <Notice icon={ArrowLeftRight} kind="warn" text={`${notice.by ?? 'Another window'} took over at ${formatClock(notice.atMs)}`}>
        {runs && <Button label="Take over" small busy={asking === 'take-over'} onPress={pressed(part, () => input.takeOver())} />}
        {dismiss}
      </Notice>
    );
  }
  if (sessionId !== null && readOnly !== null) return <Notice icon={Lock} kind="work" text={`What you type is not sent. ${sentence(readOnly)}`} />;
  if (typedInVainMs !== null && mode === 'watch' && now - typedInVainMs < hintShownMs) return <Notice icon={Eye} kind="work" text={words.inVain} />;
  if (request) return <Answer part={part} request={request} dismiss={dismiss} />;
  const text = notice && noticeText(part, notice);
  return text ? <Notice icon={Hand} kind="work" text={text}>{dismiss}</Notice> : null;
}

function noticeText({ words, known: { mode } }: InputPart, { what, by, atMs }: NonNullable<InputPart['known']['notice']>): string | null {
  const at = formatClock(atMs);
  if (what === 'handed-over') return mode === 'write' ? `${words.handedOver(by ?? words.Somebody)} at ${at}` : null;
  if (mode === 'write') return null;
  if (what === 'handed-away') return `${words.handedAway(by ?? 'another window')} at ${at}`;
  return what === 'released' ? `${words.released(by ?? words.Somebody)} at ${at}` : null;
}

interface AnswerProps {
  readonly part: InputPart;
  readonly request: NonNullable<InputPart['known']['request']>;
  readonly dismiss: ReactNode;
}

/** To a watcher that asked for the input. */
function Answer({ part, request: { state, by, atMs }, dismiss }: AnswerProps): ReactElement {
  const { input, words } = part;
  const at = formatClock(atMs).slice(0, 5);
  if (state === 'waiting') {
    return (
      <Notice icon={Hand} kind="work" text={`${words.asked(by ?? words.somebody)} at ${at}, waiting`}>
        <Button label="Withdraw" small onPress={pressed(part, () => input.withdraw())} />
      </Notice>
    );
  }
  if (state === 'declined') return <Notice icon={Hand} kind="warn" text={`${by ?? words.Somebody} declined at ${at}`}>{dismiss}</Notice>;
  return <Notice icon={Hand} kind="work" text={by === null ? `${words.closed} at ${at} before anybody answered` : `${words.forced(by)} at ${at}; your request is over`}>{dismiss}</Notice>;
}

function sentence(text: string): string {
  const whole = text.charAt(0).toUpperCase() + text.slice(1);
  return /[.!?]$/.test(whole) ? whole : `${whole}.`;
}
