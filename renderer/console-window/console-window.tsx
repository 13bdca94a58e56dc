/** A console window: tabs along the top where there are several, who writes, the panes, numbers along the bottom. */
import { type ReactElement, useEffect } from 'react';
import { useStore } from 'zustand';
import { HeldDialog } from '../shared/dialogs.tsx';
import { Toaster, attempt } from '../shared/failure-toast.tsx';
import { LinkBanner } from '../shared/link-banner.tsx';
import { useActionState, useDomain, useSession } from '../shared/session.ts';
import { BroadcastBar } from './broadcast-bar.tsx';
import { BroadcastDialog } from './broadcast-dialog.tsx';
import { ConsoleChooser } from './console-chooser.tsx';
import { ConsoleContext, useConsole, useConsoleWindow } from './console-context.ts';
import { ConsoleFooter } from './console-footer.tsx';
import { ConsoleHeader } from './console-header.tsx';
import { activeTab } from './layout-tree.ts';
import { PaneTree } from './pane-tree.tsx';
import { TabStrip } from './tab-strip.tsx';
import { useConsoleName } from './use-console-name.ts';

export function ConsoleWindow(): ReactElement {
  const { layout, pane } = useConsoleWindow();
  const state = useStore(layout);
  const tab = activeTab(state);
  const focused = pane(tab.focused);
  return (
    <div className="console-window">
      {state.tabs.length > 1 && <TabStrip />}
      {focused && (
        <ConsoleContext value={focused}>
          <FocusedHeader />
        </ConsoleContext>
      )}
      <LinkBanner />
      <BroadcastBar />
      <PaneTree key={tab.id} tab={tab} />
      {focused && (
        <ConsoleContext value={focused}>
          <FocusedFooter />
        </ConsoleContext>
      )}
      <ConsoleChooser />
      <BroadcastDialog />
      <HeldQuestion />
      <Toaster />
    </div>
  );
}

function FocusedHeader(): ReactElement {
  const { paneId, finding } = useConsole();
  const { number, layout } = useConsoleWindow();
  const { name, label } = useConsoleName(paneId);
  const isAlone = useStore(layout, (state) => state.tabs.length === 1 && state.tabs[0]!.root.type === 'pane');
  const others = useStore(layout, (state) => state.tabs.length - 1);
  useEffect(() => {
    const which = isAlone && number > 1 ? ` (${number})` : others > 0 ? ` and ${others} more` : '';
    document.title = `${name} / ${label}${which} — Vireo`;
  }, [name, label, number, isAlone, others]);
  return <ConsoleHeader key={paneId} name={name} label={label} number={isAlone ? number : 1} onFind={() => finding.setState({ open: true })} />;
}

function FocusedFooter(): ReactElement {
  const { paneId } = useConsole();
  return <ConsoleFooter key={paneId} label={useConsoleName(paneId).label} />;
}

/** The window's, not a pane's: starting a guest from any of them asks it. */
function HeldQuestion(): ReactElement | null {
  const { actions, host } = useSession();
  const held = useActionState((state) => state.held);
  const uuid = held?.uuid ?? '';
  const name = useDomain(uuid)?.name ?? 'The domain';
  if (!held) return null;
  const onView = (): void => {
    actions.dismissHeld();
    void attempt(`${name} was not shown`, () => host.client.call('desktopShowMain', { uuid }));
  };
  return <HeldDialog held={held} onView={onView} onWait={() => void actions.waitAndRun(held)} onClose={() => actions.dismissHeld()} />;
}
