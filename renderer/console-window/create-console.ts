/** Puts terminal, session and what the keys do together for one pane, outside React. */
import { createStore } from 'zustand/vanilla';
import type { PaneNode } from '../../core/api/console-layout.ts';
import type { Session } from '../shared/session.ts';
import type { ConsoleParts } from './console-context.ts';
import { ConsoleSession } from './console-session.ts';
import type { ConsoleCommand } from './keys.ts';
import { createTerminal } from './terminal.ts';
import { TerminalTools, keepGuestSettings, pageSettings } from './terminal-tools.ts';

/** What a pane needs from the window that it stands in. */
export interface PaneOwner {
  /** Bytes that a person typed into this pane. */
  type(paneId: string, bytes: Uint8Array): void;
  close(paneId: string): void;
}

export function createConsole({ host }: Session, pane: PaneNode, owner: PaneOwner): ConsoleParts {
  const { id: paneId, uuid, device } = pane;
  const guest = keepGuestSettings(uuid, device);
  const terminal = createTerminal({ settings: pageSettings().store, guest: guest.store });
  const { xterm } = terminal;
  const session = new ConsoleSession({ host, terminal, uuid, device, mode: pane.mode });
  const encoder = new TextEncoder();
  const type = (bytes: Uint8Array): void => owner.type(paneId, bytes);
  const tools = new TerminalTools(terminal, session, guest, { host, uuid, device, type });

  const parts: ConsoleParts = {
    paneId,
    uuid,
    device,
    terminal,
    session,
    tools,
    type,
    finding: createStore(() => ({ open: false })),
    copy: () => tools.copy(),
    paste: () => tools.pasteFromClipboard(),
    resize: (by) => tools.resize(by),
    run: (command) => commands[command](),
    [Symbol.dispose]() {
      tools[Symbol.dispose]();
      session[Symbol.dispose]();
      terminal[Symbol.dispose]();
    },
  };
  const commands: Readonly<Record<ConsoleCommand, () => void>> = {
    copy: parts.copy,
    paste: parts.paste,
    find: () => parts.finding.setState({ open: true }),
    bigger: () => parts.resize(1),
    smaller: () => parts.resize(-1),
    'usual size': () => parts.resize(null),
    settings: () => tools.dialog.setState({ open: { kind: 'settings' } }),
    save: () => tools.dialog.setState({ open: { kind: 'save' } }),
    close: () => owner.close(paneId),
  };
  xterm.onData((text) => {
    // Reports of focus come by themselves; a watcher did not type them.
    const isReport = text === '\x1b[I' || text === '\x1b[O';
    if (isReport && session.store.getState().mode !== 'write') return;
    if (isReport || terminal.isAnswering) session.type(encoder.encode(text));
    else tools.type(text);
  });
  xterm.onBell(() => session.ring());
  // Only reports of the mouse come as binary: they belong to the terminal that was pointed at.
  xterm.onBinary((text) => session.type(Uint8Array.from(text, (character) => character.charCodeAt(0))));
  return parts;
}
