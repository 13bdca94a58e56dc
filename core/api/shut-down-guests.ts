/**
 * Shutting down every guest of a host, as quitting the app and stopping a host do: each is asked by its agent or its
 * power button, all at once, and watched until it is off, has refused, or the deadline has passed. Nothing is forced;
 * what to do with those that are left is for who asked.
 */
import type { Clock } from '../base/clock.ts';
import { asVireoError } from '../base/errors.ts';
import type { DomainSummary } from '../domain/domain-summary.ts';
import { isActiveState } from '../domain/domain-state.ts';
import type { Client } from './client.ts';

export interface GuestLeaving {
  readonly uuid: string;
  readonly name: string;
  /** `refused`: it could not even be asked, `reason` says why. */
  readonly step: 'asking' | 'asked' | 'off' | 'refused';
  readonly reason: string | null;
}

export interface ShutDownGuestsOptions {
  readonly client: Client;
  readonly clock: Clock;
  readonly deadlineMs: number;
  /** Stops the watching; the guests have been asked all the same. */
  readonly signal: AbortSignal;
  readonly onProgress?: (guests: readonly GuestLeaving[]) => void;
}

/** A guest that was still booting has missed its button, so it is pressed again. */
const askAgainMs = 15_000;

/** Every guest that ran, as it is at the end, in the order of their names. @throws the signal's reason, or RPC. */
export async function shutDownGuests(options: ShutDownGuestsOptions): Promise<readonly GuestLeaving[]> {
  const leaving = new LeavingGuests(options);
  const done = new AbortController();
  const stop = AbortSignal.any([options.signal, options.client.closed, done.signal]);
  using _watch = options.client.on('domain', ({ domain, summary }) => leaving.see(domain.uuid, summary));
  try {
    const { domains } = await options.client.call('connectListAllDomains', {}, { signal: stop });
    leaving.begin(domains.filter(({ state }) => isActiveState(state)));
    const deadline = options.clock.sleep(options.deadlineMs, stop);
    void leaving.askAll(stop);
    void askAgain(leaving, options.clock, stop);
    await Promise.race([leaving.settled, deadline]);
    options.signal.throwIfAborted();
    options.client.closed.throwIfAborted();
    return leaving.guests;
  } finally {
    done.abort();
  }
}

async function askAgain(leaving: LeavingGuests, clock: Clock, stop: AbortSignal): Promise<void> {
  for (;;) {
    await clock.sleep(askAgainMs, stop);
    if (stop.aborted) return;
    await leaving.askAll(stop);
  }
}

class LeavingGuests {
  /** Resolves when none is left that may still go by itself. */
  readonly settled: Promise<void>;
  readonly #options: ShutDownGuestsOptions;
  readonly #guests = new Map<string, GuestLeaving>();
  #settle!: () => void;

  constructor(options: ShutDownGuestsOptions) {
    this.#options = options;
    this.settled = new Promise((resolve) => (this.#settle = resolve));
  }

  get guests(): readonly GuestLeaving[] {
    return [...this.#guests.values()];
  }

  begin(running: readonly DomainSummary[]): void {
    for (const { uuid, name } of running.toSorted((one, other) => one.name.localeCompare(other.name))) this.#guests.set(uuid, { uuid, name, step: 'asking', reason: null });
    this.#tell();
  }

  see(uuid: string, summary: DomainSummary | null): void {
    if (summary === null || !isActiveState(summary.state)) this.#change(uuid, { step: 'off', reason: null });
  }

  async askAll(signal: AbortSignal): Promise<void> {
    await Promise.all(this.guests.filter(({ step }) => step === 'asking' || step === 'asked').map(({ uuid }) => this.#ask(uuid, signal)));
  }

  async #ask(uuid: string, signal: AbortSignal): Promise<void> {
    try {
      await this.#options.client.call('domainShutdown', { domain: uuid }, { signal });
      this.#change(uuid, { step: 'asked', reason: null });
    } catch (error) {
      if (signal.aborted) return;
      const now = await this.#options.client.call('domainLookup', { domain: uuid }, { signal }).catch(() => null); // it may have gone meanwhile
      if (now === null || !isActiveState(now.state)) this.see(uuid, now);
      // One that was asked and still goes may refuse to hear it twice.
      else if (this.#guests.get(uuid)?.step === 'asking') this.#change(uuid, { step: 'refused', reason: asVireoError(error).message });
    }
  }

  #change(uuid: string, change: Pick<GuestLeaving, 'step' | 'reason'>): void {
    const guest = this.#guests.get(uuid);
    if (!guest || guest.step === 'off') return;
    this.#guests.set(uuid, { ...guest, ...change });
    this.#tell();
  }

  #tell(): void {
    this.#options.onProgress?.(this.guests);
    if (this.guests.every(({ step }) => step === 'off' || step === 'refused')) this.#settle();
  }
}
