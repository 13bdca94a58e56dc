/** Lines that stay in the window and never in the guest's output: taken over, released, refused, typed in vain. */
import { ArrowLeftRight, CircleAlert, Eye, Hand, type LucideIcon } from 'lucide-react';
import type { ReactElement, ReactNode } from 'react';
import { isActiveState } from '../../core/domain/domain-state.ts';
import { Button } from '../shared/button.tsx';
import { useDomain } from '../shared/session.ts';
import { useNow } from '../shared/use-now.ts';
import { formatClock } from '../words/format.ts';
import { useConsole, useConsoleState } from './console-context.ts';

const hintShownMs = 5_000;

export function ConsoleNotices(): ReactElement | null {
  const { session, uuid } = useConsole();
  const { notice, refused, error, phase, mode, asking, typedInVainMs } = useConsoleState((state) => state);
  const now = useNow();
  const runs = isActiveState(useDomain(uuid)?.state ?? 'shut off');
  const takeOver = runs && <Button label="Take over" small busy={asking === 'take-over'} onPress={() => session.takeOver()} />;
  const dismiss = <Button label="Dismiss" small kind="bare" onPress={() => session.dismiss()} />;

  if (refused) {
    return <Notice icon={CircleAlert} kind="bad" text={`You do not write: ${refused.error.message}`}>{dismiss}</Notice>;
  }
  if (notice?.what === 'taken-over') {
    return <Notice icon={ArrowLeftRight} kind="warn" text={`${notice.by ?? 'Another window'} took over at ${formatClock(notice.atMs)}`}>{takeOver}{dismiss}</Notice>;
  }
  if (typedInVainMs !== null && mode === 'watch' && now - typedInVainMs < hintShownMs) {
    return <Notice icon={Eye} kind="work" text="You are watching. What you type is not sent." />;
  }
  if (notice?.what === 'released' && mode === 'watch') {
    return <Notice icon={Hand} kind="work" text={`${notice.by ?? 'The writer'} released the console at ${formatClock(notice.atMs)}`}>{dismiss}</Notice>;
  }
  if (error && phase === 'failed') return <Notice icon={CircleAlert} kind="bad" text={`The console was not opened, trying again. ${error.message}`} />;
  if (error && phase === 'open') return <Notice icon={CircleAlert} kind="bad" text={`What you typed was not sent. ${error.message}`}>{dismiss}</Notice>;
  return null;
}

interface NoticeProps {
  readonly icon: LucideIcon;
  readonly kind: 'work' | 'warn' | 'bad';
  readonly text: string;
  readonly children?: ReactNode;
}

function Notice({ icon: Icon, kind, text, children }: NoticeProps): ReactElement {
  return (
    <div className={`notice ${kind}`} role={kind === 'work' ? 'note' : 'alert'}>
      <Icon size={16} aria-hidden />
      <span>{text}</span>
      {children}
    </div>
  );
}
