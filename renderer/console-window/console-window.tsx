/** A serial console's window: who writes along the top, the terminal full bleed, numbers along the bottom. */
import { type ReactElement, useEffect, useRef } from 'react';
import { useStore } from 'zustand';
import { HeldDialog } from '../shared/dialogs.tsx';
import { Toaster, attempt } from '../shared/failure-toast.tsx';
import { LinkBanner } from '../shared/link-banner.tsx';
import { useActionState, useDomain, useSession } from '../shared/session.ts';
import { useConsole, useConsoleState } from './console-context.ts';
import { ConsoleFooter } from './console-footer.tsx';
import { ConsoleHeader } from './console-header.tsx';
import { ConsoleNotices } from './console-notices.tsx';
import { FindBar } from './find-bar.tsx';
import { StoppedBar } from './stopped-bar.tsx';

export function ConsoleWindow(): ReactElement {
  const { uuid, number, finding } = useConsole();
  const isFinding = useStore(finding, (state) => state.open);
  const { actions, host } = useSession();
  const held = useActionState((state) => state.held);
  const name = useDomain(uuid)?.name ?? 'Domain';
  const label = useDeviceLabel();
  useEffect(() => {
    document.title = `${name} / ${label}${number > 1 ? ` (${number})` : ''} — Vireo`;
  }, [name, label, number]);
  return (
    <div className="console-window">
      <ConsoleHeader name={name} label={label} onFind={() => finding.setState({ open: true })} />
      <LinkBanner />
      <ConsoleNotices />
      <main className="terminal-frame" aria-label={`Console ${label} of ${name}`}>
        <TerminalPane />
        {isFinding && <FindBar onClose={() => finding.setState({ open: false })} />}
      </main>
      <StoppedBar />
      <ConsoleFooter label={label} />
      {held && <HeldDialog held={held} onView={() => {
        actions.dismissHeld();
        void attempt(`${name} was not shown`, () => host.client.call('desktopShowMain', { uuid }));
      }} onWait={() => void actions.waitAndRun(held)} onClose={() => actions.dismissHeld()} />}
      <Toaster />
    </div>
  );
}

/** The guest's name for the device, as soon as anybody knows it. */
function useDeviceLabel(): string {
  const { uuid, device } = useConsole();
  const opened = useConsoleState((state) => state.label);
  const consoles = useDomain(uuid)?.consoles ?? [];
  return opened ?? (device === null ? consoles[0] : consoles.find((each) => each.alias === device))?.label ?? device ?? 'console';
}

function TerminalPane(): ReactElement {
  const { terminal } = useConsole();
  const pane = useRef<HTMLDivElement>(null);
  useEffect(() => {
    terminal.attach(pane.current!);
    terminal.xterm.focus();
  }, [terminal]);
  return <div ref={pane} className="terminal-pane" />;
}
