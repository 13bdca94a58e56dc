/** Lines that stay in the pane and never in the guest's output: asked, taken over, handed over, refused, typed in vain. */
import { ArrowLeftRight, CircleAlert, Eye, Hand, Lock, type LucideIcon } from 'lucide-react';
import type { ReactElement, ReactNode } from 'react';
import { isActiveState } from '../../core/domain/domain-state.ts';
import { Button } from '../shared/button.tsx';
import { useDomain } from '../shared/session.ts';
import { useNow } from '../shared/use-now.ts';
import { formatClock } from '../words/format.ts';
import { useConsole, useConsoleState } from './console-context.ts';
import { useConsoleSummary } from './use-console-name.ts';

const hintShownMs = 5_000;

export function ConsoleNotices(): ReactElement | null {
  const told = useTold();
  return (
    <>
      <Requests />
      {told}
    </>
  );
}

/** The button goes with its line; the keyboard goes on in the terminal. */
function useThen(): (act: () => void) => () => void {
  const { terminal } = useConsole();
  return (act) => () => {
    act();
    terminal.xterm.focus();
  };
}

/** To the writer: the first who asks, with an answer to give. */
function Requests(): ReactElement | null {
  const { session } = useConsole();
  const then = useThen();
  const { requests, mode, asking } = useConsoleState((state) => state);
  const [first, ...others] = requests;
  if (!first || mode !== 'write') return null;
  const text = `${first.label} asks to write${others.length > 0 ? `, and ${others.length} more` : ''}`;
  return (
    <Notice icon={Hand} kind="work" text={text} isUrgent>
      <Button label="Hand over" small kind="primary" busy={asking === 'hand-over'} onPress={then(() => session.handOver(first))} />
      <Button label="Decline" small onPress={then(() => session.decline(first.sessionId))} />
    </Notice>
  );
}

/** The one thing that matters most of what there is to tell. */
function useTold(): ReactElement | null {
  const { session, uuid } = useConsole();
  const then = useThen();
  const { notice, refused, error, phase, mode, asking, typedInVainMs, request } = useConsoleState((state) => state);
  const summary = useConsoleSummary();
  const now = useNow();
  const runs = isActiveState(useDomain(uuid)?.state ?? 'shut off');
  const takeOver = runs && <Button label="Take over" small busy={asking === 'take-over'} onPress={then(() => session.takeOver())} />;
  const dismiss = <Button label="Dismiss" small kind="bare" onPress={then(() => session.dismiss())} />;
  const isVain = typedInVainMs !== null && mode === 'watch' && now - typedInVainMs < hintShownMs;
  const readOnly = summary?.readOnly ?? null;

  if (refused) return <Notice icon={CircleAlert} kind="bad" text={`You do not write: ${refused.error.message}`}>{dismiss}</Notice>;
  if (notice?.what === 'taken-over') {
    return <Notice icon={ArrowLeftRight} kind="warn" text={`${notice.by ?? 'Another window'} took over at ${formatClock(notice.atMs)}`}>{takeOver}{dismiss}</Notice>;
  }
  if (phase === 'open' && readOnly !== null) return <Notice icon={Lock} kind="work" text={`What you type is not sent. ${sentence(readOnly)}`} />;
  if (isVain) return <Notice icon={Eye} kind="work" text="You are watching. What you type is not sent." />;
  if (request) return <Answer request={request} dismiss={dismiss} />;
  if (notice && (notice.what === 'handed-over') === (mode === 'write')) {
    const text = noticeWords[notice.what]?.(notice.by, formatClock(notice.atMs));
    if (text) return <Notice icon={Hand} kind="work" text={text}>{dismiss}</Notice>;
  }
  if (error && phase === 'failed') return <Notice icon={CircleAlert} kind="bad" text={`The console was not opened, trying again. ${error.message}`} />;
  if (error && phase === 'open') return <Notice icon={CircleAlert} kind="bad" text={`What you typed was not sent. ${error.message}`}>{dismiss}</Notice>;
  return null;
}

const noticeWords: Readonly<Record<string, (by: string | null, at: string) => string>> = {
  'handed-over': (by, at) => `${by ?? 'The writer'} handed the input to you at ${at}`,
  'handed-away': (by, at) => `You handed the input to ${by ?? 'another window'} at ${at}`,
  released: (by, at) => `${by ?? 'The writer'} released the console at ${at}`,
};

interface AnswerProps {
  readonly request: { readonly state: 'waiting' | 'declined' | 'moot'; readonly by: string | null; readonly atMs: number };
  readonly dismiss: ReactNode;
}

/** To a watcher that asked for the input. */
function Answer({ request: { state, by, atMs }, dismiss }: AnswerProps): ReactElement {
  const { session } = useConsole();
  const then = useThen();
  const at = formatClock(atMs).slice(0, 5);
  if (state === 'waiting') {
    return (
      <Notice icon={Hand} kind="work" text={`Asked ${by ?? 'the writer'} at ${at}, waiting`}>
        <Button label="Withdraw" small onPress={then(() => session.withdraw())} />
      </Notice>
    );
  }
  if (state === 'declined') return <Notice icon={Hand} kind="warn" text={`${by ?? 'The writer'} declined at ${at}`}>{dismiss}</Notice>;
  return <Notice icon={Hand} kind="work" text={by === null ? `The console was closed at ${at} before anybody answered` : `${by} took the input by force at ${at}; your request is over`}>{dismiss}</Notice>;
}

function sentence(text: string): string {
  const whole = text.charAt(0).toUpperCase() + text.slice(1);
  return /[.!?]$/.test(whole) ? whole : `${whole}.`;
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
