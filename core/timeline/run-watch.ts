/**
 * One run of a domain as its timeline sees it: QEMU's events and words as they come, and at the end the account of how
 * it ended. It holds nothing up: what it cannot learn it leaves out.
 */
import type { Clock } from '../base/clock.ts';
import type { Domain } from '../domain/domain.ts';
import type { DomainLog } from '../domain/domain-log.ts';
import type { LiveDomain } from '../domain/live-domain.ts';
import type { QmpEvent } from '../monitor/commands.ts';
import { withoutSecrets } from '../monitor/recent-messages.ts';
import { FloodGate } from './flood-gate.ts';
import { LogFollower } from './log-follower.ts';
import { type LastMoment, accountOf, lastMoment } from './run-account.ts';
import type { Timeline } from './timeline.ts';
import type { NewEntry, RunAccount } from './timeline-entry.ts';

export interface RunWatchOptions {
  readonly domain: Domain;
  readonly live: LiveDomain;
  readonly timeline: Timeline;
  readonly log: DomainLog;
  /** Where in the log QEMU's words begin that the timeline does not have yet. */
  readonly wordsFrom: number;
  readonly clock: Clock;
}

const eventsAtOnce = 4;
const linesAtOnce = 100;
const windowMs = 10_000;
const tailBytes = 32 * 1024;

/** Reasons of a SHUTDOWN that neither the guest nor, where the run was to go on, the driver has caused. */
const endedFromOutside: readonly (string | null)[] = ['host-signal', 'host-qmp-quit'];

interface Words {
  readonly line: string;
  readonly logOffset: number;
}

export class RunWatch implements Disposable {
  readonly id: number;
  readonly #options: RunWatchOptions;
  readonly #events: FloodGate<string>;
  readonly #words: FloodGate<Words>;
  readonly #follower: LogFollower;
  /** Of the first SHUTDOWN: the driver's own way of ending QEMU makes another one. */
  #shutdownReason: string | null = null;
  #moment: LastMoment | null = null;
  #account: RunAccount | null = null;

  constructor(options: RunWatchOptions) {
    const { live, clock, log, wordsFrom, domain } = options;
    this.#options = options;
    this.id = live.facts.id;
    const common = { clock, windowMs };
    this.#events = new FloodGate({
      ...common,
      burst: eventsAtOnce,
      pass: (name, data) => this.#record('qmp', name, data === '' ? {} : { data }),
      summarize: (name, count, data) => this.#record('qmp', name, { more: count, ...(data === '' ? {} : { data }) }),
    });
    this.#words = new FloodGate({
      ...common,
      burst: linesAtOnce,
      pass: (_name, { line, logOffset }) => this.#record('stderr', 'line', { line, logOffset }),
      summarize: (_name, count, { line, logOffset }) => this.#record('stderr', 'line', { more: count, line, logOffset }),
    });
    this.#follower = new LogFollower({ path: log.path, from: wordsFrom, onLine: (line, logOffset) => this.#words.offer('line', { line, logOffset }) });
    this.#follower.start();
    live.died.addEventListener('abort', () => (this.#moment ??= lastMoment(domain, live)), { once: true });
    live.onEnd('timeline', () => this.#ended());
  }

  /** Called from the monitor's read path. */
  event(event: QmpEvent): void {
    if (event.event === 'SHUTDOWN') this.#shutdownReason ??= event.data.reason;
    this.#events.offer(event.event === 'unknown' ? event.name : event.event, withoutSecrets(event.data));
  }

  /** How the run ended, once it has. */
  get account(): RunAccount | null {
    return this.#account;
  }

  /** Everything in the log before it is in the timeline. */
  get logOffset(): number {
    return this.#follower.offset;
  }

  /** Tells what is held and ends the watching, of a run that is over or goes on without this driver. */
  [Symbol.dispose](): void {
    this.#events.flush();
    this.#words.flush();
    this.#follower[Symbol.dispose]();
  }

  async #ended(): Promise<void> {
    const { domain, live, log } = this.#options;
    await this.#follower.catchUp();
    const moment = this.#moment ?? lastMoment(domain, live);
    const isFromOutside = live.endReason === 'shutdown' && endedFromOutside.includes(this.#shutdownReason);
    const byDriver = live.endReason !== null && live.endReason !== 'crashed' && !isFromOutside;
    this.#account = accountOf(live, moment, await log.tail(tailBytes).catch(() => ''), byDriver);
    this[Symbol.dispose]();
  }

  #record(kind: NewEntry['kind'], what: string, details: Record<string, unknown>): void {
    this.#options.timeline.record({ atMs: this.#options.clock.wallTime(), run: this.id, kind, what, details });
  }
}
