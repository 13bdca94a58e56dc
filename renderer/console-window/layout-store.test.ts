import { describe, expect, it, vi } from 'vitest';
import { consoleAddress, createLayoutStore, queryWithLayout } from './layout-store.ts';
import { newLayout, splitPane } from './layout-tree.ts';

describe('the address of a console window', () => {
  it('names one console plainly', () => {
    const address = consoleAddress('?domain=one&device=serial0&number=2');
    expect(address).toEqual({ uuid: 'one', device: 'serial0', mode: 'write', number: 2, layout: null });
    expect(queryWithLayout('?domain=one&device=serial0&number=2', newLayout(address))).toBe('?domain=one&device=serial0&number=2');
  });

  it('brings back a split after a reload, and is plain again when one pane is left', () => {
    const split = splitPane(newLayout({ uuid: 'one', device: null, mode: 'watch' }), 'right', { uuid: 'two', device: 'console1', mode: 'write' });
    const query = queryWithLayout('?scene=writing&domain=one&number=1', split);
    expect(consoleAddress(query).layout).toEqual(split);
    expect(new URLSearchParams(query).get('scene')).toBe('writing');
    expect(queryWithLayout(query, newLayout({ uuid: 'two', device: 'console1', mode: 'watch' }))).toBe('?scene=writing&domain=two&number=1&device=console1&mode=watch');
  });

  it('is as good as none where it holds no layout', () => {
    for (const text of ['{', '{"tabs":[],"active":"t1"}', 'null']) expect(consoleAddress(`?domain=one&layout=${encodeURIComponent(text)}`).layout).toBeNull();
  });

  it('is written after each change, and not where nothing changed', () => {
    const keep = vi.fn();
    const store = createLayoutStore({ address: consoleAddress('?domain=one'), keep });
    store.setState((state) => state, true);
    expect(keep).not.toHaveBeenCalled();
    const next = splitPane(store.getState(), 'down', { uuid: 'two', device: null, mode: 'write' });
    store.setState(next, true);
    expect(keep.mock.calls).toEqual([[next]]);
  });
});
