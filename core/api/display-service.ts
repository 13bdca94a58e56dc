/** A viewer of a display behind the contract's stream: RFB both ways, and who has the input beside it. */
import { VireoError, asVireoError } from '../base/errors.ts';
import type { ConsoleWord } from '../console/console-types.ts';
import type { DisplaySession } from '../display/displays.ts';
import type { Driver } from '../driver/driver.ts';
import { openDisplay } from '../driver/open-display.ts';
import type { Call } from '../job/call.ts';
import type { ConsoleClientMessage, ConsoleServerMessage } from './console-contract.ts';
import type { ServedStream, StreamImplementation, StreamLink } from './server.ts';

type OpenGraphics = StreamImplementation['domainOpenGraphics'];
type Link = StreamLink<'domainOpenGraphics'>;

export function displayService(driver: Driver): OpenGraphics {
  return async (call, params) => {
    const domain = driver.find(params.domain);
    const session = await open(driver, call, params);
    const served = new ServedDisplay(session);
    return {
      opened: { domain: domain.summary(), index: params.display, mode: session.mode, sessionId: session.id },
      run: (link) => served.run(link),
      onBytes: (bytes) => session.write(bytes),
      onMessage: (message) => served.message(message),
    } satisfies ServedStream<'domainOpenGraphics'>;
  };
}

/** `write-or-watch` watches where writing is refused because somebody else has the input. */
async function open(driver: Driver, call: Call, { domain, display, mode, force }: Parameters<OpenGraphics>[1]): Promise<DisplaySession> {
  const client = { id: call.client, label: call.client };
  const attempt = (asked: 'write' | 'watch'): Promise<DisplaySession> => driver.on(domain, (found) => openDisplay(driver.context, call, found, { index: display, client, mode: asked, force }));
  if (mode !== 'write-or-watch') return attempt(mode);
  try {
    return await attempt('write');
  } catch (error) {
    if (asVireoError(error).details['holder'] === undefined) throw error;
    return attempt('watch');
  }
}

class ServedDisplay {
  readonly #session: DisplaySession;
  #link: Link | null = null;
  #mode: 'write' | 'watch';

  constructor(session: DisplaySession) {
    this.#session = session;
    this.#mode = session.mode;
  }

  async run(link: Link): Promise<void> {
    this.#link = link;
    const end = (): void => this.#session[Symbol.dispose]();
    link.closed.addEventListener('abort', end, { once: true });
    try {
      if (link.closed.aborted) return;
      this.#session.onWord((word) => this.#tell(word));
      this.#tellMode();
      let offset = 0;
      for await (const bytes of this.#session.read()) {
        await link.sendBytes(bytes, offset);
        offset += bytes.byteLength;
      }
    } finally {
      link.closed.removeEventListener('abort', end);
      end();
    }
  }

  message(message: ConsoleClientMessage): void {
    try {
      this.#obey(message);
      this.#tellMode();
    } catch (error) {
      this.#refused(asVireoError(error));
    }
  }

  #obey(message: ConsoleClientMessage): void {
    switch (message.type) {
      case 'request-write':
        return this.#session.requestWrite(message.force);
      case 'ask':
        return this.#session.ask();
      case 'withdraw':
        return this.#session.withdraw();
      case 'hand-over':
        return this.#session.handOver(message.to);
      case 'decline':
        return this.#session.decline(message.to);
      case 'release':
        return this.#session.release();
      case 'break':
        throw new VireoError('OPERATION_UNSUPPORTED', 'a break is a serial line\'s; a display has none');
    }
  }

  #tell(word: ConsoleWord): void {
    this.#link?.sendMessage(word.type === 'requests' ? { ...word, from: [...word.from] } : word);
    this.#tellMode();
  }

  /** A take-over changes the mode from outside: it follows the notice. */
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
