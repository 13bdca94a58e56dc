/** The list of domains kept current by events, for the parts of the desktop that are no window. */
import type { Client } from '../core/api/client.ts';
import { Emitter } from '../core/base/events.ts';
import type { Log } from '../core/base/log.ts';
import { type DomainEvent, type DomainList, type DomainSummary, applyDomainEvent } from '../core/domain/domain-summary.ts';

/** Events that may come while the list is being fetched; beyond, the fetch is simply repeated. */
const maximumWaitingEvents = 1_000;

/** An event, and the domain as it was before; null for one that was not there. */
export interface SeenEvent {
  readonly event: DomainEvent;
  readonly before: DomainSummary | null;
}

export class DomainWatch implements Disposable {
  /** Every event that brought the list on, in order. */
  readonly events = new Emitter<SeenEvent>();
  readonly changes = new Emitter<readonly DomainSummary[]>();
  readonly #client: Client;
  readonly #log: Log;
  readonly #subscription: Disposable;
  #list: DomainList | null = null;
  #waiting: DomainEvent[] = [];
  #fetching = false;

  constructor(client: Client, log: Log) {
    this.#client = client;
    this.#log = log;
    this.#subscription = client.on('domain', (event) => this.#receive(event));
    void this.#fetch();
  }

  /** By name; empty until the list is there. */
  get domains(): readonly DomainSummary[] {
    return [...(this.#list?.domains.values() ?? [])].sort((a, b) => a.name.localeCompare(b.name));
  }

  [Symbol.dispose](): void {
    this.#subscription[Symbol.dispose]();
  }

  #receive(event: DomainEvent): void {
    if (!this.#list || this.#fetching) {
      if (this.#waiting.length < maximumWaitingEvents) this.#waiting.push(event);
      return;
    }
    const next = applyDomainEvent(this.#list, event);
    if (!next) return void this.#fetch();
    if (next === this.#list) return;
    const before = this.#list.domains.get(event.domain.uuid) ?? null;
    this.#list = next;
    this.events.fire({ event, before });
    this.changes.fire(this.domains);
  }

  async #fetch(): Promise<void> {
    if (this.#fetching) return;
    this.#fetching = true;
    try {
      const { revision, domains } = await this.#client.call('connectListAllDomains', {});
      this.#list = { revision, domains: new Map(domains.map((domain) => [domain.uuid, domain])) };
      this.changes.fire(this.domains);
    } catch (error) {
      // The next event finds no list, or a gap in it, and asks again.
      this.#log.write('warning', 'the list of domains cannot be fetched', { error: String(error) });
    }
    this.#fetching = false;
    const waiting = this.#waiting;
    this.#waiting = [];
    if (this.#list) for (const event of waiting) this.#receive(event);
  }
}
