/**
 * The server's side of RFB's beginning, for a viewer whose connection to QEMU is open already: it is asked for nothing,
 * since who may look was settled when the stream was opened.
 */
import { malformed } from './rfb-input-filter.ts';
import { handshake } from './vnc-connection.ts';

type Step = 'version' | 'security' | 'init';
const stepBytes: Readonly<Record<Step, number>> = { version: 12, security: 1, init: 1 };

/** Its first words. */
export const greeting = Buffer.from(handshake.version, 'latin1');
/** One type, None. */
const securityTypes = Buffer.of(1, handshake.securityNone);
const securityOk = Buffer.alloc(4);

export class ViewerHandshake {
  #step: Step | null = 'version';
  #kept: Buffer = Buffer.alloc(0);

  get isDone(): boolean {
    return this.#step === null;
  }

  /**
   * What to answer to these bytes, and the bytes that come after the handshake.
   * @throws INVALID_ARG for what no viewer says here.
   */
  push(bytes: Uint8Array): { readonly answer: Buffer; readonly rest: Buffer } {
    const answers: Buffer[] = [];
    let rest: Buffer = Buffer.concat([this.#kept, bytes]);
    while (this.#step && rest.length >= stepBytes[this.#step]) {
      const length = stepBytes[this.#step];
      answers.push(this.#take(rest.subarray(0, length)));
      rest = rest.subarray(length);
    }
    this.#kept = this.#step ? rest : Buffer.alloc(0);
    return { answer: Buffer.concat(answers), rest: this.#step ? Buffer.alloc(0) : rest };
  }

  #take(bytes: Buffer): Buffer {
    switch (this.#step) {
      case 'version':
        if (bytes.toString('latin1') !== handshake.version) throw malformed(`a viewer must speak ${handshake.version.trim()}`);
        this.#step = 'security';
        return securityTypes;
      case 'security':
        if (bytes.readUInt8() !== handshake.securityNone) throw malformed(`a viewer chose the security type ${bytes.readUInt8()}, which it was not offered`);
        this.#step = 'init';
        return securityOk;
      case 'init': // whether the viewer wants the display for itself: nobody has it for himself here
      case null:
        this.#step = null;
        return Buffer.alloc(0);
    }
  }
}
