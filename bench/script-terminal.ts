/** A program in a terminal, by util-linux's `script`: what it prints comes as bytes, and what is typed goes to it. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import type { Invocation } from './libvirt-session.ts';

export interface ScriptTerminal extends AsyncDisposable {
  /** Hears every byte from now on; null ends it. */
  listen(listener: ((bytes: Uint8Array) => void) | null): void;
  type(text: string): Promise<void>;
  /** Resolves when what came after the last match has the pattern. @throws with what came instead. */
  waitFor(pattern: RegExp, timeoutMs: number): Promise<void>;
  /** Resolves after so long without a byte. */
  quiet(ms: number): Promise<void>;
}

const pollMs = 10;
/** The history of a console, which comes before anything else, is a quarter of that. */
const keptCharacters = 1_048_576;
const leaveMs = 3_000;
const escape = '\u001d';

/** `words` must need no quoting. `invoke` says as whom it runs. */
export function openTerminal(words: readonly string[], invoke: (words: readonly string[]) => Invocation): ScriptTerminal {
  const { program, args, env } = invoke(['script', '-qfc', words.join(' '), '/dev/null']);
  const child = spawn(program, args, { env: { ...env }, stdio: ['pipe', 'pipe', 'ignore'] });
  const exited = once(child, 'exit').catch(() => {});
  let listener: ((bytes: Uint8Array) => void) | null = null;
  let [unseen, all, cameAtMs, hasEnded] = ['', '', performance.now(), false];
  child.on('error', () => (hasEnded = true));
  child.on('exit', () => (hasEnded = true));
  child.stdin.on('error', () => {});
  child.stdout.on('data', (bytes: Buffer) => {
    cameAtMs = performance.now();
    if (listener) return listener(bytes);
    unseen = (unseen + bytes.toString('latin1')).slice(-keptCharacters);
    all = unseen;
  });
  const pause = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, pollMs));
  return {
    listen: (next) => void (listener = next),
    type: (text) => new Promise((resolve, reject) => child.stdin.write(text, 'latin1', (error) => (error ? reject(error) : resolve()))),
    async waitFor(pattern, timeoutMs) {
      for (const endMs = performance.now() + timeoutMs; ; await pause()) {
        const found = pattern.exec(unseen);
        if (found) return void (unseen = unseen.slice(found.index + found[0].length));
        if (hasEnded || performance.now() > endMs) throw new Error(`'${words.join(' ')}' ${hasEnded ? 'ended' : 'did not print in time'}: waited for ${pattern} and saw:\n${all.slice(-1_000)}`);
      }
    },
    async quiet(ms) {
      while (!hasEnded && performance.now() - cameAtMs < ms) await pause();
    },
    async [Symbol.asyncDispose]() {
      listener = () => {};
      if (!hasEnded) child.stdin.write(escape);
      const timer = setTimeout(() => child.kill('SIGKILL'), leaveMs);
      await exited;
      clearTimeout(timer);
    },
  };
}
