/**
 * Finds a pattern in lines. Plain text is looked for at once. A regular expression may need longer than the universe has
 * (`(a+)+$`), and JavaScript has no way to stop one: it runs in a thread of its own, which is ended when it takes too long.
 */
import { Worker } from 'node:worker_threads';
import type { Clock } from '../../base/clock.ts';
import { VireoError } from '../../base/errors.ts';
import { abortable } from '../../base/lifetime.ts';

export interface Pattern {
  readonly pattern: string;
  readonly kind: 'text' | 'regex';
  readonly caseSensitive: boolean;
}

/** The first match of a line. */
export interface LineMatch {
  /** Which of the lines. */
  readonly index: number;
  readonly column: number;
  readonly length: number;
}

export interface PatternMatcher {
  /** In the lines' order. @throws INVALID_ARG naming the pattern when it takes too long; the signal's reason. */
  match(texts: readonly string[], signal: AbortSignal): Promise<readonly LineMatch[]>;
}

/** For some thousand lines, of which each takes microseconds; a machine in trouble makes that seconds. */
const defaultDeadlineMs = 5_000;

/** @param thread for regular expressions; the caller ends it. @throws INVALID_ARG for what is no regular expression. */
export function patternMatcher(pattern: Pattern, thread: PatternThread): PatternMatcher {
  assertPattern(pattern);
  const flags = pattern.caseSensitive ? '' : 'i';
  if (pattern.kind === 'regex') return { match: (texts, signal) => thread.match({ source: pattern.pattern, flags }, texts, signal) };
  const literal = new RegExp(pattern.pattern.replaceAll(/[\\^$.*+?()[\]{}|/]/g, String.raw`\$&`), flags);
  return { match: (texts) => Promise.resolve(matchesOf(literal, texts)) };
}

/** @throws INVALID_ARG with what is wrong with it. */
export function assertPattern({ pattern, kind }: Pick<Pattern, 'pattern' | 'kind'>): void {
  if (kind === 'text') return;
  try {
    void new RegExp(pattern);
  } catch (error) {
    const reason = error instanceof Error ? error.message.replace(/^Invalid regular expression: /, '') : String(error);
    throw new VireoError('INVALID_ARG', `the pattern '${pattern}' is no regular expression: ${reason}`, { details: { pattern } });
  }
}

function matchesOf(expression: RegExp, texts: readonly string[]): LineMatch[] {
  const matches: LineMatch[] = [];
  for (const [index, text] of texts.entries()) {
    const found = expression.exec(text);
    if (found) matches.push({ index, column: found.index, length: found[0].length });
  }
  return matches;
}

/** What runs in the thread. It is text so that whoever bundles this program needs to know nothing of it. */
const threadProgram = `
const { parentPort } = require('node:worker_threads');
parentPort.on('message', ({ source, flags, texts }) => {
  const expression = new RegExp(source, flags);
  const matches = [];
  for (let index = 0; index < texts.length; index++) {
    const found = expression.exec(texts[index]);
    if (found) matches.push({ index, column: found.index, length: found[0].length });
  }
  parentPort.postMessage(matches);
});
`;

interface Expression {
  readonly source: string;
  readonly flags: string;
}

/** A thread for regular expressions, begun with the first; one that takes too long costs the thread, and the next begins another. */
export class PatternThread implements AsyncDisposable {
  readonly #clock: Clock;
  readonly #deadlineMs: number;
  #thread: Worker | null = null;
  #disposed = false;
  /** One expression at a time. */
  #turn: Promise<unknown> = Promise.resolve();

  constructor(clock: Clock, deadlineMs = defaultDeadlineMs) {
    this.#clock = clock;
    this.#deadlineMs = deadlineMs;
  }

  /** @throws INVALID_ARG naming the expression when it takes too long; the signal's reason. */
  async match(expression: Expression, texts: readonly string[], signal: AbortSignal): Promise<readonly LineMatch[]> {
    if (texts.length === 0) return [];
    const work = this.#turn.then(() => this.#match(expression, texts, signal));
    this.#turn = work.catch(() => {});
    return await work;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#disposed = true;
    await this.#end();
  }

  async #match({ source, flags }: Expression, texts: readonly string[], signal: AbortSignal): Promise<readonly LineMatch[]> {
    signal.throwIfAborted();
    if (this.#disposed) throw new VireoError('OPERATION_ABORTED', 'the search was ended');
    const done = new AbortController();
    try {
      const thread = await this.#started(signal);
      const answered = answerOf(thread);
      thread.postMessage({ source, flags, texts });
      const overdue = this.#clock.sleep(this.#deadlineMs, done.signal).then(() => 'overdue' as const);
      const answer = await abortable(Promise.race([answered, overdue]), signal);
      if (answer !== 'overdue') return answer;
      throw new VireoError('INVALID_ARG', `the pattern '${source}' takes too long on a line: it was given up after ${this.#deadlineMs} ms`, { details: { pattern: source } });
    } catch (error) {
      await this.#end(); // it may be in the middle of something
      throw error;
    } finally {
      done.abort();
    }
  }

  /** The thread's own start does not count as the expression's time. */
  async #started(signal: AbortSignal): Promise<Worker> {
    if (this.#thread) return this.#thread;
    const thread = new Worker(threadProgram, { eval: true, resourceLimits: { maxOldGenerationSizeMb: 64 } });
    thread.unref();
    this.#thread = thread;
    await abortable(new Promise<void>((resolve, reject) => thread.once('online', resolve).once('error', reject)), signal);
    return thread;
  }

  async #end(): Promise<void> {
    const thread = this.#thread;
    this.#thread = null;
    await thread?.terminate();
  }
}

/** The next answer. Its listeners go with it, whoever is first. */
function answerOf(thread: Worker): Promise<readonly LineMatch[]> {
  return new Promise((resolve, reject) => {
    const settle = (act: () => void): void => {
      thread.off('message', onMessage).off('error', onError).off('exit', onExit);
      act();
    };
    const onMessage = (matches: readonly LineMatch[]): void => settle(() => resolve(matches));
    const onError = (error: unknown): void => settle(() => reject(error));
    const onExit = (): void => settle(() => reject(new VireoError('INTERNAL_ERROR', 'the thread that looks for a pattern has ended')));
    thread.on('message', onMessage).on('error', onError).on('exit', onExit);
  });
}
