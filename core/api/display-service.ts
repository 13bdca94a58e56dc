/** A viewer of a display behind the contract's stream: RFB both ways, and who has the input beside it. */
import { VireoError, asVireoError } from '../base/errors.ts';
import type { DisplaySession } from '../display/displays.ts';
import type { Driver } from '../driver/driver.ts';
import { openDisplay } from '../driver/open-display.ts';
import type { Call } from '../job/call.ts';
import type { ConsoleClientMessage } from './console-contract.ts';
import { InputWords } from './input-words.ts';
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
  readonly #words: InputWords;

  constructor(session: DisplaySession) {
    this.#session = session;
    this.#words = new InputWords(session);
  }

  async run(link: Link): Promise<void> {
    const end = (): void => this.#session[Symbol.dispose]();
    link.closed.addEventListener('abort', end, { once: true });
    try {
      if (link.closed.aborted) return;
      this.#words.tellTo((message) => link.sendMessage(message));
      this.#session.onWord((word) => this.#words.tell(word));
      this.#words.tellMode();
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
    if (message.type === 'break') this.#words.refuse(new VireoError('OPERATION_UNSUPPORTED', 'a break is a serial line\'s; a display has none'));
    else this.#words.obey(message);
  }
}
