/** Who has a console's input, as the host tells it, and what is said and done about it here. */
import type { ConsoleClientMessage, ConsoleServerMessage } from '../../core/api/console-contract.ts';

export interface InputControlOptions {
  /** `watch` never asks for the input; `ask` wants it once it may have it; `take back` takes it whenever it is free. */
  readonly wish: 'write' | 'watch' | 'ask' | 'take back';
  /** Gives the input to the first who asks. */
  readonly yields: boolean;
  readonly mode: 'write' | 'watch';
  /** How this console is ended, for people; null where there is no key for it. */
  readonly ends: string | null;
  readonly say: (message: ConsoleClientMessage) => void;
  readonly tell: (text: string) => void;
}

export class InputControl {
  readonly #options: InputControlOptions;
  /** Whose requests were told already. */
  #asking = new Set<string>();
  #mode: 'write' | 'watch';
  #waiting: (() => void)[] = [];
  #handedOver = false;

  constructor(options: InputControlOptions) {
    this.#options = options;
    this.#mode = options.mode;
    if (options.wish === 'ask' && options.mode === 'watch') options.say({ type: 'ask' });
  }

  get isOurs(): boolean {
    return this.#mode === 'write';
  }

  /** Resolves when the input is ours, which it may never be again. */
  async whenOurs(): Promise<void> {
    while (!this.isOurs) await new Promise<void>((resolve) => this.#waiting.push(resolve));
  }

  hear(message: ConsoleServerMessage): void {
    if (message.type === 'mode') this.#become(message.mode);
    else if (message.type === 'notice') this.#notice(message);
    else if (message.type === 'requests') this.#requests(message.from);
    else if (message.type === 'request') this.#request(message);
    else this.#options.tell(message.type === 'gap' ? describeGap(message) : describeRefusal(message));
  }

  #become(mode: 'write' | 'watch'): void {
    if (mode === this.#mode) return;
    this.#mode = mode;
    if (mode === 'watch') return;
    if (!this.#handedOver) this.#options.tell('the input is yours');
    this.#handedOver = false;
    for (const go of this.#waiting.splice(0)) go();
  }

  #notice({ what, by }: Extract<ConsoleServerMessage, { type: 'notice' }>): void {
    const { wish, ends, say, tell } = this.#options;
    const who = by ?? 'another client';
    if (what === 'taken-over') {
      tell(`${who} took over the console; you are watching${ends === null ? '' : ` (${ends} ends)`}`);
    } else if (what === 'handed-over') {
      this.#handedOver = true;
      tell(`${who} handed the input to you`);
    } else if (what === 'released' && (wish === 'ask' || wish === 'take back') && !this.isOurs) {
      say({ type: 'request-write', force: false });
    }
  }

  #requests(from: readonly { readonly sessionId: string; readonly label: string }[]): void {
    const { yields, ends, say, tell } = this.#options;
    const [first] = from;
    if (yields && first) {
      tell(`handing the input to ${first.label}, who asks for it; you are watching`);
      return say({ type: 'hand-over', to: first.sessionId });
    }
    for (const { sessionId, label } of from) {
      if (!this.#asking.has(sessionId)) tell(`${label} asks for the input${ends === null ? '' : `; ${ends} ends this console and frees it`}`);
    }
    this.#asking = new Set(from.map(({ sessionId }) => sessionId));
  }

  #request({ state, by }: Extract<ConsoleServerMessage, { type: 'request' }>): void {
    const { say, tell } = this.#options;
    const who = by ?? 'the writer';
    if (state === 'waiting') tell(`asked ${who} for the input; watching until it is handed over`);
    else if (state === 'declined') tell(`${who} keeps the input; you are watching`);
    else say({ type: 'request-write', force: false });
  }
}

function describeGap({ from, to, fromMs, toMs }: Extract<ConsoleServerMessage, { type: 'gap' }>): string {
  const time = (ms: number): string => new Date(ms).toISOString();
  const when = fromMs === null || toMs === null ? '' : `, printed between ${time(fromMs)} and ${time(toMs)}`;
  return `${to - from} bytes of the guest's output were not kept${when}`;
}

function describeRefusal({ error, holder }: Extract<ConsoleServerMessage, { type: 'refused' }>): string {
  return holder === null || error.message.includes(holder) ? error.message : `${error.message} (held by ${holder})`;
}
