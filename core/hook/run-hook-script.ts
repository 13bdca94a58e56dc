/** One hook script, from its start to its end: its input given, its output and its last words taken, its time bounded. */
import { spawn } from 'node:child_process';
import { VireoError } from '../base/errors.ts';

export interface HookRun {
  readonly script: string;
  readonly argv: readonly string[];
  readonly input: string;
  readonly environment: Readonly<Record<string, string>>;
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
}

const maximumOutputBytes = 4 << 20;
const shownErrorBytes = 4_096;
/** What a script left behind may hold its output open for ever; what it said itself is there by then. */
const lastWordsMs = 200;

/** What the script printed. @throws HOOK_SCRIPT_FAILED with what it said on its error output, or the signal's reason. */
export function runHookScript({ script, argv, input, environment, timeoutMs, signal }: HookRun): Promise<string> {
  return new Promise((resolve, reject) => {
    // A process group of its own: what it has started itself is ended with it.
    const child = spawn(script, [...argv], { detached: true, stdio: ['pipe', 'pipe', 'pipe'], env: { ...environment }, cwd: '/' });
    // Where no more files may be open it has none of them, whatever the type says.
    const { stdin, stdout, stderr }: Partial<typeof child> = child;
    const output = new BoundedText(maximumOutputBytes);
    const errors = new LastText(shownErrorBytes);
    let settled = false;
    const settle = (outcome: () => void): void => {
      if (settled) return;
      settled = true;
      clearTimeout(timer);
      signal.removeEventListener('abort', onAbort);
      for (const stream of [stdin, stdout, stderr]) stream?.destroy();
      outcome();
    };
    const fail = (why: string, cause?: unknown): void => settle(() => reject(failure(script, argv, why, errors.text, cause)));
    const onAbort = (): void => {
      endGroup(child.pid);
      settle(() => reject(signal.reason as Error));
    };
    const timer = setTimeout(() => {
      endGroup(child.pid);
      fail(`took longer than ${timeoutMs / 1_000} s and was ended`);
    }, timeoutMs);
    signal.addEventListener('abort', onAbort, { once: true });
    child.once('error', (error) => fail(`could not be run: ${error.message}`, error));
    stdin?.on('error', () => {}); // a script need not read its input
    stdin?.end(input);
    stdout?.on('data', (bytes: Buffer) => {
      if (output.take(bytes)) return;
      endGroup(child.pid);
      fail(`printed more than ${maximumOutputBytes >> 20} MiB`);
    });
    stderr?.on('data', (bytes: Buffer) => errors.take(bytes));
    child.once('exit', (code, ended) => {
      const conclude = (): void => {
        if (code === 0) settle(() => resolve(output.text));
        else fail(ended === null ? `ended with exit code ${code}` : `was ended by ${ended}`);
      };
      child.once('close', conclude);
      setTimeout(() => setImmediate(conclude), lastWordsMs).unref(); // after what has come meanwhile, however long that took
    });
  });
}

/** ESRCH: it has ended already. */
function endGroup(pid: number | undefined): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, 'SIGKILL');
  } catch {
    // nothing is left to end
  }
}

function failure(script: string, argv: readonly string[], why: string, said: string, cause: unknown): VireoError {
  const words = said === '' ? '' : `: ${said}`;
  return new VireoError('HOOK_SCRIPT_FAILED', `'${[script, ...argv].join(' ')}' ${why}${words}`, { cause, details: { script, stderr: said } });
}

/** A text that may not become too long. */
class BoundedText {
  readonly #chunks: Buffer[] = [];
  readonly #maximumBytes: number;
  #bytes = 0;

  constructor(maximumBytes: number) {
    this.#maximumBytes = maximumBytes;
  }

  /** False once it is too long. */
  take(bytes: Buffer): boolean {
    this.#bytes += bytes.length;
    if (this.#bytes > this.#maximumBytes) return false;
    this.#chunks.push(bytes);
    return true;
  }

  get text(): string {
    return Buffer.concat(this.#chunks).toString('utf8');
  }
}

/** The end of a text that may be of any length. */
class LastText {
  readonly #maximumBytes: number;
  #bytes = Buffer.alloc(0);

  constructor(maximumBytes: number) {
    this.#maximumBytes = maximumBytes;
  }

  take(bytes: Buffer): void {
    this.#bytes = Buffer.concat([this.#bytes, bytes]).subarray(-this.#maximumBytes);
  }

  get text(): string {
    return this.#bytes.toString('utf8').trim();
  }
}
