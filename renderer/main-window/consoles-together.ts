/** The window that shows the consoles of several domains: a tab for the first console of each. */
import { type ConsoleLayout, type ConsoleTab, maximumTabs } from '../../core/api/console-layout.ts';
import type { DomainSummary } from '../../core/domain/domain-summary.ts';

/** Null where none of them has a console. */
export function tabsOfConsoles(domains: readonly DomainSummary[]): ConsoleLayout | null {
  const tabs = domains
    .flatMap(({ uuid, consoles }) => {
      const console = consoles.find(({ kind }) => kind === 'serial' || kind === 'console');
      return console ? [{ uuid, device: console.alias }] : [];
    })
    .slice(0, maximumTabs)
    .map(({ uuid, device }, index): ConsoleTab => ({ id: `t${index + 1}`, root: { type: 'pane', id: `p${index + 1}`, uuid, device, mode: 'write' }, focused: `p${index + 1}` }));
  return tabs[0] ? { tabs, active: tabs[0].id } : null;
}
