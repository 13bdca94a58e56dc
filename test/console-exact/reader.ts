/** One who reads a console through a client, comes and goes, and is judged all the time. */
import type { Client, ClientStream } from '../../core/api/client.ts';
import type { Judge } from './judge.ts';

export interface ReaderPlace {
  readonly domain: string;
  readonly device: string;
}

type From = 'history' | 'now' | 'run' | 'beginning' | number;

export class Reader {
  readonly judge: Judge;
  readonly label: string;
  readonly #place: ReaderPlace;
  #client: Client;
  #stream: ClientStream<'domainOpenConsole'> | null = null;
  /** Milliseconds before each piece is acknowledged; 0 for one who keeps up. */
  slownessMs = 0;
  mode: 'write' | 'watch' = 'watch';
  /** What the host said that no reader should hear. */
  failure: string | null = null;
  #attached = 0;

  constructor(client: Client, label: string, place: ReaderPlace, judge: Judge) {
    this.#client = client;
    this.label = label;
    this.#place = place;
    this.judge = judge;
  }

  get isAttached(): boolean {
    return this.#stream !== null;
  }

  /** How often it came. */
  get attached(): number {
    return this.#attached;
  }

  async attach(from: From, mode: 'write' | 'watch' | 'write-or-watch' = 'watch', force = false): Promise<void> {
    this.detach();
    const turn = ++this.#attached;
    let begun = false;
    const early: (() => void)[] = [];
    const inOrder = (work: () => void): void => (begun ? work() : void early.push(work));
    const stream = await this.#client.openStream('domainOpenConsole', { ...this.#place, from, mode, force }, {
      onBytes: (bytes, offset, acknowledge) => {
        inOrder(() => this.#attached === turn && this.judge.take(bytes, offset));
        if (this.slownessMs > 0) setTimeout(acknowledge, this.slownessMs);
        else acknowledge();
      },
      onMessage: (message) => {
        if (message.type === 'gap') inOrder(() => this.#attached === turn && this.judge.gap(message.from, message.to));
        else if (message.type === 'mode') this.mode = message.mode;
      },
      onEnd: (error) => {
        if (error && this.#attached === turn) this.failure ??= error.message;
      },
    });
    this.#stream = stream;
    this.mode = stream.opened.mode;
    this.judge.begin(stream.opened.from);
    begun = true;
    for (const work of early) work();
  }

  /** Where the next byte will be, as the host says it now. */
  async position(): Promise<number> {
    const stream = await this.#client.openStream('domainOpenConsole', { ...this.#place, from: 'now', mode: 'watch' }, { onBytes: (_bytes, _offset, acknowledge) => acknowledge(), onMessage() {}, onEnd() {} });
    stream.close();
    return stream.opened.position;
  }

  say(message: { type: 'request-write'; force: boolean } | { type: 'release' } | { type: 'ask' }): void {
    this.#stream?.message(message);
  }

  detach(): void {
    this.#stream?.close();
    this.#stream = null;
  }
}
