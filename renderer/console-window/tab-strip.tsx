/** The window's tabs: state of the guest, name, whether it printed or rang while it was out of sight. */
import { Bell, Plus, X } from 'lucide-react';
import type { KeyboardEvent, ReactElement } from 'react';
import { useStore } from 'zustand';
import { type ConsoleTab, panesBelow } from '../../core/api/console-layout.ts';
import { Button } from '../shared/button.tsx';
import { useDomain } from '../shared/session.ts';
import { StateMark } from '../shared/state-mark.tsx';
import { useNow } from '../shared/use-now.ts';
import { visibleState } from '../words/states.ts';
import { useConsoleWindow } from './console-context.ts';
import { cycleTab, selectTab } from './layout-tree.ts';
import { runFrameCommand } from './create-window.ts';
import { useConsoleName } from './use-console-name.ts';

export function TabStrip(): ReactElement {
  const parts = useConsoleWindow();
  const { tabs, active } = useStore(parts.layout);
  const onKeyDown = (event: KeyboardEvent): void => {
    if (event.ctrlKey || event.shiftKey) return;
    if (event.key === 'ArrowLeft') parts.layout.setState((state) => cycleTab(state, -1), true);
    else if (event.key === 'ArrowRight') parts.layout.setState((state) => cycleTab(state, 1), true);
    else if (event.key === 'Delete') parts.closeTab(active);
    else if (event.key === 'Enter' || event.key === ' ') parts.focused().terminal.xterm.focus();
    else return;
    event.preventDefault();
  };
  return (
    <div className="tab-strip">
      <div className="tab-list" role="tablist" aria-label="Consoles" onKeyDown={onKeyDown}>
        {tabs.map((tab) => <Tab key={tab.id} tab={tab} isActive={tab.id === active} />)}
      </div>
      <Button label="New tab" icon={Plus} kind="bare" small iconOnly hint="Opens another console here (Ctrl+Shift+T)." onPress={() => runFrameCommand(parts, 'new tab')} />
    </div>
  );
}

function Tab({ tab, isActive }: { readonly tab: ConsoleTab; readonly isActive: boolean }): ReactElement {
  const { layout, unread, pane, closeTab } = useConsoleWindow();
  const domain = useDomain(pane(tab.focused)?.uuid ?? '');
  const { name, label } = useConsoleName(tab.focused);
  const panes = panesBelow(tab.root);
  const news = useStore(unread.store, (state) => (panes.some(({ id }) => state.rang.has(id)) ? 'rang' : panes.some(({ id }) => state.printed.has(id)) ? 'printed' : null));
  const now = useNow();
  const whole = `${name} / ${label}${panes.length > 1 ? ` and ${panes.length - 1} more` : ''}`;
  return (
    <div className={`console-tab ${isActive ? 'active' : ''}`} role="presentation" onAuxClick={(event) => event.button === 1 && closeTab(tab.id)}>
      <button
        type="button"
        role="tab"
        aria-selected={isActive}
        aria-label={`${whole}${news === 'rang' ? ', the guest rang' : news === 'printed' ? ', new output' : ''}`}
        tabIndex={isActive ? 0 : -1}
        title={whole}
        onClick={() => layout.setState((state) => selectTab(state, tab.id), true)}
      >
        {domain && <StateMark state={visibleState(domain, now)} />}
        <span className="ellipsis"><bdi>{name}</bdi> <span className="quiet">/</span> <span className="mono">{label}</span></span>
        {panes.length > 1 && <span className="tab-count">{panes.length}</span>}
        {news === 'rang' && <Bell size={13} aria-hidden className="tab-bell" />}
        {news === 'printed' && <span className="tab-unread" aria-hidden />}
      </button>
      <Button label={`Close ${whole}`} icon={X} kind="bare" small iconOnly hint="Closes this tab; the guest goes on." onPress={() => closeTab(tab.id)} />
    </div>
  );
}
