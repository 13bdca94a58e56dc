/**
 * What this window has asked for and not yet been answered, and what went wrong. An action is busy from the click to
 * the answer; a refusal because somebody else holds the domain can be waited out and is then tried again by itself.
 */
import { type StoreApi, createStore } from 'zustand/vanilla';
import { type VireoError, asVireoError } from '../../core/base/errors.ts';
import type { JobHolder } from '../../core/domain/domain-summary.ts';
import { holdersOf } from '../words/errors.ts';
import { type ActionOptions, type DomainAction, domainActions, usualOptions } from './domain-actions.ts';
import type { Host } from './host-store.ts';

/** A failure as it is put before a person. */
export interface Failure {
  /** What did not happen. */
  readonly title: string;
  readonly error: VireoError;
  /** Tries the same again; null where that makes no sense. */
  readonly retry: (() => void) | null;
}

/** Somebody else holds the domain: the person chooses to look, to wait or to leave it. */
export interface HeldFailure extends Failure {
  readonly uuid: string;
  readonly action: DomainAction;
  readonly options: ActionOptions;
  readonly holders: readonly JobHolder[];
}

export interface ActionState {
  /** By domain, the actions under way; `waiting` ones start when the domain is free. */
  readonly pending: ReadonlyMap<string, ReadonlyMap<DomainAction, 'busy' | 'waiting'>>;
  /** Domains whose guest was asked to power off by this window, with when; a guest may ignore it. */
  readonly askedToShutDown: ReadonlyMap<string, number>;
  /** Why the last start that this window asked for failed, until the next one. */
  readonly failedStarts: ReadonlyMap<string, Failure>;
  readonly held: HeldFailure | null;
}

export interface Actions {
  readonly store: StoreApi<ActionState>;
  /** Resolves when the action has ended, well or not; failures go to `onFailure` or become `held`. */
  run(uuid: string, action: DomainAction, options?: ActionOptions): Promise<void>;
  /** Waits until nobody holds the domain, then runs the action that was refused. */
  waitAndRun(held: HeldFailure): Promise<void>;
  dismissHeld(): void;
}

/** A wait that somebody chose ends by itself at some time, for they may have left. */
const longestWaitMs = 10 * 60_000;

const noActions: ReadonlyMap<DomainAction, 'busy' | 'waiting'> = new Map();

export function pendingOf(state: Pick<ActionState, 'pending'>, uuid: string): ReadonlyMap<DomainAction, 'busy' | 'waiting'> {
  return state.pending.get(uuid) ?? noActions;
}

export function createActions(host: Host, onFailure: (failure: Failure) => void): Actions {
  const store = createStore<ActionState>(() => ({ pending: new Map(), askedToShutDown: new Map(), failedStarts: new Map(), held: null }));

  const mark = (uuid: string, action: DomainAction, phase: 'busy' | 'waiting' | null): void => {
    store.setState((state) => {
      const ofDomain = new Map(pendingOf(state, uuid));
      if (phase) ofDomain.set(action, phase);
      else ofDomain.delete(action);
      const pending = new Map(state.pending);
      if (ofDomain.size > 0) pending.set(uuid, ofDomain);
      else pending.delete(uuid);
      return { pending };
    });
  };

  const noteStart = (uuid: string, failure: Failure | null): void => {
    const failedStarts = new Map(store.getState().failedStarts);
    if (failure) failedStarts.set(uuid, failure);
    else failedStarts.delete(uuid);
    store.setState({ failedStarts });
  };

  const run: Actions['run'] = async (uuid, action, options = usualOptions) => {
    if (pendingOf(store.getState(), uuid).has(action)) return; // a second click asks for nothing new
    const name = host.domain(uuid)?.name ?? uuid;
    mark(uuid, action, 'busy');
    if (action === 'start') noteStart(uuid, null);
    try {
      await domainActions[action].run(host.client, uuid, options);
      if (action === 'shutdown') store.setState((state) => ({ askedToShutDown: new Map(state.askedToShutDown).set(uuid, Date.now()) }));
    } catch (thrown) {
      const error = asVireoError(thrown);
      const failure: Failure = { title: `${name} ${domainActions[action].failed}`, error, retry: () => void run(uuid, action, options) };
      const holders = holdersOf(error);
      if (holders.length > 0) store.setState({ held: { ...failure, uuid, action, options, holders } });
      else {
        if (action === 'start') noteStart(uuid, failure);
        onFailure(failure);
      }
    } finally {
      mark(uuid, action, null);
    }
  };

  const waitAndRun = async (held: HeldFailure): Promise<void> => {
    store.setState({ held: null });
    mark(held.uuid, held.action, 'waiting');
    try {
      await host.domainWhen(held.uuid, (summary) => !summary || (!summary.jobs.sync && !summary.jobs.async), AbortSignal.timeout(longestWaitMs));
    } catch {
      mark(held.uuid, held.action, null);
      return onFailure(held);
    }
    mark(held.uuid, held.action, null);
    await run(held.uuid, held.action, held.options);
  };

  forgetAnsweredShutdowns(host, store);
  forgetOldFailures(host, store);
  return { store, run, waitAndRun, dismissHeld: () => store.setState({ held: null }) };
}

/** A guest that has stopped, or was started again since, owes nobody a shutdown any more. */
function forgetAnsweredShutdowns(host: Host, store: StoreApi<ActionState>): void {
  host.store.subscribe(() => {
    const { askedToShutDown } = store.getState();
    if (askedToShutDown.size === 0) return;
    const waiting = [...askedToShutDown].filter(([uuid]) => host.domain(uuid)?.state === 'running');
    if (waiting.length !== askedToShutDown.size) store.setState({ askedToShutDown: new Map(waiting) });
  });
}

/** Whoever started the guest since: why it did not start before is of no use any more. */
function forgetOldFailures(host: Host, store: StoreApi<ActionState>): void {
  host.store.subscribe(() => {
    const { failedStarts } = store.getState();
    if (failedStarts.size === 0) return;
    const left = [...failedStarts].filter(([uuid]) => host.domain(uuid) && host.domain(uuid)?.state !== 'running');
    if (left.length !== failedStarts.size) store.setState({ failedStarts: new Map(left) });
  });
}
