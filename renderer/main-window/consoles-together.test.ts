import { describe, expect, it } from 'vitest';
import { consoleLayoutSchema, panesOf } from '../../core/api/console-layout.ts';
import { domainSummary } from '../testing/domains.ts';
import { tabsOfConsoles } from './consoles-together.ts';

describe('one window for the consoles of several domains', () => {
  it('has a tab for the first console of each that has one', () => {
    const domains = [domainSummary({ uuid: 'one' }), domainSummary({ uuid: 'none', consoles: [] }), domainSummary({ uuid: 'two' })];
    const layout = tabsOfConsoles(domains)!;
    expect(panesOf(layout).map(({ uuid, device }) => [uuid, device])).toEqual([['one', 'serial0'], ['two', 'serial0']]);
    expect(consoleLayoutSchema.parse(layout)).toEqual(layout);
    expect(tabsOfConsoles([domainSummary({ consoles: [] })])).toBeNull();
  });

  it('stays one that the desktop accepts, however many are selected', () => {
    const many = Array.from({ length: 1_000 }, (_, index) => domainSummary({ uuid: `${index}` }));
    expect(consoleLayoutSchema.safeParse(tabsOfConsoles(many)).success).toBe(true);
  });
});
