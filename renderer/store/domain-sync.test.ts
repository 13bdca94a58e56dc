import { describe, expect, it } from 'vitest';
import type { DomainList } from '../../core/domain/domain-summary.ts';
import { domainEvent, domainSummary } from '../testing/domains.ts';
import { backlogLimit, beginSync, emptySync, receiveEvent, receiveList } from './domain-sync.ts';

const sample = domainSummary();
const listAt = (revision: number): DomainList => ({ revision, domains: new Map([[sample.uuid, sample]]) });
const synced = receiveList(beginSync(emptySync).sync, listAt(5)).sync;

describe('domain sync', () => {
  it('asks for the list once when a connection begins', () => {
    expect(beginSync(emptySync)).toEqual({ sync: { list: null, backlog: [], fetching: true }, fetch: true });
  });

  it('applies the next event to the list', () => {
    const step = receiveEvent(synced, domainEvent(6, { ...sample, state: 'running' }));
    expect([step.fetch, step.sync.list?.revision, step.sync.list?.domains.get(sample.uuid)?.state]).toEqual([false, 6, 'running']);
  });

  it('ignores an event that the list already contains', () => {
    expect(receiveEvent(synced, domainEvent(5, { ...sample, state: 'crashed' })).sync.list).toBe(synced.list);
  });

  it('fetches again when an event is missed, and keeps the one that showed it', () => {
    const gap = receiveEvent(synced, domainEvent(8, { ...sample, name: 'late' }));
    expect([gap.fetch, gap.sync.fetching]).toEqual([true, true]);
    const repaired = receiveList(gap.sync, listAt(7));
    expect([repaired.fetch, repaired.sync.list?.revision, repaired.sync.list?.domains.get(sample.uuid)?.name]).toEqual([false, 8, 'late']);
  });

  it('does not fetch twice while a list is under way', () => {
    const gap = receiveEvent(synced, domainEvent(8, sample));
    expect(receiveEvent(gap.sync, domainEvent(11, sample)).fetch).toBe(false);
  });

  it('fetches again when the list is older than the events that waited for it', () => {
    const waiting = receiveEvent(beginSync(emptySync).sync, domainEvent(9, sample)).sync;
    expect(receiveList(waiting, listAt(7))).toMatchObject({ fetch: true, sync: { fetching: true } });
  });

  it('bounds what waits, and repairs what it dropped', () => {
    let waiting = beginSync(emptySync).sync;
    for (let revision = 6; revision < 6 + backlogLimit + 1; revision += 1) waiting = receiveEvent(waiting, domainEvent(revision, sample)).sync;
    expect(waiting.backlog.length).toBe(backlogLimit);
    expect(receiveList(waiting, listAt(5)).fetch).toBe(true);
  });

  it('drops a domain that is gone', () => {
    const step = receiveEvent(synced, { ...domainEvent(6, sample), summary: null });
    expect(step.sync.list?.domains.size).toBe(0);
  });

  it('keeps the old list on screen while a new connection fetches', () => {
    expect(beginSync(synced).sync.list).toBe(synced.list);
  });
});
