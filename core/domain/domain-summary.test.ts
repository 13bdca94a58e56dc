import { describe, expect, test } from 'vitest';
import { makeChange, makeSummary } from '../../test/support/make-summary.ts';
import { type DomainList, applyDomainEvent, domainEventSchema, domainSummarySchema } from './domain-summary.ts';

const sample = makeSummary();
const list: DomainList = { revision: 7, domains: new Map([[sample.uuid, sample]]) };

describe('the list after an event', () => {
  test('holds the domain as the event says, and the list before is untouched', () => {
    const running = makeSummary({ state: 'running', reason: 'booted', id: 1, pid: 4711 });
    expect(applyDomainEvent(list, makeChange(8, running))).toEqual({ revision: 8, domains: new Map([[sample.uuid, running]]) });
    expect(list).toEqual({ revision: 7, domains: new Map([[sample.uuid, sample]]) });
  });

  test('has a domain more when the event is of one that is new', () => {
    const other = makeSummary({ uuid: '4dea22b3-1d52-d8f3-2516-782e98ab3fa0', name: 'other' });
    expect([...(applyDomainEvent(list, makeChange(8, other))?.domains.keys() ?? [])]).toEqual([sample.uuid, other.uuid]);
  });

  test('lacks a domain that is gone', () => {
    expect(applyDomainEvent(list, { ...makeChange(8, sample), summary: null })).toEqual({ revision: 8, domains: new Map() });
  });

  test('of one gone that was never listed only counts on', () => {
    const other = makeSummary({ uuid: '4dea22b3-1d52-d8f3-2516-782e98ab3fa0' });
    expect(applyDomainEvent(list, { ...makeChange(8, other), summary: null })).toEqual({ ...list, revision: 8 });
  });

  test.each([7, 3, 0])('is the same list when it was fetched after the event (revision %i)', (revision) => {
    expect(applyDomainEvent(list, makeChange(revision, makeSummary({ state: 'crashed' })))).toBe(list);
  });

  test.each([9, 100])('is null when an event before it was missed (revision %i)', (revision) => {
    expect(applyDomainEvent(list, makeChange(revision, sample))).toBeNull();
  });
});

test('summaries and events survive their schemas unchanged, and a state that does not exist is refused', () => {
  expect(domainSummarySchema.parse(sample)).toEqual(sample);
  expect(domainEventSchema.parse(makeChange(1, sample))).toEqual(makeChange(1, sample));
  expect(domainSummarySchema.safeParse({ ...sample, state: 'sleeping' }).success).toBe(false);
});
