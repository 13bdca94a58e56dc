/**
 * Who has the input, between a served stream and its client: the same words about it for a console and for a display.
 * What the client asks for is done at once; a refusal is told and ends nothing; a mode that changed, from here or from
 * outside, is told once, behind the word that says why.
 */
import { type VireoError, asVireoError } from '../base/errors.ts';
import type { ConsoleSession, ConsoleWord } from '../console/console-types.ts';
import type { ConsoleClientMessage, ConsoleServerMessage } from './console-contract.ts';

/** What a session of a console and one of a display have in common. */
export type InputSession = Pick<ConsoleSession, 'mode' | 'requestWrite' | 'ask' | 'withdraw' | 'handOver' | 'decline' | 'release'>;

/** All that a client says about the input; a break is a byte's neighbour, not one of these. */
export type InputMessage = Exclude<ConsoleClientMessage, { readonly type: 'break' }>;

export class InputWords {
  readonly #session: InputSession;
  #send: ((message: ConsoleServerMessage) => void) | null = null;
  #mode: InputSession['mode'];

  constructor(session: InputSession) {
    this.#session = session;
    this.#mode = session.mode;
  }

  /** The client hears from here on. */
  tellTo(send: (message: ConsoleServerMessage) => void): void {
    this.#send = send;
  }

  obey(message: InputMessage): void {
    try {
      arbitrate(this.#session, message);
      this.tellMode();
    } catch (error) {
      this.refuse(asVireoError(error));
    }
  }

  tell(word: ConsoleWord): void {
    this.#send?.(word.type === 'requests' ? { ...word, from: [...word.from] } : word);
    // With the device its input is gone as well, which `closed` says.
    if (word.type !== 'notice' || word.what !== 'closed') this.tellMode();
  }

  refuse(error: VireoError): void {
    const { holder, sinceMs } = error.details;
    this.#send?.({
      type: 'refused',
      error: { code: error.code, message: error.message },
      holder: typeof holder === 'string' ? holder : null,
      sinceMs: typeof sinceMs === 'number' ? sinceMs : null,
    });
  }

  /** Where it changed since the client was told. */
  tellMode(): void {
    if (!this.#send || this.#session.mode === this.#mode) return;
    this.#mode = this.#session.mode;
    this.#send({ type: 'mode', mode: this.#mode });
  }
}

function arbitrate(session: InputSession, message: InputMessage): void {
  switch (message.type) {
    case 'request-write':
      return session.requestWrite(message.force);
    case 'ask':
      return session.ask();
    case 'withdraw':
      return session.withdraw();
    case 'hand-over':
      return session.handOver(message.to);
    case 'decline':
      return session.decline(message.to);
    case 'release':
      return session.release();
  }
}
