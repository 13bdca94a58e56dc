/** Lines that stay over the screen: asked, taken over, handed over, refused, typed in vain. */
import { ArrowLeftRight, CircleAlert, Eye, Hand, type LucideIcon } from 'lucide-react';
import type { ReactElement, ReactNode } from 'react';
import { isActiveState } from '../../core/domain/domain-state.ts';
import { Button } from '../shared/button.tsx';
import { useDomain } from '../shared/session.ts';
import { useNow } from '../shared/use-now.ts';
import { sentenceFor } from '../words/errors.ts';
import { formatClock, formatElapsed } from '../words/format.ts';
import { useDisplay, useDisplayState } from './display-context.ts';
import type { DisplayState } from './display-session.ts';

const hintShownMs = 5_000;

export function DisplayNotices(): ReactElement {
  return (
    <div className="notices">
      <Silence />
      <Requests />
      <Told />
    </div>
  );
}

/** The picture stands still because nobody draws it. */
function Silence(): ReactElement | null {
  const { uuid } = useDisplay();
  const phase = useDisplayState((state) => state.phase);
  const now = useNow();
  const control = useDomain(uuid)?.control;
  if (control?.state !== 'error' || phase !== 'shown') return null;
  return <Notice icon={CircleAlert} kind="warn" text={`QEMU has not answered for ${formatElapsed(now - control.sinceMs)}. What you see may be old.`} />;
}

/** To whoever has the input: the first who asks, with an answer to give. */
function Requests(): ReactElement | null {
  const { session } = useDisplay();
  const { requests, mode, asking } = useDisplayState((state) => state);
  const [first, ...others] = requests;
  if (!first || mode !== 'write') return null;
  return (
    <Notice icon={Hand} kind="work" isUrgent text={`${first.label} asks for control${others.length > 0 ? `, and ${others.length} more` : ''}`}>
      <Button label="Hand over" small kind="primary" busy={asking === 'hand-over'} onPress={() => session.handOver(first)} />
      <Button label="Decline" small onPress={() => session.decline(first.sessionId)} />
    </Notice>
  );
}

/** The one thing that matters most of what there is to tell. */
function Told(): ReactElement | null {
  const { session, uuid } = useDisplay();
  const { notice, refused, error, phase, mode, asking, typedInVainMs, request, hasPicture } = useDisplayState((state) => state);
  const now = useNow();
  const runs = isActiveState(useDomain(uuid)?.state ?? 'shut off');
  const takeOver = runs && <Button label="Take over" small busy={asking === 'take-over'} onPress={() => session.takeOver()} />;
  const dismiss = <Button label="Dismiss" small kind="bare" onPress={() => session.dismiss()} />;
  if (refused) return <Notice icon={CircleAlert} kind="bad" text={`You do not have control: ${refused.error.message}`}>{dismiss}</Notice>;
  if (notice?.what === 'taken-over') return <Notice icon={ArrowLeftRight} kind="warn" text={`${notice.by ?? 'Another window'} took over at ${formatClock(notice.atMs)}`}>{takeOver}{dismiss}</Notice>;
  if (typedInVainMs !== null && mode === 'watch' && now - typedInVainMs < hintShownMs) return <Notice icon={Eye} kind="work" text="You are watching. Keys and clicks are not sent to the guest." />;
  if (request) return <Answer request={request} takeOver={takeOver} dismiss={dismiss} />;
  const words = notice && (notice.what === 'handed-over') === (mode === 'write') ? noticeWords[notice.what]?.(notice.by, formatClock(notice.atMs)) : undefined;
  if (words) return <Notice icon={Hand} kind="work" text={words}>{dismiss}</Notice>;
  if (error && phase === 'failed' && hasPicture && runs) return <Notice icon={CircleAlert} kind="bad" text={`The display was not opened, trying again. ${sentenceFor(error)}`} />;
  return null;
}

const noticeWords: Readonly<Record<string, (by: string | null, at: string) => string>> = {
  'handed-over': (by, at) => `${by ?? 'Another window'} handed control to you at ${at}`,
  'handed-away': (by, at) => `You handed control to ${by ?? 'another window'} at ${at}`,
  released: (by, at) => `${by ?? 'Another window'} let go of keyboard and pointer at ${at}`,
};

interface AnswerProps {
  readonly request: NonNullable<DisplayState['request']>;
  readonly takeOver: ReactNode;
  readonly dismiss: ReactNode;
}

/** To a watcher that asked for the input. */
function Answer({ request: { state, by, atMs }, takeOver, dismiss }: AnswerProps): ReactElement {
  const { session } = useDisplay();
  const at = formatClock(atMs).slice(0, 5);
  if (state === 'waiting') {
    return (
      <Notice icon={Hand} kind="work" text={`Asked ${by ?? 'the other window'} for control at ${at}, waiting`}>
        <Button label="Withdraw" small onPress={() => session.withdraw()} />
      </Notice>
    );
  }
  if (state === 'declined') return <Notice icon={Hand} kind="warn" text={`${by ?? 'The other window'} declined at ${at}`}>{takeOver}{dismiss}</Notice>;
  return <Notice icon={Hand} kind="work" text={by === null ? `The display was closed at ${at} before anybody answered` : `${by} took control by force at ${at}; your request is over`}>{dismiss}</Notice>;
}

interface NoticeProps {
  readonly icon: LucideIcon;
  readonly kind: 'work' | 'warn' | 'bad';
  readonly text: string;
  /** Somebody waits for an answer. */
  readonly isUrgent?: boolean;
  readonly children?: ReactNode;
}

function Notice({ icon: Icon, kind, text, isUrgent = false, children }: NoticeProps): ReactElement {
  return (
    <div className={`notice ${kind}`} role={kind === 'work' && !isUrgent ? 'note' : 'alert'}>
      <Icon size={16} aria-hidden />
      <span>{text}</span>
      {children}
    </div>
  );
}
