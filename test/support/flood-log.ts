/**
 * QEMU's own log as the witness of what it gave. QEMU 7.2 writes a byte into its log at every attempt to send it, so one
 * that stands once was sent at once, one that stands twice found the connection full for a moment, and one that stands
 * five times may have been given up: a 16550 tries one byte five times (hw/char/serial.c, MAX_XMIT_RETRY). A reader may
 * lack only those, and have twice only what the log has twice, where it was filled up from the log.
 */
import { floodedBytes } from './boot-sector.ts';

const attemptsBeforeGivingUp = 5;

export interface FloodAccount {
  /** Bytes that the reader has more often than the guest said them. */
  readonly doubled: number;
  /** Bytes that QEMU gave up. */
  readonly givenUp: number;
}

export class FloodLog {
  /** Bytes that the guest said. */
  readonly length: number;
  readonly #flood: Buffer;
  /** By the place where a run of equal bytes begins: how many more of them are in the log than the guest said. */
  readonly #extras = new Map<number, number>();

  /** @param log what QEMU logged from the flood's first byte on. @throws with the place of the first byte that is not there. */
  constructor(log: Buffer) {
    this.#flood = floodedBytes(log.length);
    let place = 0;
    for (let at = 0; at < log.length; ) {
      const said = runLength(this.#flood, place);
      const logged = runLength(log, at);
      const isLast = at + logged === log.length;
      if (log[at] !== this.#flood[place] || (logged < said && !isLast)) throw new Error(`the log is broken after ${at} bytes: ${around(log, at)}`);
      if (logged > said) this.#extras.set(place, logged - said);
      at += logged;
      place += Math.min(said, logged);
    }
    this.length = place;
  }

  /**
   * Holds what a reader got from the flood's byte number `start` on against the log.
   * @throws with the place of the first byte that QEMU's log does not account for.
   */
  account(bytes: Buffer, start = 0): FloodAccount & { /** Place of the first byte that the reader has not. */ readonly end: number } {
    // Where the reader may stand in its bytes: more than one possibility only next to what was sent again.
    let standing = new Map<number, FloodAccount>([[0, { doubled: 0, givenUp: 0 }]]);
    for (let place = start; ; ) {
      for (const [at, account] of standing) if (at === bytes.length) return { ...account, end: place };
      const run = runLength(this.#flood, place);
      const next = new Map<number, FloodAccount>();
      for (const [at, account] of standing) {
        for (const { count, ...more } of this.#possible(place, run)) {
          const whole = Math.min(count, bytes.length - at);
          if (!isRunOf(bytes, at, whole, this.#flood[place])) continue;
          if (!next.has(at + whole)) next.set(at + whole, { doubled: account.doubled + more.doubled, givenUp: account.givenUp + more.givenUp });
        }
      }
      if (next.size === 0) {
        const at = Math.max(...standing.keys());
        throw new Error(`the flood is broken after ${at} bytes, in line ${Math.floor(place / 10) + 1}, which QEMU logged ${this.#extras.get(place) ?? 0} times too often: ${around(bytes, at)}`);
      }
      standing = next;
      place += run;
    }
  }

  #possible(place: number, run: number): readonly ({ readonly count: number } & FloodAccount)[] {
    // The run may have begun before `start`; its record is kept under its own beginning.
    let first = place;
    while (first > 0 && this.#flood[first - 1] === this.#flood[place]) first--;
    const extra = this.#extras.get(first) ?? 0;
    const doubled = Array.from({ length: extra }, (_, more) => ({ count: run + more + 1, doubled: more + 1, givenUp: 0 }));
    const mayLack = Math.min(run, Math.floor(extra / (attemptsBeforeGivingUp - 1)));
    const lacking = Array.from({ length: mayLack }, (_, less) => ({ count: run - less - 1, doubled: 0, givenUp: less + 1 }));
    return [{ count: run, doubled: 0, givenUp: 0 }, ...lacking, ...doubled];
  }
}

function runLength(bytes: Buffer, from: number): number {
  let end = from + 1;
  while (end < bytes.length && bytes[end] === bytes[from]) end++;
  return end - from;
}

function isRunOf(bytes: Buffer, from: number, length: number, value: number | undefined): boolean {
  for (let at = from; at < from + length; at++) if (bytes[at] !== value) return false;
  return true;
}

function around(bytes: Buffer, at: number): string {
  return JSON.stringify(bytes.toString('latin1', Math.max(0, at - 40), at + 40));
}

/**
 * The first whole line of a flood that was joined somewhere: its place among the bytes and in the flood. The next line
 * confirms it, because a digit of either may be doubled or missing.
 * @throws when there is no such line.
 */
export function findLine(bytes: Buffer): { readonly at: number; readonly place: number } {
  // Two line ends on: what comes first may be a line's rest.
  const second = bytes.indexOf('\n', bytes.indexOf('\n') + 1) + 1;
  for (let at = second; at > 0 && at + 20 <= bytes.length; at = bytes.indexOf('\n', at) + 1) {
    const [one, two] = [0, 10].map((skip) => Number.parseInt(bytes.toString('latin1', at + skip, at + skip + 8), 16));
    if (one !== undefined && two === one + 1 && bytes[at + 9] === 0x0a && bytes[at + 19] === 0x0a) return { at, place: (one - 1) * 10 };
  }
  throw new Error(`no counted lines in ${bytes.length} bytes`);
}
