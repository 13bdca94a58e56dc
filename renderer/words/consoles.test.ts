import { describe, expect, it } from 'vitest';
import type { ConsoleSummary } from '../../core/domain/domain-summary.ts';
import { channelUse, consoleInWords, consoleNames, watchersInWords } from './consoles.ts';

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

  it('names the consoles of a run, but not the channel that Vireo itself speaks on, and those of a definition', () => {
    const agent = console({ alias: 'channel0', kind: 'channel', label: 'org.qemu.guest_agent.0', readOnly: 'Vireo speaks on it' });
    const own = console({ alias: 'channel1', kind: 'channel', label: 'org.example.0' });
    expect(consoleNames({ consoles: [console({}), agent, own], devices: [] })).toEqual(['ttyS0', 'org.example.0']);
    const clipboard = console({ kind: 'channel', label: 'com.redhat.spice.0', backend: "QEMU's clipboard", readOnly: 'QEMU speaks on it' });
    expect([channelUse(agent, 'connected'), channelUse(agent, 'disconnected'), channelUse(clipboard, 'connected'), channelUse({ ...clipboard, backend: 'the spice client' }, 'connected'), channelUse(own, 'connected'), channelUse(console({}), 'connected')]).toEqual([
      'Used by Vireo for the guest agent, connected', 'Used by Vireo for the guest agent, not connected', 'Used by QEMU for the clipboard of the display', 'Used by viewers of the SPICE display', null, null,
    ]);
    const devices = [['serial', 'serial port 0'], ['console', 'serial console'], ['console', 'virtio console']].map(([kind, label]) => ({ kind: kind!, label: label!, alias: null }));
    expect(consoleNames({ consoles: [], devices })).toEqual(['ttyS0', 'hvc0']);
  });
});
