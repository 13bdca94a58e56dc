/**
 * Whether a guest runs, seen from outside: its vCPU thread uses the processor. Neither driver nor monitor is asked, which
 * hang or are dead in a test of faults; a QEMU that waits for a guest, or whose guest stands still, uses none there.
 */
import { readFile, readdir } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { guestsOf } from './guests-of.ts';

const everyMs = 150;

/** Clock ticks of all vCPU threads of the state folder's guests. */
async function ticksOf(home: string): Promise<number> {
  const all = await Promise.all((await guestsOf(home)).map(ticksOfProcess));
  return all.reduce((sum, ticks) => sum + ticks, 0);
}

async function ticksOfProcess(pid: number): Promise<number> {
  const threads = await readdir(`/proc/${pid}/task`).catch(() => []);
  const stats = await Promise.all(threads.map((thread) => readFile(`/proc/${pid}/task/${thread}/stat`, 'utf8').catch(() => '')));
  return stats
    .filter((stat) => /\(CPU \d+\//.test(stat))
    .map((stat) => stat.slice(stat.lastIndexOf(')') + 2).split(' '))
    .reduce((sum, fields) => sum + Number(fields[11] ?? 0) + Number(fields[12] ?? 0), 0);
}

/** Looks at two hosts until it is disposed. */
export class CpuWatch implements AsyncDisposable {
  readonly #homes: readonly [string, string];
  readonly #over = new AbortController();
  readonly #watching: Promise<void>;
  /** For how many looks in a row both guests ran; one may be the moment of the hand-over. */
  #both = 0;
  /** The longest such row. */
  longestBoth = 0;

  constructor(source: string, destination: string) {
    this.#homes = [source, destination];
    this.#watching = this.#watch();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#over.abort();
    await this.#watching;
  }

  async #watch(): Promise<void> {
    let before = await Promise.all(this.#homes.map(ticksOf));
    while (!this.#over.signal.aborted) {
      await sleep(everyMs, undefined, { signal: this.#over.signal }).catch(() => {});
      const now = await Promise.all(this.#homes.map(ticksOf));
      this.#both = now.every((ticks, at) => ticks > (before[at] as number)) ? this.#both + 1 : 0;
      this.longestBoth = Math.max(this.longestBoth, this.#both);
      before = now;
    }
  }
}
