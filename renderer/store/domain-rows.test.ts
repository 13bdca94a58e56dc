import { describe, expect, it } from 'vitest';
import type { DomainSummary } from '../../core/domain/domain-summary.ts';
import { domainSummary } from '../testing/domains.ts';
import { domainRows, matches } from './domain-rows.ts';

const domains = (...names: string[]): Map<string, DomainSummary> =>
  new Map(names.map((name, index) => [`uuid-${index}`, domainSummary({ uuid: `uuid-${index}`, name })]));

describe('domain rows', () => {
  it('sorts numbers inside names as numbers', () => {
    expect(domainRows(domains('web-10', 'web-2', 'Alpha'), '', []).map((row) => row.name)).toEqual(['Alpha', 'web-2', 'web-10']);
  });

  it('keeps the whole list when only a state changed', () => {
    const rows = domainRows(domains('a', 'b'), '', []);
    const changed = new Map([...domains('a', 'b')].map(([uuid, summary]) => [uuid, { ...summary, state: 'running' as const }]));
    expect(domainRows(changed, '', rows)).toBe(rows);
  });

  it('keeps the rows of others when one is renamed', () => {
    const rows = domainRows(domains('a', 'b'), '', []);
    expect(domainRows(domains('a', 'c'), '', rows)[0]).toBe(rows[0]);
  });

  it('finds by every word, in name, title, state or the start of the UUID', () => {
    const summary = domainSummary({ name: 'Web-1', title: 'Shop front', state: 'paused', uuid: '6f1b' });
    expect(['web', 'shop paused', '6f1', 'web running', 'f1b'].map((filter) => matches(summary, filter))).toEqual([true, true, true, false, false]);
  });
});
