/** What a handler of an event has in its hands: the run that it is about, and ways to tell and to react. */
import { asVireoError } from '../base/errors.ts';
import type { Domain } from '../domain/domain.ts';
import type { DomainEvent } from '../domain/domain-summary.ts';
import type { LiveDomain } from '../domain/live-domain.ts';
import { EventThrottle } from './event-throttle.ts';
import { EventWorker, isOver } from './event-worker.ts';
import type { ProcessContext } from './process-context.ts';

type Told = Exclude<DomainEvent['type'], 'lifecycle' | 'changed'>;

/** The guest may fail to write a thousand times a second; its log is for people. */
const longestLogLine = 2_000;

export class EventScene {
  readonly context: ProcessContext;
  readonly domain: Domain;
  readonly live: LiveDomain;
  /** For reactions that need a job and have an order among each other. */
  readonly worker: EventWorker;
  /** When the guest was last seen to reset, by the clock. */
  lastResetMs = Number.NEGATIVE_INFINITY;
  /** Names of events that only a newer QEMU has, once seen. */
  readonly unknownEvents = new Set<string>();
  readonly #throttle: EventThrottle;

  constructor(context: ProcessContext, domain: Domain, live: LiveDomain) {
    this.context = context;
    this.domain = domain;
    this.live = live;
    this.worker = new EventWorker(context, domain, live);
    this.#throttle = new EventThrottle(context.clock, AbortSignal.any([live.died, context.closing]));
  }

  /** Tells the domain's clients, with what libvirt's event carries; of those alike (`about`) ten a second at most. */
  tell(type: Told, detail: string | null, details?: DomainEvent['details'], about = ''): void {
    this.#throttle.run(`${type} ${about}`, () => this.context.hub.happened(this.domain, type, detail, details));
  }

  /** A line in the domain's log; of those alike ten a second at most. */
  note(about: string, text: string): void {
    const { context, domain } = this;
    this.#throttle.run(`note ${about}`, () => {
      void context.domainLog(domain.uuid).line(text.slice(0, longestLogLine), context.clock.wallTime()).catch(() => {});
    });
  }

  /** Writes the state file soon, once for all that changes until then; ten times a second at most. */
  saveSoon(): void {
    this.#throttle.run('state file', () => this.worker.add('state file', () => this.context.saveStatus(this.domain)));
  }

  /** A reaction that nobody waits for; it has its own order through the job that it takes. */
  react(what: string, work: Promise<void>): void {
    work.catch((error: unknown) => {
      if (isOver(this.context, this.domain, this.live)) return;
      this.context.log.write('error', 'the reaction to an event of a domain failed', { domain: this.domain.name, about: what, error: asVireoError(error).message });
    });
  }
}
