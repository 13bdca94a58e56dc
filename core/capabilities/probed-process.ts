/**
 * A process that is started only to learn something from it, and that may die, hang or refuse to start. Its end is
 * always ours to bring about, and what it had to say on stderr is kept for the error message.
 */
import type { ChildProcess } from 'node:child_process';
import type { Clock } from '../base/clock.ts';

/** node:child_process's `spawn`, as far as it is needed here; injected. */
export type Spawn = (binary: string, args: readonly string[], options: { readonly stdio: ['ignore', 'ignore', 'pipe'] }) => ChildProcess;

const keptStderrCharacters = 4096;

/** A killed process that the kernel does not let go (a hung KVM can do that) is left behind after this time. */
const burialMs = 2000;

export type ProcessEnd =
  | { readonly kind: 'exit'; readonly code: number }
  | { readonly kind: 'signal'; readonly signal: NodeJS.Signals }
  | { readonly kind: 'not started'; readonly error: Error };

export class ProbedProcess implements AsyncDisposable {
  /** How it ended; never rejects. */
  readonly ended: Promise<ProcessEnd>;
  readonly #child: ChildProcess | null;
  readonly #clock: Clock;
  #stderr = '';
  #hasEnded = false;

  constructor(spawn: Spawn, clock: Clock, binary: string, args: readonly string[]) {
    this.#clock = clock;
    let notStarted: Error | null = null;
    try {
      this.#child = spawn(binary, args, { stdio: ['ignore', 'ignore', 'pipe'] });
    } catch (error) {
      // Node throws at once for some reasons (a file in a foreign format) and emits 'error' for others.
      this.#child = null;
      notStarted = error instanceof Error ? error : new Error(String(error));
    }
    this.#child?.stderr?.setEncoding('utf8').on('data', (text: string) => {
      this.#stderr = (this.#stderr + text).slice(-keptStderrCharacters);
    });
    this.ended = new Promise((resolve) => {
      if (notStarted) resolve({ kind: 'not started', error: notStarted });
      this.#child?.once('error', (error) => resolve({ kind: 'not started', error }));
      // 'close' and not 'exit': only then has everything on stderr been read.
      this.#child?.once('close', (code, signal) => {
        resolve(signal === null ? { kind: 'exit', code: code ?? 0 } : { kind: 'signal', signal });
      });
    });
    void this.ended.then(() => (this.#hasEnded = true));
  }

  /** The end of what it wrote to stderr, without surrounding blanks. */
  get stderr(): string {
    return this.#stderr.trim();
  }

  /** The end, if it comes within this time. */
  async endWithin(limitMs: number, signal?: AbortSignal): Promise<ProcessEnd | null> {
    const enough = new AbortController();
    const stop = (): void => enough.abort();
    signal?.addEventListener('abort', stop);
    if (signal?.aborted) stop();
    try {
      return await Promise.race([this.ended, this.#clock.sleep(limitMs, enough.signal).then(() => null)]);
    } finally {
      stop();
      signal?.removeEventListener('abort', stop);
    }
  }

  /** Kills it and waits until it is gone. */
  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#hasEnded) return;
    this.#child?.kill('SIGKILL');
    if ((await this.endWithin(burialMs)) !== null) return;
    this.#child?.stderr?.destroy();
    this.#child?.unref();
  }
}

/** How a process ended and what it said about it, to complete a sentence that begins with "it". */
export function describeEnd(end: ProcessEnd, stderr: string): string {
  const said = stderr === '' ? '' : `: ${stderr}`;
  switch (end.kind) {
    case 'exit':
      return `exited with status ${end.code}${said}`;
    case 'signal':
      return `was ended by ${end.signal}${said}`;
    case 'not started':
      return `could not be started: ${end.error.message}`;
  }
}
