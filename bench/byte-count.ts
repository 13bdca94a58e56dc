/** One reading of a flood: counts and judges what comes until enough has come, or nothing more does. */
import type { ReadPlan } from './host-orders.ts';
import { type StreamCheck, streamCheck } from './stream-check.ts';

/** From the first byte to the last. */
export interface ReadOutcome {
  readonly ms: number;
  readonly bytes: number;
  /** Null where every byte came once and in order, or where that was not looked at; else what was wrong first. */
  readonly wrong: string | null;
}

/** A guest that sends is never silent for so long. */
const quietMs = 700;
const limitMs = 30_000;

export class ByteCount implements Disposable {
  /** Rejects with what `fail` was told, and when too little has come for too long. */
  readonly done: Promise<ReadOutcome>;
  readonly #plan: ReadPlan;
  readonly #check: StreamCheck | null;
  readonly #watch: NodeJS.Timeout;
  readonly #createdMs = performance.now();
  #bytes = 0;
  #lostBytes = 0;
  #beganMs = 0;
  #endedMs = 0;
  #resolve!: (outcome: ReadOutcome) => void;
  #reject!: (error: Error) => void;

  constructor(plan: ReadPlan) {
    this.#plan = plan;
    this.#check = plan.check && streamCheck(plan.check);
    this.done = new Promise<ReadOutcome>((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
    this.done.catch(() => {}); // whoever waits hears of it; nobody may
    this.#watch = setInterval(() => this.#look(), 100);
  }

  take(bytes: Uint8Array): void {
    this.#endedMs = performance.now();
    if (this.#bytes === 0) this.#beganMs = this.#endedMs;
    this.#bytes += bytes.byteLength;
    this.#check?.take(bytes);
    if (this.#bytes >= this.#plan.bytes) this.#finish();
  }

  /** The stream says that it lost bytes. */
  gap({ from, to }: { readonly from: number; readonly to: number }): void {
    this.#bytes += to - from;
    this.#lostBytes += to - from;
    this.#check?.skip(to - from);
    if (this.#bytes >= this.#plan.bytes) this.#finish();
  }

  fail(error: Error): void {
    this[Symbol.dispose]();
    this.#reject(error);
  }

  [Symbol.dispose](): void {
    clearInterval(this.#watch);
  }

  #look(): void {
    const now = performance.now();
    if (this.#plan.check === null && this.#bytes > 0 && now - this.#endedMs > quietMs) return this.#finish();
    if (now - this.#createdMs > limitMs) this.fail(new Error(`${this.#bytes} of ${this.#plan.bytes} bytes came within ${limitMs / 1000} s`));
  }

  #finish(): void {
    this[Symbol.dispose]();
    const wrong = this.#lostBytes > 0 ? `${this.#lostBytes} bytes were marked as lost` : (this.#check?.wrong ?? null);
    this.#resolve({ ms: this.#endedMs - this.#beganMs, bytes: this.#bytes - this.#lostBytes, wrong });
  }
}
