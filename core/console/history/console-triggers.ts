/**
 * The triggers of a host's domains: kept in a file each, armed for the consoles that are followed, and told of when one
 * matches, at most every few seconds each.
 */
import { randomUUID } from 'node:crypto';
import { mkdir } from 'node:fs/promises';
import path from 'node:path';
import { z } from 'zod';
import { readTextIfThere, writeAtomic } from '../../base/atomic-file.ts';
import type { Clock } from '../../base/clock.ts';
import { asVireoError } from '../../base/errors.ts';
import { Emitter } from '../../base/events.ts';
import type { Log } from '../../base/log.ts';
import type { ConsoleStream } from '../console-stream.ts';
import type { ConsoleDevice } from '../console-types.ts';
import type { ConsoleLine } from './console-lines.ts';
import { PatternThread, type PatternMatcher, assertPattern, patternMatcher } from './pattern-matcher.ts';
import { type ArmedTrigger, TriggerReader } from './trigger-reader.ts';
import { type ConsoleTrigger, type NewConsoleTrigger, consoleTriggerSchema, maximumTriggers } from './trigger-schema.ts';

const fileSchema = z.object({ version: z.literal(1), triggers: z.array(consoleTriggerSchema).max(maximumTriggers) });

/** A pattern on a console, as it is told. */
export interface TriggerFired {
  readonly uuid: string;
  readonly trigger: ConsoleTrigger;
  readonly alias: string;
  readonly label: string;
  readonly line: ConsoleLine;
  readonly atMs: number;
  /** Matches that were not told since the last time. */
  readonly more: number;
}

export interface ConsoleTriggersOptions {
  readonly clock: Clock;
  readonly log: Log;
  /** The file of a domain's triggers. */
  readonly file: (uuid: string) => string;
}

/** Of one trigger nobody wants to hear more often. */
const quietMs = 10_000;
/** Few lines at a time, which matter only now: less patience than a search has. */
const deadlineMs = 2_000;
const maximumLineCharacters = 500;

interface Known {
  triggers: readonly ConsoleTrigger[];
  readonly matchers: Map<string, PatternMatcher>;
  readonly quiet: Map<string, { untilMs: number; more: number }>;
  saving: Promise<void>;
  gone: boolean;
}

export class ConsoleTriggers implements AsyncDisposable {
  readonly fired: Emitter<TriggerFired>;
  readonly #options: ConsoleTriggersOptions;
  readonly #known = new Map<string, Promise<Known>>();
  readonly #life = new AbortController();
  readonly #thread: PatternThread;

  constructor(options: ConsoleTriggersOptions) {
    this.#options = options;
    this.#thread = new PatternThread(options.clock, deadlineMs);
    this.fired = new Emitter((error) => options.log.write('error', 'a listener to console triggers failed', { error: String(error) }));
  }

  /** @throws SYSTEM_ERROR for a file that cannot be read. */
  async of(uuid: string): Promise<readonly ConsoleTrigger[]> {
    return (await this.#of(uuid)).triggers;
  }

  /**
   * Replaces all triggers of a domain.
   * @throws INVALID_ARG for a pattern that is none, SYSTEM_ERROR when they cannot be saved; then nothing has changed.
   */
  async set(uuid: string, wanted: readonly NewConsoleTrigger[]): Promise<readonly ConsoleTrigger[]> {
    for (const trigger of wanted) assertPattern(trigger);
    const known = await this.#of(uuid);
    const before = known.triggers;
    const triggers = wanted.map((trigger): ConsoleTrigger => {
      const same = before.find(({ id, pattern, kind }) => id === trigger.id && pattern === trigger.pattern && kind === trigger.kind);
      return { ...trigger, id: same?.id ?? randomUUID().slice(0, 8), lastFired: same?.lastFired ?? null, problem: null };
    });
    await this.#save(uuid, known, triggers);
    known.triggers = triggers;
    known.matchers.clear();
    return triggers;
  }

  /** The domain is gone, and its file with it. */
  forget(uuid: string): void {
    void this.#known.get(uuid)?.then((known) => (known.gone = true), () => {});
    this.#known.delete(uuid);
  }

  /** Begins to look at what a console writes from now on. */
  watch(uuid: string, device: ConsoleDevice, stream: ConsoleStream): AsyncDisposable {
    let known: Known | null = null;
    const reader = new TriggerReader({
      stream,
      clock: this.#options.clock,
      armed: () => known && this.#armed(uuid, known, device),
      onMatch: (id, line) => known && this.#matched(uuid, known, id, device, line),
    });
    const read = this.#of(uuid).then(
      (found) => {
        known = found;
        reader.look();
      },
      (error: unknown) => {
        known = nothingKnown();
        this.#options.log.write('warning', 'the triggers of a domain cannot be read', { uuid, error: asVireoError(error).message });
      },
    );
    return {
      async [Symbol.asyncDispose]() {
        await read;
        await reader[Symbol.asyncDispose]();
      },
    };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#life.abort();
    await this.#thread[Symbol.asyncDispose]();
    for (const known of this.#known.values()) await known.then(({ saving }) => saving, () => {});
  }

  #of(uuid: string): Promise<Known> {
    const there = this.#known.get(uuid);
    if (there) return there;
    const reading = this.#read(uuid);
    this.#known.set(uuid, reading);
    reading.catch(() => this.#known.delete(uuid)); // what cannot be read now may be readable the next time
    return reading;
  }

  async #read(uuid: string): Promise<Known> {
    const text = await readTextIfThere(this.#options.file(uuid));
    const triggers = text === null ? [] : fileSchema.parse(JSON.parse(text)).triggers;
    return { ...nothingKnown(), triggers };
  }

  #armed(uuid: string, known: Known, { alias, label }: ConsoleDevice): readonly ArmedTrigger[] {
    if (known.triggers.length === 0) return none;
    const mine = known.triggers.filter(({ enabled, problem, device }) => enabled && problem === null && (device === null || device === alias || device === label));
    return mine.map((trigger) => ({
      id: trigger.id,
      match: async (texts) => {
        try {
          const matcher = known.matchers.get(trigger.id) ?? patternMatcher(trigger, this.#thread);
          known.matchers.set(trigger.id, matcher);
          return await matcher.match(texts, this.#life.signal);
        } catch (error) {
          if (!this.#life.signal.aborted) this.#disarm(uuid, known, trigger.id, asVireoError(error).message);
          return [];
        }
      },
    }));
  }

  #matched(uuid: string, known: Known, id: string, { alias, label }: ConsoleDevice, found: ConsoleLine): void {
    const trigger = known.triggers.find((each) => each.id === id);
    if (!trigger?.enabled || known.gone || this.#life.signal.aborted) return;
    const nowMs = this.#options.clock.now();
    const quiet = known.quiet.get(id);
    if (quiet && nowMs < quiet.untilMs) {
      quiet.more++;
      return;
    }
    known.quiet.set(id, { untilMs: nowMs + quietMs, more: 0 });
    const atMs = this.#options.clock.wallTime();
    const line = { ...found, text: found.text.slice(0, maximumLineCharacters) };
    const after: ConsoleTrigger = { ...trigger, enabled: !trigger.once, lastFired: { atMs, alias, offset: line.offset, line: line.text } };
    this.#change(uuid, known, after);
    this.fired.fire({ uuid, trigger: after, alias, label, line, atMs, more: quiet?.more ?? 0 });
  }

  #disarm(uuid: string, known: Known, id: string, problem: string): void {
    const trigger = known.triggers.find((each) => each.id === id);
    if (trigger) this.#change(uuid, known, { ...trigger, problem });
    this.#options.log.write('warning', 'a console trigger is not heeded any more', { uuid, problem });
  }

  /** Nobody waits for the file: after a crash a trigger may be told of once more. */
  #change(uuid: string, known: Known, trigger: ConsoleTrigger): void {
    known.triggers = known.triggers.map((each) => (each.id === trigger.id ? trigger : each));
    void this.#save(uuid, known, known.triggers).catch((error: unknown) => this.#options.log.write('warning', 'the triggers of a domain cannot be saved', { uuid, error: asVireoError(error).message }));
  }

  #save(uuid: string, known: Known, triggers: readonly ConsoleTrigger[]): Promise<void> {
    const file = this.#options.file(uuid);
    const write = async (): Promise<void> => {
      if (known.gone) return;
      await mkdir(path.dirname(file), { recursive: true, mode: 0o700 });
      await writeAtomic(file, `${JSON.stringify({ version: 1, triggers }, null, 2)}\n`);
    };
    const saving = known.saving.then(write, write);
    known.saving = saving.catch(() => {});
    return saving;
  }
}

const none: readonly ArmedTrigger[] = [];

function nothingKnown(): Known {
  return { triggers: [], matchers: new Map(), quiet: new Map(), saving: Promise.resolve(), gone: false };
}
