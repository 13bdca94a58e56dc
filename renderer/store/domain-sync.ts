/**
 * Keeps a window's list of domains true: one fetched list, then events with revisions that rise by one. Pure, so that
 * every order in which a list and events can arrive is a test. The caller fetches whenever `fetch` is asked for.
 */
import { type DomainEvent, type DomainList, applyDomainEvent } from '../../core/domain/domain-summary.ts';

export interface DomainSync {
  /** Null until the first list has arrived. */
  readonly list: DomainList | null;
  /** Events that came while a list was under way; they may be newer than it. */
  readonly backlog: readonly DomainEvent[];
  readonly fetching: boolean;
}

export interface SyncStep {
  readonly sync: DomainSync;
  /** Whether the caller must ask for the whole list now. */
  readonly fetch: boolean;
}

/** What is kept while a fetch is under way; beyond it the oldest go, which shows as a gap and fetches again. */
export const backlogLimit = 1_000;

export const emptySync: DomainSync = { list: null, backlog: [], fetching: false };

/** A new connection: the old list stays on screen until the new one is there, for the host may be another process. */
export function beginSync(sync: DomainSync): SyncStep {
  return { sync: { list: sync.list, backlog: [], fetching: true }, fetch: true };
}

export function receiveEvent(sync: DomainSync, event: DomainEvent): SyncStep {
  if (sync.fetching || !sync.list) {
    return { sync: { ...sync, backlog: [...sync.backlog, event].slice(-backlogLimit) }, fetch: false };
  }
  const list = applyDomainEvent(sync.list, event);
  if (list) return { sync: { ...sync, list }, fetch: false };
  return { sync: { ...sync, backlog: [event], fetching: true }, fetch: true };
}

/** Several events in their order, as one step. */
export function receiveEvents(sync: DomainSync, events: readonly DomainEvent[]): SyncStep {
  let step: SyncStep = { sync, fetch: false };
  for (const event of events) {
    const next = receiveEvent(step.sync, event);
    step = { sync: next.sync, fetch: step.fetch || next.fetch };
  }
  return step;
}

export function receiveList(sync: DomainSync, fetched: DomainList): SyncStep {
  let list = fetched;
  for (const event of sync.backlog) {
    const next = applyDomainEvent(list, event);
    if (!next) return { sync: { list, backlog: [], fetching: true }, fetch: true };
    list = next;
  }
  return { sync: { list, backlog: [], fetching: false }, fetch: false };
}
