/**
 * Who has the input of a console or a display as far as one of its viewers is concerned: what it is itself, what it asked
 * for, who asks it, and what it was told. A viewer is a pane of a console window, or a display window.
 */
import type { ConsoleServerMessage } from '../../core/api/console-contract.ts';

type Told = Extract<ConsoleServerMessage, { type: 'notice' }>;

export interface PresenceNotice {
  /** As in the contract; `handed-away`: this viewer gave its input to `by`. */
  readonly what: Told['what'] | 'handed-away';
  readonly by: string | null;
  readonly atMs: number;
}

export interface PresenceRequest {
  readonly sessionId: string;
  readonly label: string;
  readonly sinceMs: number;
}

export interface Presence {
  /** Null while there is no connection. */
  readonly sessionId: string | null;
  readonly mode: 'write' | 'watch';
  /** The newest thing to tell about who writes; it stays until dismissed or answered. */
  readonly notice: PresenceNotice | null;
  readonly refused: Extract<ConsoleServerMessage, { type: 'refused' }> | null;
  /** What was asked of the host and not answered yet. */
  readonly asking: 'take-over' | 'release' | 'request' | 'hand-over' | null;
  /** To the writer: who asks for the input, the first to ask first. */
  readonly requests: readonly PresenceRequest[];
  /** To a watcher that asked: what became of it. */
  readonly request: { readonly state: 'waiting' | 'declined' | 'moot'; readonly by: string | null; readonly atMs: number } | null;
  /** When somebody last typed or clicked here without having the input. */
  readonly typedInVainMs: number | null;
}

export const noPresence: Presence = { sessionId: null, mode: 'watch', notice: null, refused: null, asking: null, requests: [], request: null, typedInVainMs: null };

/** What is known after a message; gaps are a terminal's matter. */
export function hearOfPresence(known: Presence, message: Exclude<ConsoleServerMessage, { type: 'gap' }>, nowMs: number): Partial<Presence> {
  switch (message.type) {
    case 'mode':
      return hearMode(known, message.mode);
    case 'requests':
      return { requests: message.from };
    case 'request':
      return hearAnswer(known, message, nowMs);
    case 'refused':
      return { refused: message, asking: null };
    case 'notice':
      return hearNotice(known, message);
  }
}

function hearMode(known: Presence, mode: 'write' | 'watch'): Partial<Presence> {
  // That the input was handed over is what the new writer should read; everything older is answered by having it.
  if (mode === 'write') return { mode, asking: null, refused: null, request: null, typedInVainMs: null, notice: known.notice?.what === 'handed-over' ? known.notice : null };
  return { mode, asking: known.asking === 'hand-over' ? 'hand-over' : null, requests: [], typedInVainMs: null };
}

function hearAnswer(known: Presence, { state, by }: Extract<ConsoleServerMessage, { type: 'request' }>, nowMs: number): Partial<Presence> {
  const atMs = state === 'waiting' && known.request?.state === 'waiting' ? known.request.atMs : nowMs;
  return { request: { state, by, atMs }, asking: null };
}

function hearNotice(known: Presence, { what, by, atMs }: Told): Partial<Presence> {
  if (what === 'taken-over' || what === 'writer-changed') {
    if (known.asking === 'hand-over') return { mode: 'watch', asking: null, requests: [], notice: { what: 'handed-away', by, atMs } };
    if (what === 'taken-over') return { mode: 'watch', asking: null, requests: [], notice: { what, by, atMs } };
    return known.notice?.what === 'released' ? { notice: null } : {};
  }
  return what === 'released' || what === 'handed-over' ? { notice: { what, by, atMs } } : {};
}
