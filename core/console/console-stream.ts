/**
 * One console's bytes for any number of readers: memory first, then the log, then an exactly marked gap. Bytes are
 * released to readers in groups: at once after silence, then every few milliseconds, because a flooding 16550 comes in
 * pieces of two to ten bytes and each would cost a message to every window.
 */
import type { Clock } from '../base/clock.ts';
import { Emitter } from '../base/events.ts';
import type { ConsoleLog } from './console-log.ts';
import type { ConsoleStreamItem } from './console-types.ts';
import { HistoryRing } from './history-ring.ts';
import { LogFollower } from './log-follower.ts';

const coalesceMs = 6;
const maximumReadBytes = 65_536;
const newline = 0x0a;

export class ConsoleStream {
  readonly #ring: HistoryRing;
  readonly #clock: Clock;
  readonly #onRelease: () => void;
  /** Fires when readers may have more: at most once every few milliseconds, whatever the guest writes. */
  readonly grown = new Emitter<void>();
  /** Null where the device keeps no log. */
  readonly follower: LogFollower | null;
  #released = 0;
  #releasedAtMs = Number.NEGATIVE_INFINITY;
  #timing = false;

  /** `floodBytes`: memory at most, while the log could not yet be compared; as much as `historyBytes` unless told. */
  constructor(options: { clock: Clock; historyBytes: number; floodBytes?: number; log: ConsoleLog | null; onRelease: () => void }) {
    this.#ring = new HistoryRing(options.historyBytes, options.floodBytes);
    this.#clock = options.clock;
    this.#onRelease = options.onRelease;
    this.follower = options.log && new LogFollower(options.log, this.#ring);
  }

  /** The offset that the device's next byte will have. */
  get end(): number {
    return this.#ring.end;
  }

  /**
   * Whether so much more would push bytes out of memory that were not found in the log yet: a reader who is late could
   * not have them any more.
   */
  isAhead(moreBytes: number): boolean {
    if (!this.follower) return false;
    // Held bytes find their place while little is under way: a flood that repeats itself has many places for more.
    if (moreBytes > 0) return this.follower.unverified + moreBytes > this.#ring.capacity / 2;
    return this.follower.unverified > this.#ring.maximum * 0.75;
  }

  /** Readers may read up to here. */
  get released(): number {
    return this.#released;
  }

  append(bytes: Uint8Array): void {
    this.#ring.append(bytes);
    if (this.follower?.isDue) void this.follower.advance();
    const overdueMs = this.#releasedAtMs + coalesceMs - this.#clock.now();
    if (overdueMs <= 0 || this.end - this.#released > this.#ring.capacity / 4) this.release();
    else void this.#releaseAfter(overdueMs);
  }

  /** Takes what the log holds up to `logEnd` as the next bytes of the stream. */
  async absorb(logEnd: number): Promise<void> {
    await this.follower?.absorb(logEnd);
    this.release();
  }

  /** Lets readers have all there is. */
  release(): void {
    if (this.#released === this.end) return;
    this.#released = this.end;
    this.#releasedAtMs = this.#clock.now();
    this.#onRelease();
    this.grown.fire();
  }

  /** Where the history in memory begins: at a line's start, unless there is none. */
  historyStart(): number {
    const start = Math.max(this.#ring.start, this.end - this.#ring.capacity);
    if (start === 0) return 0;
    const line = this.#ring.read(start, maximumReadBytes).indexOf(newline);
    return line < 0 ? start : start + line + 1;
  }

  /** The next bytes or gap of a reader at `from`, ending at `limit` at the latest, which is more than `from`. */
  async read(from: number, limit: number): Promise<ConsoleStreamItem> {
    const length = Math.min(limit - from, maximumReadBytes);
    if (from >= this.#ring.start) return { type: 'bytes', offset: from, bytes: this.#ring.read(from, length) };
    const logged = await this.follower?.read(from, length);
    if (logged) return { type: 'bytes', offset: from, bytes: logged };
    const mapped = this.follower?.nextAfter(from) ?? limit;
    return { type: 'gap', from, to: Math.min(limit, mapped, this.#ring.start) };
  }

  async #releaseAfter(ms: number): Promise<void> {
    if (this.#timing) return;
    this.#timing = true;
    await this.#clock.sleep(ms);
    this.#timing = false;
    this.release();
  }
}
