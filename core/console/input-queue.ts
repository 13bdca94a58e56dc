/**
 * What people type, on its way to the device: bounded, in order, at most one small piece in the kernel at a time, so
 * that a writer who loses the input leaves next to nothing behind. Reading never waits for it. What is sent beside the
 * bytes, a serial line's break, waits for its turn among them.
 */
import { VireoError } from '../base/errors.ts';
import type { DeviceConnection } from './device-connection.ts';

const pieceBytes = 4_096;
const maximumWaitingBytes = 1_048_576;
/** As heavy as a small paste, so that many of them are too much as well. */
const workBytes = 4_096;

interface Waiting {
  readonly owner: object;
  /** The rest of the bytes, or what stands in their place among others. */
  rest: Uint8Array | ((signal: AbortSignal) => Promise<void>);
  /** Aborts when it is dropped; only for what is no bytes. */
  readonly dropped: AbortController | null;
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
}

export class InputQueue {
  readonly #waiting: Waiting[] = [];
  #waitingBytes = 0;
  #connection: DeviceConnection | null = null;
  #pumping = false;

  /** Writes go to `connection` from now on; with null, what waits is refused, and what comes unless it says otherwise. */
  connect(connection: DeviceConnection | null): void {
    this.#connection = connection;
    if (!connection) this.#drop(() => true, notConnected());
    else void this.#pump();
  }

  /**
   * Resolves when all of `bytes` were handed over; with `waits` they wait for the next connection where there is none.
   * @throws OPERATION_INVALID, OPERATION_ABORTED, RESOURCE_BUSY.
   */
  push(owner: object, bytes: Uint8Array, waits = false): Promise<void> {
    // A copy: the caller may use its buffer again while ours waits.
    return this.#enqueue(owner, Uint8Array.from(bytes), waits);
  }

  /** Runs `work` after all that was pushed before. @throws as `push`, and what `work` throws. */
  run(owner: object, work: (signal: AbortSignal) => Promise<void>, waits = false): Promise<void> {
    return this.#enqueue(owner, work, waits);
  }

  /** Refuses what `owner` still has waiting. */
  drop(owner: object, error = new VireoError('OPERATION_ABORTED', 'console input was given up before the guest took it')): void {
    this.#drop((waiting) => waiting.owner === owner, error);
  }

  #enqueue(owner: object, rest: Waiting['rest'], waits: boolean): Promise<void> {
    return new Promise((resolve, reject) => {
      if (!this.#connection && !waits) return reject(notConnected());
      if (this.#waitingBytes + sizeOf(rest) > maximumWaitingBytes) return reject(new VireoError('RESOURCE_BUSY', `${this.#waitingBytes} bytes of console input already wait for the guest`));
      this.#waiting.push({ owner, rest, dropped: typeof rest === 'function' ? new AbortController() : null, resolve, reject });
      this.#waitingBytes += sizeOf(rest);
      void this.#pump();
    });
  }

  async #pump(): Promise<void> {
    if (this.#pumping) return;
    this.#pumping = true;
    try {
      for (let first = this.#waiting[0]; first && this.#connection; first = this.#waiting[0]) {
        if (typeof first.rest === 'function') await this.#runWork(first, first.rest);
        else await this.#writePiece(first, first.rest, this.#connection);
      }
    } finally {
      this.#pumping = false;
    }
  }

  async #writePiece(first: Waiting, bytes: Uint8Array, connection: DeviceConnection): Promise<void> {
    const piece = bytes.subarray(0, pieceBytes);
    try {
      await connection.write(piece);
    } catch {
      // What came since then, for a connection that was made anew, is not concerned.
      if (this.#connection === connection) this.#drop(() => true, notConnected());
    }
    if (this.#waiting[0] !== first) return; // dropped meanwhile, and already answered and uncounted
    first.rest = bytes.subarray(piece.length);
    this.#waitingBytes -= piece.length;
    if (first.rest.length > 0) return;
    this.#waiting.shift();
    first.resolve();
  }

  async #runWork(first: Waiting, work: (signal: AbortSignal) => Promise<void>): Promise<void> {
    const { signal } = first.dropped ?? new AbortController();
    const outcome = await work(signal).then(() => first.resolve, (error: unknown) => () => first.reject(error));
    if (this.#waiting[0] !== first) return;
    this.#waiting.shift();
    this.#waitingBytes -= sizeOf(work);
    outcome();
  }

  #drop(chosen: (waiting: Waiting) => boolean, error: VireoError): void {
    const dropped = this.#waiting.filter(chosen);
    const kept = this.#waiting.filter((waiting) => !chosen(waiting));
    this.#waiting.splice(0, this.#waiting.length, ...kept);
    for (const waiting of dropped) {
      this.#waitingBytes -= sizeOf(waiting.rest);
      waiting.dropped?.abort(error);
      waiting.reject(error);
    }
  }
}

function sizeOf(rest: Waiting['rest']): number {
  return typeof rest === 'function' ? workBytes : rest.length;
}

function notConnected(): VireoError {
  return new VireoError('OPERATION_INVALID', 'the console device is not connected');
}
