/**
 * Samples one domain for as long as a window shows it. What was sampled stays while the window lives, for as many
 * domains as a person goes back and forth between, so that a curve is there again when its domain is.
 */
import { type StoreApi, createStore } from 'zustand/vanilla';
import type { Client } from '../../core/api/client.ts';
import { type VireoError, asVireoError } from '../../core/base/errors.ts';
import { graphGroups } from '../../core/statistics/statistics-record.ts';
import { type UsageHistory, emptyHistory, withRecord } from './statistics-history.ts';

export interface UsageState extends UsageHistory {
  /** Why the last sample failed; what was known before is still shown. */
  readonly error: VireoError | null;
}

export type UsageStore = StoreApi<UsageState>;

const beatMs = 2_000;
/** A rate needs two samples: the second of a new history comes soon. */
const firstBeatMs = 500;
/** Longer than the driver waits for a QEMU, so that its own words arrive. */
const sampleTimeoutMs = 10_000;

export class UsageHistories {
  readonly #stores = new Map<string, UsageStore>();
  readonly #maximum: number;

  constructor(maximumDomains = 64) {
    this.#maximum = maximumDomains;
  }

  of(uuid: string): UsageStore {
    const store = this.#stores.get(uuid) ?? createStore<UsageState>(() => ({ ...emptyHistory, error: null }));
    this.#stores.delete(uuid);
    this.#stores.set(uuid, store); // the last one that was asked for is the last to go
    const [oldest] = this.#stores.keys();
    if (this.#stores.size > this.#maximum && oldest !== undefined) this.#stores.delete(oldest);
    return store;
  }
}

/** Samples at once and on every beat until it is disposed. A beat waits for the answer before it: nothing piles up. */
export function followUsage(client: Client, uuid: string, store: UsageStore): Disposable {
  const left = new AbortController();
  void follow(client, uuid, store, left.signal);
  return { [Symbol.dispose]: () => left.abort() };
}

async function follow(client: Client, uuid: string, store: UsageStore, left: AbortSignal): Promise<void> {
  while (!left.aborted) {
    const startedMs = performance.now();
    await sample(client, uuid, store, left);
    const { points, last, error } = store.getState();
    const wantedMs = points.length === 0 && last !== null && error === null ? firstBeatMs : beatMs;
    await pause(Math.max(firstBeatMs, wantedMs - (performance.now() - startedMs)), left);
  }
}

async function sample(client: Client, uuid: string, store: UsageStore, left: AbortSignal): Promise<void> {
  try {
    const { records: [record] } = await client.call('connectGetAllDomainStats', { domains: [uuid], groups: [...graphGroups] }, { signal: left, timeoutMs: sampleTimeoutMs });
    if (record && !left.aborted) store.setState((known) => ({ ...withRecord(known, record, Date.now()), error: null }));
  } catch (thrown) {
    if (!left.aborted) store.setState({ error: asVireoError(thrown) });
  }
}

function pause(ms: number, left: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (left.aborted) return resolve();
    const done = (): void => {
      clearTimeout(timer);
      left.removeEventListener('abort', done);
      resolve();
    };
    const timer = setTimeout(done, ms);
    left.addEventListener('abort', done);
  });
}
