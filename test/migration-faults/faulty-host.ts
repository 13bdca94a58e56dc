/** The test's end of a host process whose migrations can be stopped at a step: it kills, freezes and restarts it. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import type { Client } from '../../core/api/client.ts';
import { connectLocal } from '../../core/api/local-client.ts';
import { Emitter } from '../../core/base/events.ts';
import { stateLayout } from '../../core/status/state-folder.ts';
import { until } from '../support/migration-guest.ts';

const keptLines = 400;

export class FaultyHost implements AsyncDisposable {
  readonly home: string;
  readonly #program: string;
  readonly #peerSocket: string;
  readonly #link: (port: number) => Promise<number>;
  readonly #lines = new Emitter<string>();
  #child: ChildProcess | null = null;
  #client: Client | null = null;
  #isReady = false;
  #atStep: string | null = null;
  #isFrozen = false;
  /** What it logged last, for whoever looks for the cause of a finding. */
  readonly log: string[] = [];

  /** @param link makes a link to a port, and says its own. */
  constructor(of: { readonly program: string; readonly home: string; readonly peerSocket: string; readonly link: (port: number) => Promise<number> }) {
    this.home = of.home;
    this.#program = of.program;
    this.#peerSocket = of.peerSocket;
    this.#link = of.link;
    this.#lines.on((line) => this.#heard(line));
  }

  get isRunning(): boolean {
    return this.#child !== null && this.#child.exitCode === null && this.#child.signalCode === null;
  }

  /** A client that is there as long as the process. */
  get client(): Client {
    if (!this.#client) throw new Error('the host is not open');
    return this.#client;
  }

  get isAtStep(): boolean {
    return this.#atStep !== null;
  }

  async open(): Promise<void> {
    this.#isReady = false;
    this.#atStep = null;
    const child = spawn(process.execPath, ['--enable-source-maps', this.#program, this.home, this.#peerSocket], { stdio: ['pipe', 'pipe', 'pipe'] });
    this.#child = child;
    createInterface({ input: child.stdout }).on('line', (line) => this.#lines.fire(line));
    createInterface({ input: child.stderr }).on('line', (line) => {
      this.log.push(line);
      if (this.log.length > keptLines) this.log.shift();
    });
    child.stdin.on('error', () => {}); // it was killed
    await until(() => Promise.resolve(this.#isReady || !this.isRunning));
    if (!this.isRunning) throw new Error(`the host of ${this.home} has ended: ${this.log.slice(-5).join('; ')}`);
    this.#client = await this.connect();
  }

  connect(label = 'the test'): Promise<Client> {
    return connectLocal(stateLayout(this.home).socket, label, { deadlineMs: 20_000, waitForHost: true });
  }

  /** From now on it waits before the work of `step` (`migration-out perform3`); once. */
  stopAt(step: string): void {
    this.#say(`stop ${step}`);
  }

  go(): void {
    this.#atStep = null;
    this.#say('go');
  }

  fail(words: string): void {
    this.#atStep = null;
    this.#say(`fail ${words}`);
  }

  freeze(): void {
    this.#isFrozen = true;
    this.#child?.kill('SIGSTOP');
  }

  thaw(): void {
    if (!this.#isFrozen) return;
    this.#isFrozen = false;
    this.#child?.kill('SIGCONT');
  }

  async kill(): Promise<void> {
    this.#client?.close();
    this.#client = null;
    const child = this.#child;
    if (!child || !this.isRunning) return;
    const exited = once(child, 'exit');
    child.kill('SIGKILL');
    await exited;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.kill();
  }

  #say(line: string): void {
    this.#child?.stdin?.write(`${line}\n`);
  }

  #heard(line: string): void {
    const [word, first = ''] = line.split(' ');
    if (word === 'ready') this.#isReady = true;
    else if (word === 'at') this.#atStep = line.slice(3);
    else if (word === 'link') void this.#link(Number(first)).then((port) => this.#say(`linked ${first} ${port}`));
  }
}
