/**
 * Two scripted hosts and whoever leads a guest from one to the other, on virtual time: words that are late or lost, links
 * that break or fall silent, a destination that refuses, hangs or is killed and comes back, a user who calls it off. The
 * hosts keep to the rules of docs/MIGRATION.md; the oracle looks at every step that the guest never runs twice, and at
 * the end that it is somewhere, and that whoever asked was told where.
 */
import fc from 'fast-check';
import { VireoError } from '../../core/base/errors.ts';
import { abortable } from '../../core/base/lifetime.ts';
import { silentLog } from '../../core/base/log.ts';
import { type MigrationSource, leadMigration } from '../../core/migration/lead-migration.ts';
import { migrationOptionsSchema } from '../../core/migration/migration-options.ts';
import type { Arrival, MigrationTarget } from '../../core/migration/migration-target.ts';
import { VirtualClock, settled } from './virtual-clock.ts';

export interface MigrationScenario {
  /** How long each word is on its way, and each piece of work takes, one after the other and then from the first again. */
  readonly delaysMs: readonly number[];
  readonly faults: readonly { readonly atMs: number; readonly what: Fault; readonly forMs: number }[];
  readonly performFails: boolean;
  /** `late`: the guest runs there already. */
  readonly finishFails: 'no' | 'early' | 'late';
}

/** `break`: both sides hear of it; `silence`: nobody does, nothing gets through until it is noticed; `hang`: the destination does nothing for a while. */
const faultKinds = ['break', 'silence', 'hang', 'kill', 'call off'] as const;
type Fault = (typeof faultKinds)[number];

/** From the moment at which nothing comes any more (docs/MIGRATION.md). */
const noticedAfterMs = 30_000;

export const migrationScenarios: fc.Arbitrary<MigrationScenario> = fc.record({
  delaysMs: fc.array(fc.constantFrom(1, 10, 200, 3_000, 45_000), { minLength: 3, maxLength: 12 }),
  faults: fc.array(fc.record({ atMs: fc.nat({ max: 200_000 }), what: fc.constantFrom(...faultKinds), forMs: fc.constantFrom(500, 20_000, 70_000, 400_000) }), { maxLength: 4 }),
  performFails: fc.boolean(),
  finishFails: fc.constantFrom('no', 'no', 'early', 'late'),
});

type There = 'nothing' | 'waiting' | 'finishing' | 'running';

interface Link {
  /** What the source knows. */
  readonly closed: AbortController;
  /** The destination has heard of its end. */
  ended: boolean;
  /** Nothing gets through any more. */
  silent: boolean;
  /** The source has closed it: what was said before still gets through. */
  shut: boolean;
}

class Simulation {
  readonly clock = new VirtualClock();
  readonly #scenario: MigrationScenario;
  readonly #abort = new AbortController();
  readonly #history: string[] = [];
  #delay = 0;
  #here: 'running' | 'standing' | 'gone' = 'running';
  #there: There = 'nothing';
  #hasRunThere = false;
  /** Whose connection the waiting guest goes with. */
  #owner: Link | null = null;
  #links: Link[] = [];
  #hungUntilMs = 0;
  #isDown = false;
  /** Counts the lives of the destination's driver: what one has begun another does not go on with in its own words. */
  #life = 0;
  /** Whoever leads was told what became of it. */
  #isKnown = false;
  #wrong: string | null = null;

  constructor(scenario: MigrationScenario) {
    this.#scenario = scenario;
    for (const { atMs, what, forMs } of scenario.faults) void this.clock.sleep(atMs).then(() => this.#fault(what, forMs));
  }

  async run(): Promise<void> {
    const target = this.#connect();
    const request = { source: this.#source(), target, uri: 'vireo+ssh://beta', openTarget: () => this.#open(), options: migrationOptionsSchema.parse({ live: true }), clock: this.clock, log: silentLog };
    const told = { words: null as string | null };
    const leading = leadMigration(request).then(() => (told.words = 'moved'), (error: VireoError) => (told.words = error.message));
    void leading.then(() => target[Symbol.asyncDispose]()); // as everybody does who leads
    for (let turns = 0; turns < 20_000; turns += 1) {
      await settled();
      if (this.#wrong) throw this.#error(this.#wrong);
      const { idleMs } = this.clock;
      if (idleMs === null) break;
      this.clock.advance(Math.max(1, idleMs));
    }
    if (told.words === null) throw this.#error('whoever asked is never told');
    this.#judge(told.words);
  }

  /** @throws where the guest is not in the one place of which people were told. */
  #judge(told: string): void {
    const place = `${this.#here} here, ${this.#there} there`;
    const isUnknown = told.includes('nobody can say whether it did');
    const isRight =
      told === 'moved'
        ? place === 'gone here, running there'
        : isUnknown
          ? this.#here === 'standing' && !this.#isKnown
          : place === 'running here, nothing there';
    if (!isRight) throw this.#error(`the guest is ${place}, and people are told: ${told}`);
  }

  #error(what: string): Error {
    return new Error(`oracle: ${what}\n${this.#history.join('\n')}`);
  }

  #note(what: string): void {
    this.#history.push(`${String(this.clock.now() - 1_000_000).padStart(7)} ms  ${what}`);
    if (this.#here === 'running' && this.#there === 'running') this.#wrong ??= 'the guest runs on both hosts';
    if (this.#here === 'gone' && this.#there === 'nothing') this.#wrong ??= 'the guest runs nowhere';
  }

  async #takesTime(): Promise<void> {
    const { delaysMs } = this.#scenario;
    await this.clock.sleep(delaysMs[this.#delay++ % delaysMs.length] ?? 1);
  }

  /** A destination that hangs does everything later; one that is down does nothing. */
  async #destinationWorks(): Promise<void> {
    await this.#takesTime();
    while (this.clock.now() < this.#hungUntilMs) await this.clock.sleep(this.#hungUntilMs - this.clock.now());
  }

  #fault(what: Fault, forMs: number): void {
    this.#note(`-- ${what}`);
    if (what === 'call off') return this.#abort.abort(new VireoError('OPERATION_ABORTED', 'called off'));
    if (what === 'hang') return void (this.#hungUntilMs = Math.max(this.#hungUntilMs, this.clock.now() + forMs));
    if (what === 'kill') return this.#kill(forMs);
    for (const link of this.#links) this.#lose(link, what);
  }

  #lose(link: Link, how: 'break' | 'silence'): void {
    if (link.silent || link.ended) return;
    link.silent = true;
    const heardMs = how === 'break' ? 1 : noticedAfterMs;
    void this.clock.sleep(heardMs).then(() => link.closed.abort(new VireoError('RPC', 'the connection is lost')));
    void this.clock.sleep(heardMs).then(() => this.#destinationHearsEnd(link));
  }

  async #destinationHearsEnd(link: Link): Promise<void> {
    const life = this.#life;
    await this.#destinationWorks();
    link.ended = true;
    if (life !== this.#life || this.#owner !== link || this.#there !== 'waiting') return;
    this.#there = 'nothing';
    this.#note('the destination drops what its client has left');
  }

  /** SIGKILL of the destination's driver; the next one goes by the phase on disk. */
  #kill(forMs: number): void {
    if (this.#isDown) return;
    this.#life += 1;
    this.#isDown = true;
    for (const link of this.#links) {
      link.silent = true;
      link.ended = true;
      link.closed.abort(new VireoError('RPC', 'the connection is lost'));
    }
    void this.clock.sleep(forMs).then(() => {
      this.#isDown = false;
      if (this.#there === 'waiting') this.#there = 'nothing';
      if (this.#there === 'finishing') this.#runThere();
      this.#note('-- the destination is back');
    });
  }

  #runThere(): void {
    this.#there = 'running';
    this.#hasRunThere = true;
  }

  /** A word to the destination and its answer, either of which may get lost. */
  async #ask<T>(link: Link, work: (life: number) => Promise<T>): Promise<T> {
    if (link.shut) return await never(link);
    await this.#takesTime();
    if (link.silent || this.#isDown) return await never(link);
    await this.#destinationWorks();
    if (link.silent || this.#isDown) return await never(link);
    const answer = await work(this.#life).then((value) => () => value, (error: unknown) => () => { throw error; });
    await this.#takesTime();
    if (link.silent || this.#isDown) return await never(link);
    return answer();
  }

  async #open(): Promise<MigrationTarget> {
    await this.#takesTime();
    if (this.#isDown) throw new VireoError('SYSTEM_ERROR', 'nobody listens');
    return this.#connect();
  }

  #connect(): MigrationTarget {
    const link: Link = { closed: new AbortController(), ended: false, silent: false, shut: false };
    this.#links.push(link);
    return {
      label: 'beta',
      address: null,
      hostUuid: 'h',
      hostName: 'beta',
      connectedAtMs: 5,
      closed: link.closed.signal,
      prepare: (_request, signal) => abortable(this.#ask(link, () => this.#prepare(link)), signal),
      prepareTunnel: () => Promise.reject(new VireoError('OPERATION_UNSUPPORTED', 'no tunnel here')),
      finish: ({ cancelled }, signal) => abortable(this.#ask(link, (life) => this.#finish(life, cancelled)), signal),
      arrival: async (_question, signal) => {
        const arrival = await abortable(this.#ask(link, async () => this.#arrival()), signal);
        if (arrival !== 'coming') this.#isKnown = true;
        return arrival;
      },
      [Symbol.asyncDispose]: async () => {
        if (link.shut || link.silent) return;
        link.shut = true;
        link.closed.abort(new VireoError('RPC', 'closed by this side'));
        void this.#takesTime().then(() => this.#destinationHearsEnd(link));
      },
    };
  }

  async #prepare(link: Link): Promise<{ cookie: string; uri: string }> {
    this.#there = 'waiting';
    this.#owner = link;
    this.#note('prepared there');
    if (link.ended) void this.#destinationHearsEnd(link);
    return { cookie: 'p', uri: 'tcp:beta:49152' };
  }

  async #finish(life: number, cancelled: boolean): Promise<{ cookie: string; id: number | null }> {
    if (this.#there !== 'waiting') throw new VireoError('NO_DOMAIN', 'no migration of this domain is waited for');
    if (cancelled) {
      this.#there = 'nothing';
      this.#note('cancelled there');
      return { cookie: '', id: null };
    }
    this.#there = 'finishing';
    this.#note('finishing there');
    await this.#destinationWorks();
    if (life !== this.#life) throw new VireoError('RPC', 'its driver was killed');
    if (this.#scenario.finishFails === 'early') {
      this.#there = 'nothing';
      this.#note('finish fails');
      throw new VireoError('OPERATION_FAILED', 'it cannot run there');
    }
    this.#runThere();
    this.#note('runs there');
    if (this.#scenario.finishFails === 'late') throw new VireoError('OPERATION_FAILED', 'it runs there, but not all could be written down');
    return { cookie: 'f', id: 3 };
  }

  #arrival(): Arrival {
    if (this.#there === 'running') return 'here';
    if (this.#there !== 'nothing') return 'coming';
    return this.#hasRunThere ? 'was here' : 'not here';
  }

  #source(): MigrationSource {
    return {
      uuid: 'c7a5fdbd-edaf-9455-926a-d65c16db1809',
      name: 'web',
      begin: async () => ({ xml: '<domain/>', cookie: 'b' }),
      isPaused: async () => false,
      perform: async ({ connection }) => {
        await this.#takesTime();
        const over = AbortSignal.any([this.#abort.signal, ...(connection ? [connection] : [])]);
        over.throwIfAborted();
        this.#here = 'standing';
        this.#note('stands still here');
        await this.#takesTime();
        if (connection?.aborted || this.#scenario.performFails || this.#there !== 'waiting') {
          this.#here = 'running';
          this.#note('goes on here: it could not be sent');
          throw connection?.reason ?? new VireoError('OPERATION_FAILED', 'it could not be sent');
        }
        return 's';
      },
      confirm: async ({ cancelled, unknown }) => {
        await this.#takesTime();
        if (unknown) return this.#note('nobody knows: stays as it is here');
        if (!cancelled) this.#here = 'gone';
        else if (this.#here === 'standing') this.#here = 'running';
        this.#note(cancelled ? 'goes on here' : 'gone from here');
      },
      abortRequested: this.#abort.signal,
      closing: new AbortController().signal,
    };
  }
}

/** The other side's answer will not come; what ends the waiting is the connection's end. */
function never({ closed }: Link): Promise<never> {
  return abortable(new Promise<never>(() => {}), closed.signal);
}

/** @throws Error `oracle: ...` with what happened. */
export function simulateMigration(scenario: MigrationScenario): Promise<void> {
  return new Simulation(scenario).run();
}
