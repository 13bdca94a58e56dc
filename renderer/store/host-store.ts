/**
 * What a window knows of its host: the connection, the host's status and the domains, kept true by one list and the
 * events after it. Components read it by selectors; nothing but this module writes it.
 */
import { type StoreApi, createStore } from 'zustand/vanilla';
import type { Client } from '../../core/api/client.ts';
import type { Channel } from '../../core/api/channel.ts';
import type { HostStatus } from '../../core/api/contract.ts';
import type { QuitState } from '../../core/api/desktop-contract.ts';
import { VireoError } from '../../core/base/errors.ts';
import type { DomainEvent, DomainSummary } from '../../core/domain/domain-summary.ts';
import { HostLink, type LinkState } from '../client/host-link.ts';
import { type DomainSync, type SyncStep, beginSync, emptySync, receiveEvents, receiveList } from './domain-sync.ts';

export interface HostState {
  readonly link: LinkState;
  readonly status: HostStatus | null;
  readonly sync: DomainSync;
  /** The newest event of each domain since this window opened, `changed` left out: it says nothing by itself. */
  readonly lastEvents: ReadonlyMap<string, DomainEvent>;
  /** How far quitting the app is; null while nobody quits. */
  readonly quit: QuitState | null;
  /** Whether anybody can see this window, as the app says. */
  readonly inSight: boolean;
}

export type HostStore = StoreApi<HostState>;

export interface Host extends Disposable {
  readonly store: HostStore;
  /** The open connection. Throws RPC while there is none. */
  readonly client: Client;
  retryNow(): void;
  /** The domain as it is known now, or null. */
  domain(uuid: string): DomainSummary | null;
  /** Resolves with the first summary that `accept` takes (null: the domain is gone); rejects with the signal's reason. */
  domainWhen(uuid: string, accept: (summary: DomainSummary | null) => boolean, signal: AbortSignal): Promise<DomainSummary | null>;
}

export interface HostOptions {
  readonly label: string;
  openChannel(signal: AbortSignal): Promise<Channel>;
}

const noDomains: ReadonlyMap<string, DomainSummary> = new Map();

export function domainsOf(state: HostState): ReadonlyMap<string, DomainSummary> {
  return state.sync.list?.domains ?? noDomains;
}

/** Connects at once and for as long as the page lives. */
export function createHost(options: HostOptions): Host {
  const store: HostStore = createStore(() => ({ link: { phase: 'connecting' }, status: null, sync: emptySync, lastEvents: new Map(), quit: null, inSight: true }));
  const link = new HostLink({
    ...options,
    onState(state) {
      store.setState({ link: state });
      if (state.phase === 'connected') follow(store, state.client);
    },
  });
  const domain = (uuid: string): DomainSummary | null => domainsOf(store.getState()).get(uuid) ?? null;
  return {
    store,
    get client() {
      return link.client;
    },
    retryNow: () => link.retryNow(),
    domain,
    domainWhen: (uuid, accept, signal) => waitFor(store, () => domain(uuid), accept, signal),
    [Symbol.dispose]: () => link[Symbol.dispose](),
  };
}

/** Subscribes before it fetches, so that no event falls between the two. */
function follow(store: HostStore, client: Client): void {
  const isCurrent = (): boolean => {
    const { link } = store.getState();
    return link.phase === 'connected' && link.client === client;
  };
  const fetchList = async (): Promise<void> => {
    try {
      const fetched = await client.call('connectListAllDomains', {});
      if (!isCurrent()) return;
      const domains = new Map(fetched.domains.map((summary) => [summary.uuid, summary]));
      take(receiveList(store.getState().sync, { revision: fetched.revision, domains }));
    } catch {
      // Without a list the window would be silently wrong; a new connection starts clean and shows the trouble.
      if (isCurrent()) client.close();
    }
  };
  const take = (step: SyncStep): void => {
    store.setState({ sync: step.sync });
    if (step.fetch) void fetchList();
  };
  onBatch(client, (events) => {
    if (!isCurrent()) return;
    const telling = events.filter((event) => event.type !== 'changed');
    if (telling.length > 0) store.setState((state) => ({ lastEvents: lastOfEach(state.lastEvents, telling) }));
    take(receiveEvents(store.getState().sync, events));
  });
  client.on('host', ({ status }) => {
    if (isCurrent()) store.setState({ status });
  });
  followQuitting(store, client, isCurrent);
  store.setState({ inSight: true }); // until this connection says otherwise
  client.on('window', ({ inSight }) => {
    if (isCurrent()) store.setState({ inSight });
  });
  take(beginSync(store.getState().sync));
  void client.call('hostGetStatus', {}).then(
    (status) => void (isCurrent() && store.setState({ status })),
    () => isCurrent() && client.close(),
  );
}

/** A window that was opened for the question is there only after it was asked. */
function followQuitting(store: HostStore, client: Client, isCurrent: () => boolean): void {
  let isTold = false;
  client.on('desktop', ({ quit }) => {
    isTold = true;
    if (isCurrent()) store.setState({ quit });
  });
  // A host without a desktop has no such method, and nobody quits it from a window.
  void client.call('desktopGetQuit', {}).then(({ quit }) => void (!isTold && isCurrent() && store.setState({ quit })), () => {});
}

/** One frame: what a hundred domains do at once is drawn once. */
const batchMs = 16;

function onBatch(client: Client, listener: (events: readonly DomainEvent[]) => void): void {
  let batch: DomainEvent[] = [];
  client.on('domain', (event) => {
    if (batch.length === 0) {
      // A timer, not an animation frame: hidden windows have none, but must stay true.
      setTimeout(() => {
        const events = batch;
        batch = [];
        listener(events);
      }, batchMs);
    }
    batch.push(event);
  });
}

function lastOfEach(known: HostState['lastEvents'], events: readonly DomainEvent[]): HostState['lastEvents'] {
  const last = new Map(known);
  for (const event of events) {
    if (event.summary) last.set(event.domain.uuid, event);
    else last.delete(event.domain.uuid);
  }
  return last;
}

function waitFor<T>(store: HostStore, read: () => T, accept: (value: T) => boolean, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    if (signal.aborted) return reject(signal.reason);
    const check = (): void => {
      const value = read();
      if (!accept(value)) return;
      stop();
      resolve(value);
    };
    const onAbort = (): void => {
      stop();
      reject(signal.reason ?? new VireoError('OPERATION_ABORTED', 'the wait was given up'));
    };
    const unsubscribe = store.subscribe(check);
    const stop = (): void => {
      unsubscribe();
      signal.removeEventListener('abort', onAbort);
    };
    signal.addEventListener('abort', onAbort, { once: true });
    check();
  });
}
