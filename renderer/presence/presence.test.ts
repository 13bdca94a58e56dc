import { describe, expect, it } from 'vitest';
import type { ConsoleServerMessage } from '../../core/api/console-contract.ts';
import { type Presence, hearOfPresence, noPresence } from './presence.ts';

type Message = Exclude<ConsoleServerMessage, { type: 'gap' }>;

const after = (known: Partial<Presence>, ...messages: readonly Message[]): Presence =>
  messages.reduce<Presence>((state, message) => ({ ...state, ...hearOfPresence(state, message, 5_000) }), { ...noPresence, ...known });
const notice = (what: 'taken-over' | 'writer-changed' | 'handed-over' | 'released', by: string): Message => ({ type: 'notice', what, by, atMs: 1_000 });
const mode = (next: 'write' | 'watch'): Message => ({ type: 'mode', mode: next });
const asks: Message = { type: 'requests', from: [{ sessionId: 's3', label: 'vireo console (pid 4411)', sinceMs: 900 }] };

describe('who writes', () => {
  it('is told to the loser in words that stay, whichever of notice and mode comes first', () => {
    for (const messages of [[notice('taken-over', 'window 2'), mode('watch')], [mode('watch'), notice('taken-over', 'window 2')]]) {
      const state = after({ mode: 'write' }, asks, ...messages);
      expect(state).toMatchObject({ mode: 'watch', notice: { what: 'taken-over', by: 'window 2' }, requests: [] });
    }
  });

  it('tells who was handed the input by whom, in either order, and forgets the request', () => {
    const asked = after({ asking: 'request' }, { type: 'request', state: 'waiting', by: 'window 1' });
    expect(asked).toMatchObject({ asking: null, request: { state: 'waiting', by: 'window 1', atMs: 5_000 } });
    for (const messages of [[notice('handed-over', 'window 1'), mode('write')], [mode('write'), notice('handed-over', 'window 1')]]) {
      expect(after(asked, ...messages)).toMatchObject({ mode: 'write', request: null, notice: { what: 'handed-over', by: 'window 1' } });
    }
  });

  it('tells who handed it over that it went, and not that it was taken', () => {
    for (const messages of [[mode('watch'), notice('writer-changed', 'window 2')], [notice('writer-changed', 'window 2'), mode('watch')]]) {
      expect(after({ mode: 'write', asking: 'hand-over' }, ...messages)).toMatchObject({ mode: 'watch', asking: null, notice: { what: 'handed-away', by: 'window 2' } });
    }
  });

  it('keeps since when a request waits while the writer changes, and says what became of it', () => {
    const waiting = after({ request: { state: 'waiting', by: 'window 1', atMs: 100 } }, { type: 'request', state: 'waiting', by: 'window 3' });
    expect(waiting.request).toEqual({ state: 'waiting', by: 'window 3', atMs: 100 });
    expect(after(waiting, { type: 'request', state: 'declined', by: 'window 3' }).request).toEqual({ state: 'declined', by: 'window 3', atMs: 5_000 });
    expect(after(waiting, { type: 'request', state: 'moot', by: null }).request).toMatchObject({ state: 'moot', by: null });
  });

  it('drops that the input is free once somebody has it', () => {
    const released = after({}, notice('released', 'window 1'));
    expect(released.notice?.what).toBe('released');
    expect(after(released, notice('writer-changed', 'window 2')).notice).toBeNull();
  });
});
