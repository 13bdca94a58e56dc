import { describe, expect, it } from 'vitest';
import fc from 'fast-check';
import { type ConsoleLayout, consoleLayoutSchema, panesBelow, panesOf } from '../../core/api/console-layout.ts';
import { type ConsoleChoice, activeTab, addTab, boxes, closePane, closeTab, cycleTab, focusPane, moveBorder, moveTab, neighbour, newLayout, selectTab, setMode, splitPane } from './layout-tree.ts';

const choice = (uuid: string): ConsoleChoice => ({ uuid, device: 'serial0', mode: 'write' });
const shown = (layout: ConsoleLayout): string[][] => layout.tabs.map((tab) => panesBelow(tab.root).map((pane) => pane.uuid));
const focusedUuid = (layout: ConsoleLayout): string | undefined => panesOf(layout).find((pane) => pane.id === activeTab(layout).focused)?.uuid;

/** `a` over `c`, with `b` to the right of both. */
function threePanes(): ConsoleLayout {
  const two = splitPane(newLayout(choice('a')), 'right', choice('b'));
  return splitPane(focusPane(two, 'p1'), 'down', choice('c'));
}

describe('the layout of a console window', () => {
  it('opens a tab after the active one and goes there', () => {
    const layout = addTab(selectTab(addTab(newLayout(choice('a')), choice('b')), 't1'), choice('c'));
    expect([shown(layout), focusedUuid(layout)]).toEqual([[['a'], ['c'], ['b']], 'c']);
  });

  it('halves the pane with the focus, and takes a further one into the same row', () => {
    let layout = splitPane(newLayout(choice('a')), 'right', choice('b'));
    layout = splitPane(layout, 'right', choice('c'));
    expect(activeTab(layout).root).toMatchObject({ type: 'row', shares: [1, 0.5, 0.5] });
    expect([shown(layout), focusedUuid(layout)]).toEqual([[['a', 'b', 'c']], 'c']);
  });

  it('closes a pane, its split, its tab, and at last says that nothing is left', () => {
    const layout = addTab(threePanes(), choice('d'));
    const two = closePane(layout, 'p3')!;
    expect(two.tabs[0]!.root).toMatchObject({ type: 'row', children: [{ uuid: 'a' }, { uuid: 'b' }] });
    const one = closePane(closePane(two, 'p1')!, 'p2')!;
    expect([shown(one), focusedUuid(one)]).toEqual([[['d']], 'd']);
    expect(closePane(one, activeTab(one).focused)).toBeNull();
    expect(closeTab(one, one.active)).toBeNull();
  });

  it('gives the focus of a closed pane to the one after it', () => {
    const layout = focusPane(threePanes(), 'p3');
    expect(focusedUuid(closePane(layout, 'p3')!)).toBe('b');
    expect(focusedUuid(closePane(focusPane(layout, 'p2'), 'p2')!)).toBe('c');
  });

  it('goes to the neighbour on a side, and nowhere at the edge', () => {
    const layout = threePanes();
    const from = (paneId: string) => activeTab(focusPane(layout, paneId));
    expect(['left', 'right', 'up', 'down'].map((side) => neighbour(from('p2'), side as 'left'))).toEqual(['p1', null, null, null]);
    expect([neighbour(from('p1'), 'down'), neighbour(from('p3'), 'up'), neighbour(from('p3'), 'right'), neighbour(from('p1'), 'left')]).toEqual(['p3', 'p1', 'p2', null]);
  });

  it('moves a border by a part of the split and leaves both sides some room', () => {
    const layout = threePanes();
    const moved = moveBorder(layout, 't1', [], 0, 0.25);
    expect(boxes(activeTab(moved).root).get('p2')).toMatchObject({ x: 0.75, width: 0.25 });
    const inner = moveBorder(layout, 't1', [0], 0, -5);
    expect(boxes(activeTab(inner).root).get('p1')!.height).toBeCloseTo(0.08);
    expect(boxes(activeTab(inner).root).get('p3')!.height).toBeCloseTo(0.92);
  });

  it('goes round the tabs and moves one along', () => {
    const layout = addTab(addTab(newLayout(choice('a')), choice('b')), choice('c'));
    expect(focusedUuid(cycleTab(layout, 1))).toBe('a');
    expect(focusedUuid(cycleTab(selectTab(layout, 't1'), -1))).toBe('c');
    expect(shown(moveTab(layout, 't3', -1))).toEqual([['a'], ['c'], ['b']]);
    expect(moveTab(layout, 't3', 1)).toBe(layout);
  });

  it('keeps whether a pane writes, for the next time that its stream is opened', () => {
    expect(panesOf(setMode(threePanes(), 'p3', 'watch')).map((pane) => pane.mode)).toEqual(['write', 'watch', 'write']);
    const layout = threePanes();
    expect(setMode(layout, 'p3', 'write')).toBe(layout);
  });

  it('refuses splits within splits without end', () => {
    let layout = newLayout(choice('a'));
    for (let number = 0; number < 12; number += 1) layout = splitPane(layout, number % 2 ? 'down' : 'right', choice(`${number}`));
    expect(panesOf(layout).length).toBeLessThan(13);
    expect(consoleLayoutSchema.safeParse(layout).success).toBe(true);
  });

  it('stays one that the desktop and a reload accept, whatever is done to it', () => {
    const step = fc.tuple(fc.nat(9), fc.nat(200), fc.double({ min: -2, max: 2, noNaN: true }));
    fc.assert(
      fc.property(fc.array(step, { maxLength: 120 }), (steps) => {
        let layout = newLayout(choice('a'));
        for (const [what, number, by] of steps) {
          const panes = panesOf(layout);
          const pane = panes[number % panes.length]!.id;
          const tab = layout.tabs[number % layout.tabs.length]!.id;
          const changes = [
            () => addTab(layout, choice(`${number}`)), () => splitPane(layout, 'right', choice('r')), () => splitPane(layout, 'down', choice('d')), () => closePane(layout, pane) ?? layout, () => closeTab(layout, tab) ?? layout,
            () => focusPane(layout, pane), () => cycleTab(layout, by > 0 ? 1 : -1), () => moveTab(layout, tab, by > 0 ? 1 : -1), () => setMode(layout, pane, by > 0 ? 'write' : 'watch'), () => moveBorder(layout, tab, number % 2 ? [0] : [], number % 3, by),
          ];
          layout = changes[what]!();
          expect(consoleLayoutSchema.safeParse(JSON.parse(JSON.stringify(layout))).error).toBeUndefined();
          for (const each of layout.tabs) for (const box of boxes(each.root).values()) expect(box.width * box.height).toBeGreaterThan(0);
        }
      }),
      { numRuns: 60 },
    );
  });
});
