import { describe, expect, test } from 'vitest';
import type { ConsoleLayout } from '../core/api/console-layout.ts';
import { type ConsoleLayouts, consolesIn, layoutIn, rememberLayout, shows } from './console-layouts.ts';

const layout: ConsoleLayout = {
  tabs: [{ id: 't1', focused: 'p2', root: { type: 'row', shares: [1, 2], children: [{ type: 'pane', id: 'p1', uuid: 'one', device: 'serial0', mode: 'write' }, { type: 'pane', id: 'p2', uuid: 'two', device: null, mode: 'watch' }] } }],
  active: 't1',
};
const page = (query: Record<string, string>): string => `vireo://app/console.html?${new URLSearchParams(query)}`;

describe('the layout of a console window', () => {
  test('is read from the address that its page gave itself', () => {
    const url = page({ domain: 'one', device: 'serial0', layout: JSON.stringify(layout) });
    expect(layoutIn(url)).toEqual(layout);
    expect(consolesIn(url).map(({ uuid, device }) => [uuid, device])).toEqual([['one', 'serial0'], ['two', null]]);
    expect([shows(consolesIn(url), 'one', 'serial0'), shows(consolesIn(url), 'two', 'serial0')]).toEqual([true, false]);
  });

  test('counts as none where the text is no sound layout', () => {
    const broken = [
      '{',
      '[]',
      JSON.stringify({ ...layout, active: 't9' }),
      JSON.stringify({ ...layout, tabs: [...layout.tabs, ...layout.tabs] }),
      JSON.stringify({ tabs: [{ ...layout.tabs[0], focused: 'p7' }], active: 't1' }),
      JSON.stringify({ tabs: Array.from({ length: 40 }, (_, at) => ({ id: `t${at}`, focused: `p${at}`, root: { type: 'pane', id: `p${at}`, uuid: 'one', device: null, mode: 'write' } })), active: 't1' }),
    ];
    for (const text of broken) expect(layoutIn(page({ domain: 'one', layout: text }))).toBeNull();
    expect(layoutIn('no address')).toBeNull();
    expect(consolesIn(page({ domain: 'one', layout: '{' }))).toEqual([{ uuid: 'one', device: null }]);
  });

  test('is remembered as the newest of a bounded number, and forgotten', () => {
    let layouts: ConsoleLayouts = {};
    for (let number = 1; number <= 60; number += 1) layouts = rememberLayout(layouts, `console:one:serial0:${number}`, layout);
    expect(Object.keys(layouts)).toHaveLength(50);
    expect(Object.keys(layouts).at(-1)).toBe('console:one:serial0:60');
    expect(rememberLayout(layouts, 'console:one:serial0:60', null)).not.toHaveProperty(['console:one:serial0:60']);
  });
});
