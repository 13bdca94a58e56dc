/**
 * A program between QEMU and a save image. It gets files and sockets of this process as its standard input and output, so
 * that not a byte of the guest passes through here; a session of its own, so that a Ctrl + C for Vireo is not its end.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import type { Socket } from 'node:net';
import { VireoError } from '../base/errors.ts';
import type { FilterProgram } from './save-formats.ts';

/** A descriptor, or a socket that from now on is the program's alone. */
export type FilterEnd = number | Socket;

const shownBytes = 1_024;

export class FilterProcess implements Disposable {
  readonly #child: ChildProcess;
  /** Resolves when it has done all its work. @throws OPERATION_FAILED with its own words. */
  readonly done: Promise<void>;

  constructor({ name, binary, argv }: FilterProgram, input: FilterEnd, output: FilterEnd) {
    const child = spawn(binary, [...argv], { detached: true, cwd: '/', env: { PATH: '/usr/bin:/bin', LC_ALL: 'C' }, stdio: [input, output, 'pipe'] });
    this.#child = child;
    let words = '';
    child.stderr?.on('data', (data: Buffer) => (words = (words + data.toString('utf8')).slice(-shownBytes)));
    this.done = new Promise<void>((resolve, reject) => {
      const fail = (why: string): void => reject(new VireoError('OPERATION_FAILED', `${name} ${why}`, { details: { program: name } }));
      child.once('error', (error) => fail(`cannot be run: ${error.message}`));
      child.once('close', (code, signal) => {
        if (code === 0) return resolve();
        const said = words.trim().split('\n').at(-1)?.replace(/^(\/\S*\/)?\w+: /, '');
        fail(`failed: ${said || (signal ?? `exit code ${code}`)}`);
      });
    });
    this.done.catch(() => {}); // who waits hears of it
    // Its own copies are open by now; while ours are, the other side does not see its end.
    for (const end of [input, output]) if (typeof end !== 'number') end.destroy();
  }

  get pid(): number | null {
    return this.#child.pid ?? null;
  }

  [Symbol.dispose](): void {
    if (this.#child.exitCode === null && this.#child.signalCode === null) this.#child.kill('SIGKILL');
  }
}
