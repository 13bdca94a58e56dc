import { describe, expect, it } from 'vitest';
import { Broadcast } from './broadcast.ts';

function panes(modes: Record<string, 'write' | 'watch'>) {
  const sent: string[] = [];
  const known = new Map(Object.keys(modes).map((id) => [id, { session: { type: (bytes: Uint8Array) => void sent.push(`${id}:${new TextDecoder().decode(bytes)}`), store: { getState: () => ({ mode: modes[id]! }) } } }]));
  const broadcast = new Broadcast((id) => known.get(id) ?? null);
  const type = (id: string, text: string): string[] => {
    sent.length = 0;
    broadcast.type(id, new TextEncoder().encode(text));
    return [...sent];
  };
  return { broadcast, type, modes, leave: (id: string) => { known.delete(id); broadcast.leave(id); } };
}

describe('typing to several consoles', () => {
  it('reaches one until a broadcast is started, those chosen then, and one again after', () => {
    const { broadcast, type } = panes({ a: 'write', b: 'write', c: 'write' });
    expect(type('a', 'x')).toEqual(['a:x']);
    broadcast.start(['a', 'b']);
    expect([type('a', 'x'), type('b', 'y'), type('c', 'z')]).toEqual([['a:x', 'b:x'], ['a:y', 'b:y'], ['c:z']]);
    broadcast.stop();
    expect(type('a', 'x')).toEqual(['a:x']);
  });

  it('leaves out who watches, and sends nothing anywhere from a pane that watches', () => {
    const { broadcast, type, modes } = panes({ a: 'write', b: 'watch', c: 'write' });
    broadcast.start(['a', 'b', 'c']);
    expect(type('a', 'x')).toEqual(['a:x', 'c:x']);
    expect(type('b', 'x')).toEqual(['b:x']); // which its session refuses, and says so
    modes['b'] = 'write';
    expect(type('b', 'x')).toEqual(['a:x', 'b:x', 'c:x']);
  });

  it('needs two, and ends when one is left', () => {
    const { broadcast, leave } = panes({ a: 'write', b: 'write', c: 'write' });
    broadcast.start(['a', 'a', 'gone']);
    expect(broadcast.store.getState().panes).toEqual([]);
    broadcast.start(['a', 'b', 'c']);
    leave('b');
    expect(broadcast.store.getState().panes).toEqual(['a', 'c']);
    leave('a');
    expect(broadcast.store.getState().panes).toEqual([]);
  });
});
