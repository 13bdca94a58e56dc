import { describe, expect, it } from 'vitest';
import { createStore } from 'zustand/vanilla';
import { Unread } from './unread.ts';

describe('what was not seen', () => {
  it('is what a pane out of sight printed or rang, until it is looked at', () => {
    let inSight = 'a';
    const unread = new Unread((id) => id === inSight);
    const stores = Object.fromEntries(['a', 'b'].map((id) => [id, createStore(() => ({ fresh: 0, bells: 0 }))]));
    for (const [id, store] of Object.entries(stores)) unread.watch(id, store);
    for (const store of Object.values(stores)) store.setState({ fresh: 10 });
    stores['b']!.setState({ bells: 1 });
    expect([[...unread.store.getState().printed], [...unread.store.getState().rang]]).toEqual([['b'], ['b']]);
    inSight = 'b';
    unread.seen(['b']);
    stores['b']!.setState({ fresh: 20 });
    expect([unread.store.getState().printed.size, unread.store.getState().rang.size]).toEqual([0, 0]);
  });
});
