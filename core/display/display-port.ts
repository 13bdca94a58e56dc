/** One display of a running domain: who looks at it and who has its input. */
import { randomUUID } from 'node:crypto';
import type { Clock } from '../base/clock.ts';
import { VireoError, type ErrorDomain } from '../base/errors.ts';
import { InputOwnership } from '../console/input-ownership.ts';
import { DisplaySession } from './display-session.ts';
import type { DisplayDevice, DisplayPlace, DisplayStatus, OpenDisplayOptions } from './display-types.ts';
import { connectVnc } from './vnc-connection.ts';

export interface DisplayPortOptions {
  readonly index: number;
  readonly domain: ErrorDomain;
  readonly clock: Clock;
  readonly onChange: () => void;
}

/** Each is a connection that QEMU keeps pictures for. */
const maximumSessions = 64;
/** QEMU answers in a millisecond; one that is held up by a slow disk takes longer. */
const connectMs = 10_000;

export class DisplayPort implements Disposable {
  readonly #options: DisplayPortOptions;
  readonly #sessions = new Set<DisplaySession>();
  readonly #ownership: InputOwnership<DisplaySession>;
  /** Connections that are being made. */
  #opening = 0;
  #disposed = false;

  constructor(options: DisplayPortOptions) {
    this.#options = options;
    const { index, domain, clock } = options;
    this.#ownership = new InputOwnership({
      device: { alias: `display ${index}`, kind: 'console', backend: { type: 'unix', path: '' } },
      words: { name: `display ${index}`, active: 'Active display session exists for this domain' },
      domain,
      sessions: this.#sessions,
      wallTime: () => clock.wallTime(),
      onMoved: (loser) => {
        loser?.letGo();
        this.#changed();
      },
      onRequests: () => this.#changed(),
    });
  }

  /** The caller disposes the session. @throws as `connectVnc`; OPERATION_TIMEOUT; OPERATION_FAILED naming who has the input. */
  async open(device: DisplayDevice & { readonly place: DisplayPlace }, { client, mode, force }: OpenDisplayOptions, signal: AbortSignal): Promise<DisplaySession> {
    const { domain, clock } = this.#options;
    if (mode === 'write') this.#ownership.refuseIfBarred(force);
    if (this.#sessions.size + this.#opening >= maximumSessions) throw new VireoError('RESOURCE_BUSY', `${maximumSessions} viewers look at this display already`, { domain });
    this.#opening += 1;
    try {
      const late = AbortSignal.timeout(connectMs);
      const connection = await connectVnc(device, AbortSignal.any([signal, late])).catch((error: unknown) => {
        if (late.aborted && !signal.aborted) throw new VireoError('OPERATION_TIMEOUT', `the display does not answer within ${connectMs / 1_000} seconds`, { domain });
        throw error instanceof VireoError ? error.about(domain) : error;
      });
      const session = new DisplaySession({ id: randomUUID(), label: client.label, sinceMs: clock.wallTime(), connection, ownership: this.#ownership, onLeave: (leaving) => this.#leave(leaving) });
      this.#sessions.add(session);
      try {
        if (this.#disposed) throw new VireoError('OPERATION_INVALID', 'domain is not running', { domain });
        if (mode === 'write') this.#ownership.take(session, force); // somebody may have been quicker
        else this.#changed();
      } catch (error) {
        session[Symbol.dispose]();
        throw error;
      }
      return session;
    } finally {
      this.#opening -= 1;
    }
  }

  status(): DisplayStatus {
    const { writer } = this.#ownership;
    return {
      index: this.#options.index,
      writer: writer && { sessionId: writer.session.id, label: writer.session.label, sinceMs: writer.sinceMs },
      watchers: this.#sessions.size - (writer ? 1 : 0),
      sessions: [...this.#sessions].map((session) => ({ sessionId: session.id, label: session.label, mode: session.mode, sinceMs: session.sinceMs, asksSinceMs: this.#ownership.asksSinceMs(session) })),
    };
  }

  [Symbol.dispose](): void {
    this.#disposed = true;
    for (const session of [...this.#sessions]) session[Symbol.dispose]();
  }

  #leave(session: DisplaySession): void {
    if (!this.#sessions.delete(session)) return;
    session.letGo();
    this.#ownership.leave(session);
    this.#changed();
  }

  #changed(): void {
    this.#options.onChange();
  }
}
