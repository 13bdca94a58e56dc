/** Puts terminal, session and keys together, once a page and outside React. */
import { createStore } from 'zustand/vanilla';
import type { Session } from '../shared/session.ts';
import { attempt } from '../shared/failure-toast.tsx';
import type { ConsoleParts } from './console-context.ts';
import { ConsoleSession } from './console-session.ts';
import { type ConsoleCommand, consoleCommand } from './keys.ts';
import { createTerminal } from './terminal.ts';

declare global {
  interface Window {
    /** The terminal's text, scrollback included, for tests and assistive scripts: the canvas has none. */
    vireoTerminalText?: () => string;
  }
}

const fontSizeKey = 'vireo:terminal-font-size';
const fontSizesPx = { smallest: 7, usual: 13, largest: 40 } as const;

export interface ConsoleAddress {
  readonly uuid: string;
  readonly device: string | null;
  readonly number: number;
}

/** The address that the page was opened with: `?domain=<uuid>&device=<alias>&number=<n>`. */
export function consoleAddress(query: string): ConsoleAddress {
  const parameters = new URLSearchParams(query);
  return { uuid: parameters.get('domain') ?? '', device: parameters.get('device') || null, number: Number(parameters.get('number')) || 1 };
}

export function createConsole({ host }: Session, address: ConsoleAddress): ConsoleParts {
  let fontSizePx = Number(localStorage.getItem(fontSizeKey)) || fontSizesPx.usual;
  const terminal = createTerminal(fontSizePx);
  const { xterm } = terminal;
  const session = new ConsoleSession({ host, terminal, ...address });
  const encoder = new TextEncoder();

  const parts: ConsoleParts = {
    ...address,
    terminal,
    session,
    finding: createStore(() => ({ open: false })),
    copy() {
      const text = xterm.getSelection();
      if (text) void attempt('The selection was not copied', () => host.client.call('desktopWriteClipboard', { text }));
    },
    paste() {
      void attempt('Nothing was pasted', async () => xterm.paste((await host.client.call('desktopReadClipboard', {})).text));
    },
    resize(by) {
      fontSizePx = by === null ? fontSizesPx.usual : Math.min(fontSizesPx.largest, Math.max(fontSizesPx.smallest, fontSizePx + by));
      localStorage.setItem(fontSizeKey, String(fontSizePx));
      terminal.setFontSize(fontSizePx);
    },
  };
  const commands: Readonly<Record<ConsoleCommand, () => void>> = {
    copy: parts.copy,
    paste: parts.paste,
    find: () => parts.finding.setState({ open: true }),
    bigger: () => parts.resize(1),
    smaller: () => parts.resize(-1),
    'usual size': () => parts.resize(null),
    close: () => window.close(),
  };
  window.addEventListener('keydown', (event) => {
    const command = consoleCommand(event);
    if (!command) return;
    event.preventDefault();
    event.stopPropagation();
    commands[command]();
  }, true);
  xterm.onData((text) => {
    // Reports of focus come by themselves; a watcher did not type them.
    if (session.store.getState().mode !== 'write' && (text === '\x1b[I' || text === '\x1b[O')) return;
    session.type(encoder.encode(text));
  });
  xterm.onBinary((text) => session.type(Uint8Array.from(text, (character) => character.charCodeAt(0))));
  window.vireoTerminalText = () => terminal.text();
  return parts;
}
