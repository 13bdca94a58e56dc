/** Reads exactly what it is asked for from a connection, and leaves the rest to whoever has it afterwards. */
import type { Duplex } from 'node:stream';
import { VireoError } from '../base/errors.ts';

/** A reason that is longer is not read at all. */
const maximumReasonBytes = 1_024;

export class HandshakeReader {
  readonly #connection: Duplex;

  constructor(connection: Duplex) {
    this.#connection = connection;
  }

  /** @throws RPC when the other side hangs up before so much is there. */
  async take(count: number): Promise<Buffer> {
    const connection = this.#connection;
    for (;;) {
      const bytes: unknown = connection.read(count);
      if (Buffer.isBuffer(bytes) && bytes.length === count) return bytes;
      if (bytes !== null || connection.readableEnded || connection.destroyed) throw new VireoError('RPC', 'the display hung up before it was open', { cause: connection.errored ?? undefined });
      await new Promise<void>((resolve) => {
        const go = (): void => {
          for (const event of events) connection.off(event, go);
          resolve();
        };
        for (const event of events) connection.on(event, go);
      });
    }
  }

  /** Why somebody is refused, in the server's words; empty where it says none. */
  async reason(): Promise<string> {
    const length = (await this.take(4)).readUInt32BE();
    return length > 0 && length <= maximumReasonBytes ? (await this.take(length)).toString('utf8') : '';
  }
}

const events = ['readable', 'end', 'close', 'error'] as const;
