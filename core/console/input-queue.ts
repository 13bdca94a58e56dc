/**
 * What people type, on its way to the device: bounded, in order, at most one small piece in the kernel at a time, so
 * that a writer who loses the input leaves next to nothing behind. Reading never waits for it.
 */
import { VireoError } from '../base/errors.ts';
import type { DeviceConnection } from './device-connection.ts';

const pieceBytes = 4_096;
const maximumWaitingBytes = 1_048_576;

interface Waiting {
  readonly owner: object;
  rest: Uint8Array;
  readonly resolve: () => void;
  readonly reject: (error: VireoError) => void;
}

export class InputQueue {
  readonly #waiting: Waiting[] = [];
  #waitingBytes = 0;
  #connection: DeviceConnection | null = null;
  #pumping = false;

  /** Writes go to `connection` from now on; with null, what waits and what comes is refused. */
  connect(connection: DeviceConnection | null): void {
    this.#connection = connection;
    if (!connection) this.#drop(() => true, notConnected());
  }

  /** Resolves when all of `bytes` were handed over. @throws OPERATION_INVALID, OPERATION_ABORTED, RESOURCE_BUSY. */
  push(owner: object, bytes: Uint8Array): Promise<void> {
    return new Promise((resolve, reject) => {
      if (!this.#connection) return reject(notConnected());
      if (this.#waitingBytes + bytes.length > maximumWaitingBytes) return reject(new VireoError('RESOURCE_BUSY', `${this.#waitingBytes} bytes of console input already wait for the guest`));
      // A copy: the caller may use its buffer again while ours waits.
      this.#waiting.push({ owner, rest: Uint8Array.from(bytes), resolve, reject });
      this.#waitingBytes += bytes.length;
      void this.#pump();
    });
  }

  /** Refuses what `owner` still has waiting. */
  drop(owner: object): void {
    this.#drop((waiting) => waiting.owner === owner, new VireoError('OPERATION_ABORTED', 'console input was given up before the guest took it'));
  }

  async #pump(): Promise<void> {
    if (this.#pumping) return;
    this.#pumping = true;
    try {
      for (let first = this.#waiting[0]; first && this.#connection; first = this.#waiting[0]) {
        const piece = first.rest.subarray(0, pieceBytes);
        await this.#connection.write(piece);
        first.rest = first.rest.subarray(piece.length);
        if (this.#waiting[0] !== first) continue; // dropped meanwhile, and already answered and uncounted
        this.#waitingBytes -= piece.length;
        if (first.rest.length > 0) continue;
        this.#waiting.shift();
        first.resolve();
      }
    } catch {
      this.#drop(() => true, notConnected());
    } finally {
      this.#pumping = false;
    }
  }

  #drop(chosen: (waiting: Waiting) => boolean, error: VireoError): void {
    const dropped = this.#waiting.filter(chosen);
    const kept = this.#waiting.filter((waiting) => !chosen(waiting));
    this.#waiting.splice(0, this.#waiting.length, ...kept);
    for (const waiting of dropped) {
      this.#waitingBytes -= waiting.rest.length;
      waiting.reject(error);
    }
  }
}

function notConnected(): VireoError {
  return new VireoError('OPERATION_INVALID', 'the console device is not connected');
}
