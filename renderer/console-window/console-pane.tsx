/** One pane: its terminal, what there is to tell about it, and where there are several a line that names it. */
import { X } from 'lucide-react';
import { type ReactElement, useEffect, useRef } from 'react';
import { useStore } from 'zustand';
import { Button } from '../shared/button.tsx';
import { useConsole, useConsoleState, useConsoleWindow } from './console-context.ts';
import { ConsoleNotices } from './console-notices.tsx';
import { FindBar } from './find-bar.tsx';
import { focusPane } from './layout-tree.ts';
import { PaneDialogs, PaneOverlays } from './pane-dialogs.tsx';
import { StoppedBar } from './stopped-bar.tsx';
import { useConsoleName } from './use-console-name.ts';

export interface ConsolePaneProps {
  /** Nothing stands beside it: the window's own bars say all. */
  readonly isAlone: boolean;
  readonly isFocused: boolean;
}

export function ConsolePane({ isAlone, isFocused }: ConsolePaneProps): ReactElement {
  const { paneId, finding } = useConsole();
  const { layout, broadcast } = useConsoleWindow();
  const { name, label } = useConsoleName(paneId);
  const isFinding = useStore(finding, (state) => state.open);
  const takesPart = useStore(broadcast.store, (state) => state.panes.includes(paneId));
  const classes = ['console-pane', isFocused ? 'focused' : '', isAlone ? 'alone' : '', takesPart ? 'broadcasting' : ''].join(' ');
  return (
    <section className={classes} aria-label={`${name} / ${label}`} onFocus={() => layout.setState((state) => focusPane(state, paneId), true)}>
      {!isAlone && <PaneLine name={name} label={label} takesPart={takesPart} />}
      <ConsoleNotices />
      <div className="terminal-frame" role={isAlone ? 'main' : 'group'} aria-label={`Console ${label} of ${name}`}>
        <TerminalPane />
        <PaneOverlays />
        {isFinding && <FindBar onClose={() => finding.setState({ open: false })} />}
      </div>
      <PaneDialogs />
      <StoppedBar />
    </section>
  );
}

function PaneLine({ name, label, takesPart }: { readonly name: string; readonly label: string; readonly takesPart: boolean }): ReactElement {
  const { paneId } = useConsole();
  const { close } = useConsoleWindow();
  const { phase, mode } = useConsoleState((state) => state);
  const words = phase !== 'open' ? 'not connected' : mode === 'write' ? 'writing' : 'watching';
  return (
    <div className="pane-line">
      <span className="ellipsis" title={`${name} / ${label}`}><bdi>{name}</bdi> <span className="quiet">/</span> <span className="mono">{label}</span></span>
      <span className={`writer-state ${phase !== 'open' ? 'off' : mode === 'write' ? 'writing' : 'watching'}`}>{takesPart && mode === 'write' ? 'broadcast' : words}</span>
      <span className="spring" />
      <Button label={`Close ${name} / ${label}`} icon={X} kind="bare" small iconOnly hint="Closes this pane (Ctrl+Shift+W); the guest goes on." onPress={() => close(paneId)} />
    </div>
  );
}

function TerminalPane(): ReactElement {
  const { terminal } = useConsole();
  const pane = useRef<HTMLDivElement>(null);
  useEffect(() => terminal.attach(pane.current!), [terminal]);
  return <div ref={pane} className="terminal-pane" />;
}
