/**
 * Reactions of one domain that need a job, one after the other, beside the handling of its events: a job may be waited
 * for as long as a dump lasts, and meanwhile the domain must be seen to stop, to run and to end. Only the reactions of
 * the same domain wait for one another.
 */
import { asVireoError } from '../base/errors.ts';
import type { Domain } from '../domain/domain.ts';
import type { LiveDomain } from '../domain/live-domain.ts';
import { Call } from '../job/call.ts';
import type { ProcessContext } from './process-context.ts';

/** More kinds of reactions than a domain has. */
const maximumWaiting = 256;

export class EventWorker {
  readonly #context: ProcessContext;
  readonly #domain: Domain;
  readonly #live: LiveDomain;
  /** By what they are about: a reaction that has not begun takes the newer one's place. */
  readonly #waiting = new Map<string, () => Promise<void>>();
  #working = false;

  constructor(context: ProcessContext, domain: Domain, live: LiveDomain) {
    this.#context = context;
    this.#domain = domain;
    this.#live = live;
  }

  add(about: string, work: () => Promise<void>): void {
    if (!this.#waiting.has(about) && this.#waiting.size >= maximumWaiting) {
      this.#context.log.write('error', 'too many reactions of a domain are waiting; one was dropped', { domain: this.#domain.name, about });
      return;
    }
    this.#waiting.set(about, work);
    void this.#work();
  }

  async #work(): Promise<void> {
    if (this.#working) return;
    this.#working = true;
    for (const [about, work] of this.#waiting) {
      this.#waiting.delete(about);
      if (isOver(this.#context, this.#domain, this.#live)) continue;
      try {
        await work();
      } catch (error) {
        if (isOver(this.#context, this.#domain, this.#live)) continue;
        this.#context.log.write('error', 'the reaction to an event of a domain failed', { domain: this.#domain.name, about, error: asVireoError(error).message });
      }
    }
    this.#working = false;
  }
}

/** Nobody reacts any more: the run has ended, or this driver lets go of it. */
export function isOver(context: ProcessContext, domain: Domain, live: LiveDomain): boolean {
  return domain.live !== live || live.died.aborted || context.closing.aborted;
}

/**
 * Does `work`, which begins a job with the call that it is given, and tries again as long as somebody else holds the
 * domain: an API that takes long is no reason to forget what the guest did. It gives up when the run is over.
 */
export async function asSoonAsFree(context: ProcessContext, owner: string, domain: Domain, live: LiveDomain, work: (call: Call) => Promise<void>): Promise<void> {
  while (!isOver(context, domain, live)) {
    const call = Call.ofDriver(owner, context.log, context.closing);
    try {
      return await work(call);
    } catch (error) {
      if (isOver(context, domain, live)) return;
      const { code, message } = asVireoError(error);
      if (code !== 'OPERATION_TIMEOUT') throw error;
      context.log.write('warning', 'the reaction to an event waits for its domain', { domain: domain.name, owner, error: message });
    }
  }
}
