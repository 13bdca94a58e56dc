import { describe, expect, it } from 'vitest';
import type { ConsoleSummary } from '../../core/domain/domain-summary.ts';
import { consoleInWords, watchersInWords } from './consoles.ts';

const console = (changes: Partial<ConsoleSummary>): ConsoleSummary => ({
  alias: 'serial0', kind: 'serial', label: 'ttyS0', state: 'open', error: null, writer: null, watchers: 0, sessions: [], readOnly: null, backend: 'private socket', position: 0, ...changes,
});
const watching = (label: string, asksSinceMs: number | null = null): ConsoleSummary['sessions'][number] => ({ sessionId: label, label, mode: 'watch', sinceMs: 1, asksSinceMs });

describe('a console in words', () => {
  it('says who writes and how many watch, or why nobody can', () => {
    const writer = { sessionId: 's', label: 'window 2', sinceMs: 1 };
    expect([consoleInWords(console({})), consoleInWords(console({ writer, watchers: 2 })), consoleInWords(console({ watchers: 1 })), consoleInWords(console({ readOnly: 'it belongs to the agent' })), consoleInWords(console({ state: 'closed' })), consoleInWords(console({ state: 'failed', error: 'no such file' }))]).toEqual([
      'nobody writes', 'window 2 writes, 2 watch', 'nobody writes, 1 watches', 'read-only', 'closed', 'failed: no such file',
    ]);
  });

  it('names who watches, and no more than a line holds', () => {
    expect([watchersInWords(console({})), watchersInWords(console({ sessions: [watching('window 2')] })), watchersInWords(console({ sessions: [watching('a'), watching('b', 5), watching('c')] }))]).toEqual(['', 'window 2 watches', 'a, b (asks to write) and c watch']);
    expect(watchersInWords(console({ sessions: ['a', 'b', 'c', 'd', 'e', 'f'].map((label) => watching(label)) }))).toBe('a, b, c and 3 others watch');
  });
});
