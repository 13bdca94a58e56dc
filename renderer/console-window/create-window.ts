/**
 * The console window outside React: its layout, a pane for each of the layout's leaves, the broadcast, and the keys.
 * A pane is made when it enters the layout and disposed when it leaves; nothing else makes or ends one.
 */
import { createStore } from 'zustand/vanilla';
import { invariant } from '../../core/base/errors.ts';
import { type ConsoleLayout, panesBelow, panesOf } from '../../core/api/console-layout.ts';
import type { Session } from '../shared/session.ts';
import { Broadcast } from './broadcast.ts';
import type { ConsoleParts, ConsoleWindowParts } from './console-context.ts';
import { createConsole } from './create-console.ts';
import { consoleCommand } from './keys.ts';
import { type ConsoleAddress, createLayoutStore, queryWithLayout } from './layout-store.ts';
import { type Direction, activeTab, closePane, closeTab, cycleTab, focusPane, moveTab, neighbour, setMode, tabOf } from './layout-tree.ts';
import { Unread } from './unread.ts';
import { type FrameCommand, frameCommand } from './window-keys.ts';

declare global {
  interface Window {
    /** The text of the focused terminal or that of a pane, scrollback included, for tests and assistive scripts: the canvas has none. */
    vireoTerminalText?: (paneId?: string) => string;
  }
}

/** Chromium stops pages that change their address more often than some 200 times in ten seconds. */
const addressEveryMs = 100;

export function createConsoleWindow(session: Session, address: ConsoleAddress): ConsoleWindowParts {
  const panes = new Map<string, ConsoleParts>();
  const layout = createLayoutStore({ address, keep: keepInAddress() });
  const broadcast = new Broadcast((paneId) => panes.get(paneId) ?? null);
  const unread = new Unread((paneId) => isInSight(layout.getState(), paneId));
  const become = (next: ConsoleLayout | null): void => (next ? layout.setState(next, true) : window.close());
  const close = (paneId: string): void => become(closePane(layout.getState(), paneId));
  const owner = { type: (paneId: string, bytes: Uint8Array) => broadcast.type(paneId, bytes), close };

  const match = (state: ConsoleLayout): void => {
    const wanted = panesOf(state);
    for (const [paneId, parts] of panes) {
      if (wanted.some((pane) => pane.id === paneId)) continue;
      panes.delete(paneId);
      broadcast.leave(paneId);
      unread.seen([paneId]);
      parts[Symbol.dispose]();
    }
    for (const pane of wanted) {
      if (panes.has(pane.id)) continue;
      const parts = createConsole(session, pane, owner);
      panes.set(pane.id, parts);
      unread.watch(pane.id, parts.session.store);
      // Who writes here wants to write after a reload too, and who released does not.
      parts.session.store.subscribe(({ wish }, { wish: before }) => {
        if (wish !== before) layout.setState((now) => setMode(now, pane.id, wish), true);
      });
    }
    unread.seen(panesBelow(activeTab(state).root).map((pane) => pane.id));
  };
  match(layout.getState());
  layout.subscribe(match);

  const parts: ConsoleWindowParts = {
    number: address.number,
    layout,
    broadcast,
    unread,
    chooser: createStore(() => ({ place: null })),
    pane: (paneId) => panes.get(paneId) ?? null,
    focused() {
      const focused = panes.get(activeTab(layout.getState()).focused);
      invariant(focused, 'the focused pane is not in the window');
      return focused;
    },
    close,
    closeTab: (tabId) => become(closeTab(layout.getState(), tabId)),
  };
  listenToKeys(parts);
  listenToAddress(parts);
  window.vireoTerminalText = (paneId) => (paneId === undefined ? parts.focused() : panes.get(paneId))?.terminal.text() ?? '';
  return parts;
}

function isInSight(layout: ConsoleLayout, paneId: string): boolean {
  return panesBelow(activeTab(layout).root).some((pane) => pane.id === paneId);
}

function listenToKeys(parts: ConsoleWindowParts): void {
  window.addEventListener('keydown', (event) => {
    const frame = frameCommand(event);
    const command = frame ? null : consoleCommand(event);
    if (!frame && !command) return;
    event.preventDefault();
    event.stopPropagation();
    if (frame) runFrameCommand(parts, frame);
    else if (command) parts.focused().run(command);
  }, true);
}

export function runFrameCommand({ layout, chooser }: ConsoleWindowParts, command: FrameCommand): void {
  const state = layout.getState();
  const towards = (direction: Direction): void => {
    const next = neighbour(activeTab(state), direction);
    if (next) layout.setState(focusPane(state, next), true);
  };
  const commands: Readonly<Record<FrameCommand, () => void>> = {
    'new tab': () => chooser.setState({ place: 'tab' }),
    'split right': () => chooser.setState({ place: 'right' }),
    'split down': () => chooser.setState({ place: 'down' }),
    'next tab': () => layout.setState(cycleTab(state, 1), true),
    'previous tab': () => layout.setState(cycleTab(state, -1), true),
    'tab left': () => layout.setState(moveTab(state, state.active, -1), true),
    'tab right': () => layout.setState(moveTab(state, state.active, 1), true),
    'pane left': () => towards('left'),
    'pane right': () => towards('right'),
    'pane up': () => towards('up'),
    'pane down': () => towards('down'),
  };
  commands[command]();
}

/** The desktop asks for a console that this window shows by `#show=<uuid>/<alias>`, for a place of its log by `&at=<offset>&time=<ms>`. */
function listenToAddress({ layout, pane }: ConsoleWindowParts): void {
  const show = (): void => {
    const asked = new URLSearchParams(location.hash.slice(1));
    const [uuid, device] = (asked.get('show') ?? '').split('/');
    if (!uuid) return;
    const state = layout.getState();
    const found = panesOf(state).find((each) => each.uuid === uuid && (each.device ?? pane(each.id)?.session.store.getState().alias) === device);
    if (found && tabOf(state, found.id)) layout.setState(focusPane(state, found.id), true);
    if (found && asked.has('at')) pane(found.id)?.tools.showHistory({ offset: Number(asked.get('at')) || 0, atMs: Number(asked.get('time')) || null });
    history.replaceState(history.state, '', `${location.pathname}${location.search}`); // so that the same can be asked again
  };
  window.addEventListener('hashchange', show);
  show();
}

/** Writes the newest layout to the page's address, not more often than the browser bears. */
function keepInAddress(): (layout: ConsoleLayout) => void {
  let newest: ConsoleLayout | null = null;
  let timer: number | null = null;
  const write = (): void => {
    timer = null;
    if (!newest) return;
    history.replaceState(history.state, '', `${location.pathname}${queryWithLayout(location.search, newest)}`);
    newest = null;
    timer = window.setTimeout(write, addressEveryMs);
  };
  return (layout) => {
    newest = layout;
    if (timer === null) write();
  };
}
