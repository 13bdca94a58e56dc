/** A console session behind the contract's stream: items of the multiplexer out, keystrokes in. */
import { asVireoError } from '../base/errors.ts';
import type { ConsoleItem, ConsoleSession } from '../console/console-types.ts';
import type { Driver, OpenedConsole } from '../driver/driver.ts';
import { Call } from '../job/call.ts';
import type { ConsoleClientMessage, ConsoleServerMessage } from './console-contract.ts';
import { InputWords } from './input-words.ts';
import type { ServedStream, StreamImplementation, StreamLink } from './server.ts';

type OpenConsole = StreamImplementation['domainOpenConsole'];
type Link = StreamLink<'domainOpenConsole'>;

/** What it asks of the driver. */
type Consoles = Pick<Driver, 'openConsole' | 'sendBreak' | 'gapTimes'>;

export function consoleService(driver: Consoles): OpenConsole {
  return async (call, params) => {
    const opened = await open(driver, call, params);
    const { session, domain, alias, label, runStart, position } = opened;
    const served = new ServedConsole(session, {
      sendBreak: (signal) => driver.sendBreak(callFor(call, signal), domain.uuid, alias),
      gapTimes: (gap) => driver.gapTimes(domain.uuid, alias, gap),
    });
    return {
      opened: { domain: domain.summary(), alias, label, mode: session.mode, sessionId: session.id, from: session.from, runStart, position },
      run: (link) => served.run(link),
      onBytes: (bytes) => served.input(bytes),
      onMessage: (message, after) => served.message(message, after),
    } satisfies ServedStream<'domainOpenConsole'>;
  };
}

/** `write-or-watch` watches where writing is refused because somebody else writes, or because nobody can. */
async function open(driver: Consoles, call: Call, params: Parameters<OpenConsole>[1]): Promise<OpenedConsole> {
  const { domain, device, mode, force, from } = params;
  const client = { id: call.client, label: call.client };
  const attempt = (asked: 'write' | 'watch'): Promise<OpenedConsole> => driver.openConsole(call, domain, device, { client, mode: asked, force, from });
  if (mode !== 'write-or-watch') return attempt(mode);
  try {
    return await attempt('write');
  } catch (thrown) {
    const { code, details } = asVireoError(thrown);
    if (code !== 'OPERATION_FAILED' && typeof details['readOnly'] !== 'string') throw thrown;
    return attempt('watch');
  }
}

/** The same caller's call, which ends with `signal`. */
function callFor({ owner, client, log }: Call, signal: AbortSignal): Call {
  return new Call({ owner, client, log, signal });
}

/** What a console's session leaves to the driver. */
interface Surroundings {
  readonly sendBreak: (signal: AbortSignal) => Promise<void>;
  readonly gapTimes: (gap: Gap) => Promise<Pick<GapMessage, 'fromMs' | 'toMs'>>;
}
type Gap = Extract<ConsoleItem, { readonly type: 'gap' }>;
type GapMessage = Extract<ConsoleServerMessage, { readonly type: 'gap' }>;

class ServedConsole {
  readonly #session: ConsoleSession;
  readonly #surroundings: Surroundings;
  readonly #words: InputWords;

  constructor(session: ConsoleSession, surroundings: Surroundings) {
    this.#session = session;
    this.#surroundings = surroundings;
    this.#words = new InputWords(session);
  }

  async run(link: Link): Promise<void> {
    // Whoever is gone holds nothing from then on, also while a read of the log keeps this loop.
    const leave = (): void => this.#session[Symbol.dispose]();
    link.closed.addEventListener('abort', leave, { once: true });
    try {
      this.#words.tellTo((message) => link.sendMessage(message));
      for (;;) {
        const item = await this.#session.read(link.closed);
        if (item === null) return;
        await this.#send(link, item);
      }
    } finally {
      leave();
    }
  }

  async input(bytes: Uint8Array): Promise<void> {
    try {
      await this.#session.write(bytes);
    } catch (error) {
      this.#words.refuse(asVireoError(error));
    }
  }

  /** Who writes is settled at once; a break stands among the bytes, in its place. */
  message(message: ConsoleClientMessage, after: Promise<void>): void {
    if (message.type === 'break') void this.#breakAfter(after);
    else this.#words.obey(message);
  }

  async #breakAfter(earlier: Promise<void>): Promise<void> {
    try {
      await earlier;
      await this.#session.sendBreak(this.#surroundings.sendBreak);
    } catch (error) {
      this.#words.refuse(asVireoError(error));
    }
  }

  async #send(link: Link, item: ConsoleItem): Promise<void> {
    if (item.type === 'bytes') return link.sendBytes(item.bytes, item.offset);
    if (item.type === 'gap') link.sendMessage({ ...item, ...(await this.#surroundings.gapTimes(item)) });
    else this.#words.tell(item);
    await link.roomForMessages(); // a client that reads nothing is told nothing more
  }
}
