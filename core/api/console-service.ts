/** A console session behind the contract's stream: items of the multiplexer out, keystrokes in. */
import { type VireoError, asVireoError } from '../base/errors.ts';
import type { ConsoleItem, ConsoleSession } from '../console/console-types.ts';
import type { Driver, OpenedConsole } from '../driver/driver.ts';
import type { Call } from '../job/call.ts';
import type { ConsoleClientMessage, ConsoleServerMessage } from './contract.ts';
import type { ServedStream, StreamImplementation, StreamLink } from './server.ts';

type OpenConsole = StreamImplementation['domainOpenConsole'];
type Link = StreamLink<'domainOpenConsole'>;

export function consoleService(driver: Driver): OpenConsole {
  return async (call, params) => {
    const opened = await open(driver, call, params);
    const { session, domain, alias, label } = opened;
    const served = new ServedConsole(session, () => driver.context.clock.wallTime());
    return {
      opened: { domain: domain.summary(), alias, label, mode: session.mode, sessionId: session.id },
      run: (link) => served.run(link),
      onBytes: (bytes) => served.input(bytes),
      onMessage: (message) => served.message(message),
    } satisfies ServedStream<'domainOpenConsole'>;
  };
}

/** `write-or-watch` watches where writing is refused because somebody else writes. */
async function open(driver: Driver, call: Call, params: Parameters<OpenConsole>[1]): Promise<OpenedConsole> {
  const { domain, device, mode, force, from } = params;
  const client = { id: call.client, label: call.client };
  const attempt = (asked: 'write' | 'watch'): Promise<OpenedConsole> => driver.openConsole(call, domain, device, { client, mode: asked, force, from });
  if (mode !== 'write-or-watch') return attempt(mode);
  try {
    return await attempt('write');
  } catch (error) {
    if (asVireoError(error).code !== 'OPERATION_FAILED') throw error;
    return attempt('watch');
  }
}

class ServedConsole {
  readonly #session: ConsoleSession;
  readonly #wallTime: () => number;
  #link: Link | null = null;
  #mode: 'write' | 'watch';

  constructor(session: ConsoleSession, wallTime: () => number) {
    this.#session = session;
    this.#wallTime = wallTime;
    this.#mode = session.mode;
  }

  async run(link: Link): Promise<void> {
    this.#link = link;
    try {
      for (;;) {
        const item = await this.#session.read(link.closed);
        if (item === null) return;
        await this.#send(link, item);
      }
    } finally {
      this.#session[Symbol.dispose]();
    }
  }

  async input(bytes: Uint8Array): Promise<void> {
    try {
      await this.#session.write(bytes);
    } catch (error) {
      this.#refused(asVireoError(error));
    }
  }

  message(message: ConsoleClientMessage): void {
    try {
      if (message.type === 'release') this.#session.release();
      else this.#session.requestWrite(message.force);
      this.#tellMode();
    } catch (error) {
      this.#refused(asVireoError(error));
    }
  }

  async #send(link: Link, item: ConsoleItem): Promise<void> {
    if (item.type === 'bytes') {
      await link.sendBytes(item.bytes, item.offset);
      return;
    }
    link.sendMessage(item.type === 'gap' ? item : { type: 'notice', what: item.what, by: item.by, atMs: this.#wallTime() });
    this.#tellMode();
  }

  /** A take-over changes the mode from outside: the notice comes in the stream, and the mode with it. */
  #tellMode(): void {
    if (this.#session.mode === this.#mode) return;
    this.#mode = this.#session.mode;
    this.#link?.sendMessage({ type: 'mode', mode: this.#mode });
  }

  #refused(error: VireoError): void {
    const holder: unknown = error.details['holder'];
    const sinceMs: unknown = error.details['sinceMs'];
    const message: ConsoleServerMessage = {
      type: 'refused',
      error: { code: error.code, message: error.message },
      holder: typeof holder === 'string' ? holder : null,
      sinceMs: typeof sinceMs === 'number' ? sinceMs : null,
    };
    this.#link?.sendMessage(message);
  }
}
