/** Which console this is, who writes and who watches, and the way to change it. */
import { Eye, Hand, Keyboard } from 'lucide-react';
import type { ReactElement } from 'react';
import type { ConsoleSummary } from '../../core/domain/domain-summary.ts';
import { Button } from '../shared/button.tsx';
import { useDomain, useHost } from '../shared/session.ts';
import { formatClock, formatExact } from '../words/format.ts';
import { useConsole, useConsoleState } from './console-context.ts';
import { ConsoleMenu } from './console-menu.tsx';
import { FrameMenu } from './frame-menu.tsx';
import { HandOverMenu } from './hand-over-menu.tsx';
import { PresencePopover } from './presence-popover.tsx';
import { useConsoleSummary } from './use-console-name.ts';

export interface ConsoleHeaderProps {
  readonly name: string;
  readonly label: string;
  /** Which of several windows on the same console this one is, from 1. */
  readonly number: number;
  readonly onFind: () => void;
}

export function ConsoleHeader({ name, label, number, onFind }: ConsoleHeaderProps): ReactElement {
  const summary = useConsoleSummary();
  return (
    <header className="console-header">
      <h1 className="ellipsis" title={name}>
        <bdi>{name}</bdi> <span className="quiet">/</span> <span className="mono">{label}</span>
        {number > 1 && <span className="quiet"> ({number})</span>}
      </h1>
      <WriterState summary={summary} />
      <PresencePopover summary={summary} />
      <span className="spring" />
      <PresenceButtons summary={summary} />
      <FrameMenu />
      <ConsoleMenu onFind={onFind} />
    </header>
  );
}

/** What the writer can do about the input, or a watcher. */
function PresenceButtons({ summary }: { readonly summary: ConsoleSummary | null }): ReactElement | null {
  const { session, uuid, terminal } = useConsole();
  const { phase, mode, asking, notice, request } = useConsoleState((state) => state);
  const isRunning = useDomain(uuid)?.state !== 'shut off';
  // The button goes with its occasion; the keyboard goes on in the terminal.
  const then = (act: () => void) => (): void => {
    act();
    terminal.xterm.focus();
  };
  if (phase !== 'open' || !isRunning || (summary?.readOnly ?? null) !== null) return null;
  if (mode === 'write') {
    return (
      <>
        <HandOverMenu />
        <Button label="Release" icon={Eye} small busy={asking === 'release'} hint="Stops writing and goes on watching. Whoever asked first writes then, or anybody who wants to." onPress={then(() => session.release())} />
      </>
    );
  }
  if (notice?.what === 'taken-over') return null; // the line that tells so has the button
  const isFree = summary !== null && summary.writer === null;
  return (
    <>
      {!isFree && request?.state !== 'waiting' && <Button label="Request" icon={Hand} small busy={asking === 'request'} hint="Asks whoever writes for the input. They hand it over or decline." onPress={then(() => session.request())} />}
      <Button label={isFree ? 'Write' : 'Take over'} icon={Keyboard} small kind="primary" busy={asking === 'take-over'} hint={isFree ? 'Nobody writes: you do from now on.' : 'You write from now on; whoever wrote is told and watches.'} onPress={then(() => (isFree ? session.write() : session.takeOver()))} />
    </>
  );
}

/** What a screen reader says too: whether what is typed here reaches the guest. */
function WriterState({ summary }: { readonly summary: ConsoleSummary | null }): ReactElement {
  const { uuid } = useConsole();
  const { phase, mode } = useConsoleState((state) => state);
  const link = useHost((state) => state.link.phase);
  const loaded = useHost((state) => state.sync.list !== null);
  const domain = useDomain(uuid);
  const writer = summary?.writer ?? null;
  const readOnly = summary?.readOnly ?? null;
  const [kind, words] =
    domain?.state === 'shut off' && link === 'connected' ? ['off', 'Not running']
    : phase === 'open' && mode === 'write' ? ['writing', 'You are writing']
    : phase === 'open' && readOnly !== null ? ['watching', 'Read-only']
    : phase === 'open' && writer ? ['watching', `Watching. ${writer.label} writes since ${formatClock(writer.sinceMs).slice(0, 5)}`]
    : phase === 'open' ? ['watching', 'Watching. Nobody writes']
    : link === 'unreachable' ? ['off', 'Unreachable']
    : link === 'connecting' || !loaded ? ['off', 'Connecting']
    : !domain ? ['off', 'No such domain']
    : phase === 'failed' ? ['off', 'Not connected, trying again']
    : ['off', 'Connecting'];
  return <span role="status" className={`writer-state ${kind}`} title={readOnly ?? (writer ? `since ${formatExact(writer.sinceMs)}` : undefined)}>{words}</span>;
}
