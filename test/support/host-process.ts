/** Runs a host as a real process, which can be killed as no host in the test's own process can. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { buildProgram } from './build-program.ts';

/** Bundles the host for plain Node into `folder`; returns the program's path. */
export function buildHostProgram(folder: string): Promise<string> {
  return buildProgram(fileURLToPath(new URL('host-process-main.ts', import.meta.url)), folder, 'host');
}

export class HostProcess implements AsyncDisposable {
  readonly #child: ChildProcess;
  #said = '';

  constructor(program: string, home: string, domain?: string) {
    this.#child = spawn(process.execPath, [program, home, ...(domain === undefined ? [] : [domain])], { stdio: ['ignore', 'pipe', 'inherit'] });
    this.#child.stdout?.on('data', (bytes: Buffer) => (this.#said += bytes.toString()));
  }

  get isReady(): boolean {
    return this.#said.includes('ready');
  }

  get pid(): number {
    return this.#child.pid ?? 0;
  }

  /** SIGKILL, and waits for the end. */
  kill(): Promise<void> {
    return this.#end('SIGKILL');
  }

  /** Lets the host close in good order, and waits for its end. */
  close(): Promise<void> {
    return this.#end('SIGTERM');
  }

  async #end(signal: NodeJS.Signals): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    const exited = once(this.#child, 'exit');
    this.#child.kill(signal);
    await exited;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.kill();
  }
}
