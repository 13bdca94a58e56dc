/** A process of the soak, host or client, as the soak holds it: told, asked, counted, and killed. */
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { Emitter } from '../../core/base/events.ts';
import type { FromWorker, ToWorker } from './messages.ts';

export class Worker implements AsyncDisposable {
  readonly messages = new Emitter<FromWorker>();
  readonly #child: ChildProcess;

  /** Runs this same program with `words`. */
  constructor(words: readonly string[]) {
    this.#child = fork(process.argv[1] as string, [...words], { execArgv: ['--expose-gc', '--enable-source-maps'], stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
    this.#child.on('message', (message: FromWorker) => this.messages.fire(message));
    this.#child.on('error', () => {}); // its end is looked at where somebody waits for it
  }

  get pid(): number {
    return this.#child.pid ?? 0;
  }

  get ended(): boolean {
    return this.#child.exitCode !== null || this.#child.signalCode !== null;
  }

  tell(message: ToWorker): void {
    if (!this.ended) this.#child.send(message, () => {}); // one that was killed needs to be told nothing
  }

  /** The next message of this type; rejects where the worker ends or is silent for too long. */
  async next<T extends FromWorker['type']>(type: T, limitMs: number): Promise<Extract<FromWorker, { type: T }>> {
    const over = new AbortController();
    const timer = setTimeout(() => over.abort(new Error(`no '${type}' within ${limitMs / 1_000} s from process ${this.pid}`)), limitMs);
    const onExit = (): void => over.abort(new Error(`process ${this.pid} ended before it said '${type}'`));
    this.#child.once('exit', onExit);
    try {
      return (await this.messages.once((message) => message.type === type, over.signal)) as Extract<FromWorker, { type: T }>;
    } finally {
      clearTimeout(timer);
      this.#child.off('exit', onExit);
    }
  }

  async end(signal: 'SIGTERM' | 'SIGKILL'): Promise<void> {
    if (this.ended) return;
    const exited = once(this.#child, 'exit');
    this.#child.kill(signal);
    await exited;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.end('SIGKILL');
  }
}
