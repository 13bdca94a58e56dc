/** What the tray shows for a list of domains: its icon's state, the header, a submenu for each of the first domains. */
import type { MenuItemConstructorOptions } from 'electron';
import type { QuitChoice } from '../core/api/desktop-contract.ts';
import { type DomainSummary } from '../core/domain/domain-summary.ts';
import { isActiveState } from '../core/domain/domain-state.ts';

export type TrayState = 'idle' | 'busy' | 'attention';

export interface TrayActions {
  openMain(uuid: string | null): void;
  openConsole(uuid: string): void;
  /** Asks a long job to end. */
  cancel(domain: DomainSummary): void;
  act(method: 'domainCreate' | 'domainSuspend' | 'domainResume' | 'domainShutdown', domain: DomainSummary): void;
  /** Whether notifications are kept away. */
  isQuiet(): boolean;
  setQuiet(quiet: boolean): void;
  /** What becomes of guests that run when the app is quit. */
  onQuit(): QuitChoice;
  setOnQuit(choice: QuitChoice): void;
  quit(): void;
}

/** As many as a menu shows without scrolling. */
const domainsShown = 8;

export function trayState(domains: readonly DomainSummary[]): TrayState {
  if (domains.some(needsAttention)) return 'attention';
  return domains.some((domain) => domain.jobs.async !== null) ? 'busy' : 'idle';
}

/** `2 running, 5 in all`: the header and the tooltip. */
export function trayHeader(domains: readonly DomainSummary[]): string {
  if (domains.length === 0) return 'No domains';
  const running = domains.filter((domain) => isActiveState(domain.state)).length;
  const ailing = domains.filter(needsAttention).length;
  return `${running} running, ${domains.length} in all${ailing > 0 ? `, ${ailing} in trouble` : ''}`;
}

export function trayMenu(domains: readonly DomainSummary[], actions: TrayActions): MenuItemConstructorOptions[] {
  const shown = byInterest(domains).slice(0, domainsShown);
  const hidden = domains.length - shown.length;
  return [
    { label: trayHeader(domains), enabled: false },
    { label: 'Open Vireo', click: () => actions.openMain(null) },
    { type: 'separator' },
    ...migrationItems(domains, actions),
    ...shown.map((domain): MenuItemConstructorOptions => ({ label: `${domain.name} (${domain.state})`, submenu: domainMenu(domain, actions) })),
    ...(hidden > 0 ? [{ label: `${hidden} more`, click: () => actions.openMain(null) }] : []),
    ...(domains.length > 0 ? [{ type: 'separator' as const }] : []),
    { label: 'Do not disturb', type: 'checkbox', checked: actions.isQuiet(), click: (item) => actions.setQuiet(item.checked) },
    { label: 'When quitting', submenu: quitChoices.map(({ choice, label }): MenuItemConstructorOptions => ({ label, type: 'radio', checked: actions.onQuit() === choice, click: () => actions.setOnQuit(choice) })) },
    { label: quitLabel(domains, actions.onQuit()), click: () => actions.quit() },
  ];
}

const quitChoices: readonly { readonly choice: QuitChoice; readonly label: string }[] = [
  { choice: 'ask', label: 'Ask about guests' },
  { choice: 'keep', label: 'Keep guests running' },
  { choice: 'shutdown', label: 'Shut guests down' },
];

function quitLabel(domains: readonly DomainSummary[], choice: QuitChoice): string {
  if (!domains.some(({ state }) => isActiveState(state))) return 'Quit';
  return { ask: 'Quit…', keep: 'Quit (guests keep running)', shutdown: 'Quit (guests are shut down)' }[choice];
}

/** Migrations under way, each with how far it is and its Cancel. A quarter of a second is nothing to a menu: whole per cent change it. */
function migrationItems(domains: readonly DomainSummary[], actions: TrayActions): MenuItemConstructorOptions[] {
  const moving = domains.filter(({ migration }) => migration?.outcome === 'running');
  if (moving.length === 0) return [];
  return [
    ...moving.slice(0, domainsShown).map((domain): MenuItemConstructorOptions => {
      const { side, percent } = domain.migration!;
      const isSource = side === 'source';
      const mayCancel = isSource && domain.jobs.async?.abortRequested === false;
      return {
        label: `${domain.name}: ${isSource ? 'migrating' : 'receiving'}${percent === null ? '' : `, ${percent} %`}`,
        submenu: [{ label: 'Open', click: () => actions.openMain(domain.uuid) }, ...(isSource ? [{ label: 'Cancel migration', enabled: mayCancel, click: () => actions.cancel(domain) }] : [])],
      };
    }),
    { type: 'separator' },
  ];
}

function domainMenu(domain: DomainSummary, actions: TrayActions): MenuItemConstructorOptions[] {
  const open = { label: 'Open', click: () => actions.openMain(domain.uuid) };
  if (!isActiveState(domain.state)) return [open, { label: 'Start', click: () => actions.act('domainCreate', domain) }];
  const isPaused = domain.state === 'paused';
  return [
    open,
    { label: 'Console', enabled: domain.consoles.some(isTerminal), click: () => actions.openConsole(domain.uuid) },
    { type: 'separator' },
    isPaused ? { label: 'Resume', click: () => actions.act('domainResume', domain) } : { label: 'Pause', enabled: domain.state === 'running', click: () => actions.act('domainSuspend', domain) },
    { label: 'Shut down', enabled: domain.state === 'running', click: () => actions.act('domainShutdown', domain) },
  ];
}

/** What a person opens as a terminal; channels talk to programs. */
export function isTerminal(console: DomainSummary['consoles'][number]): boolean {
  return console.kind === 'serial' || console.kind === 'console';
}

/** Those in trouble first, then those that run, by name within each. */
function byInterest(domains: readonly DomainSummary[]): readonly DomainSummary[] {
  const rank = (domain: DomainSummary): number => (needsAttention(domain) ? 0 : isActiveState(domain.state) ? 1 : 2);
  return [...domains].sort((a, b) => rank(a) - rank(b) || a.name.localeCompare(b.name));
}

function needsAttention(domain: DomainSummary): boolean {
  return domain.state === 'crashed' || domain.control.state === 'error' || (domain.state === 'paused' && domain.reason === 'I/O error') || (domain.state === 'shut off' && domain.reason === 'crashed');
}
