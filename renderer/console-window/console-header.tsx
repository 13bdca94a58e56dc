/** Which console this is, who writes and who watches, and the way to change it. */
import { Eye, Keyboard } from 'lucide-react';
import type { ReactElement } from 'react';
import type { ConsoleSummary } from '../../core/domain/domain-summary.ts';
import { Button } from '../shared/button.tsx';
import { useDomain, useHost } from '../shared/session.ts';
import { formatClock, formatExact, plural } from '../words/format.ts';
import { useConsole, useConsoleState } from './console-context.ts';
import { ConsoleMenu } from './console-menu.tsx';

export interface ConsoleHeaderProps {
  readonly name: string;
  readonly label: string;
  readonly onFind: () => void;
}

export function ConsoleHeader({ name, label, onFind }: ConsoleHeaderProps): ReactElement {
  const { session, number, uuid } = useConsole();
  const { phase, mode, asking, notice } = useConsoleState((state) => state);
  const summary = useConsoleSummary();
  const isRunning = useDomain(uuid)?.state !== 'shut off';
  const isOpen = phase === 'open' && isRunning;
  const others = Math.max(0, (summary?.watchers ?? 0) - (isOpen && mode === 'watch' ? 1 : 0));
  return (
    <header className="console-header">
      <h1 className="ellipsis" title={name}>
        <bdi>{name}</bdi> <span className="quiet">/</span> <span className="mono">{label}</span>
        {number > 1 && <span className="quiet"> ({number})</span>}
      </h1>
      <WriterState summary={summary} />
      {isRunning && others > 0 && <span className="watchers quiet">{plural(others, isOpen && mode === 'watch' ? 'other' : 'window')} watching</span>}
      <span className="spring" />
      {isOpen && mode === 'watch' && notice?.what !== 'taken-over' && <Button label="Take over" icon={Keyboard} small kind="primary" busy={asking === 'take-over'} hint="You write from now on; whoever wrote is told and watches." onPress={() => session.takeOver()} />}
      {isOpen && mode === 'write' && <Button label="Release" icon={Eye} small busy={asking === 'release'} hint="Stops writing and goes on watching, so that another window can write." onPress={() => session.release()} />}
      <ConsoleMenu onFind={onFind} />
    </header>
  );
}

function useConsoleSummary(): ConsoleSummary | null {
  const { uuid, device } = useConsole();
  const alias = useConsoleState((state) => state.alias) ?? device;
  const consoles = useDomain(uuid)?.consoles ?? [];
  return (alias === null ? consoles[0] : consoles.find((each) => each.alias === alias)) ?? null;
}

/** What a screen reader says too: whether what is typed here reaches the guest. */
function WriterState({ summary }: { readonly summary: ConsoleSummary | null }): ReactElement {
  const { uuid } = useConsole();
  const { phase, mode } = useConsoleState((state) => state);
  const link = useHost((state) => state.link.phase);
  const loaded = useHost((state) => state.sync.list !== null);
  const domain = useDomain(uuid);
  const writer = summary?.writer ?? null;
  const [kind, words] =
    domain?.state === 'shut off' && link === 'connected' ? ['off', 'Not running']
    : phase === 'open' && mode === 'write' ? ['writing', 'You are writing']
    : phase === 'open' && writer ? ['watching', `Watching. ${writer.label} writes since ${formatClock(writer.sinceMs).slice(0, 5)}`]
    : phase === 'open' ? ['watching', 'Watching. Nobody writes']
    : link === 'unreachable' ? ['off', 'Unreachable']
    : link === 'connecting' || !loaded ? ['off', 'Connecting']
    : !domain ? ['off', 'No such domain']
    : phase === 'failed' ? ['off', 'Not connected, trying again']
    : ['off', 'Connecting'];
  return <span role="status" className={`writer-state ${kind}`} title={writer ? formatExact(writer.sinceMs) : undefined}>{words}</span>;
}
