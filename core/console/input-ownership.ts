/**
 * Who may write to a console, and who waits to: the rules, without bytes, clocks or waiting. One session has the input
 * or nobody has. It goes from one to another in four ways only: taken while free, taken by force, given by its holder
 * to one who asks, or left to the first who asks. Nobody is given what it did not ask for, and a free input has nobody
 * who waits for it. Everybody is told of each change, and by whom (docs/decisions/0016-who-writes.md).
 */
import { VireoError, type ErrorDomain } from '../base/errors.ts';
import type { ConsoleDevice, ConsoleNotice, ConsoleWord } from './console-types.ts';

/** More people than anybody asks at once; each change of the list is told to the writer whole. */
const maximumRequests = 32;

export interface Contender {
  readonly id: string;
  readonly label: string;
  /** Puts a word at the end of what this session reads. */
  notify(word: ConsoleWord): void;
}

export interface InputOwnershipOptions<S> {
  readonly device: Pick<ConsoleDevice, 'alias' | 'kind' | 'backend' | 'readOnly'>;
  /** What it is to who is refused; a console unless told otherwise. */
  readonly words?: { readonly name: string; readonly active: string };
  readonly domain: ErrorDomain;
  /** Everybody on the console, in the order in which they came. */
  readonly sessions: ReadonlySet<S>;
  readonly wallTime: () => number;
  /** Called after the input went from `loser` to `winner`, when the rules hold again; null stands for nobody. */
  readonly onMoved: (loser: S | null, winner: S | null) => void;
  /** Called after a session asked, took its request back, was declined or left. */
  readonly onRequests: () => void;
}

export class InputOwnership<S extends Contender> {
  readonly #options: InputOwnershipOptions<S>;
  #writer: { readonly session: S; readonly sinceMs: number } | null = null;
  /** Since when each asks; the first to ask is the first here. */
  readonly #requests = new Map<S, number>();
  /** Why there is nothing to write to any more. */
  #over: string | null = null;

  constructor(options: InputOwnershipOptions<S>) {
    this.#options = options;
  }

  get writer(): { readonly session: S; readonly sinceMs: number } | null {
    return this.#writer;
  }

  /** Why nobody can write from here; null where one can. */
  get readOnly(): string | null {
    const { readOnly, backend } = this.#options.device;
    if (readOnly !== undefined) return readOnly;
    return backend.type === 'elsewhere' ? backend.why : null;
  }

  isWriter(session: S): boolean {
    return this.#writer?.session === session;
  }

  /** Since when a session asks; null when it does not. */
  asksSinceMs(session: S): number | null {
    return this.#requests.get(session) ?? null;
  }

  take(session: S, force: boolean): void {
    if (this.isWriter(session)) return;
    this.refuseIfBarred(force);
    this.#requests.delete(session);
    this.#declareMoot(session.label);
    this.#move(session, 'taken');
  }

  /** @throws why a session could not take the input now. */
  refuseIfBarred(force: boolean): void {
    const { device, domain } = this.#options;
    const { kind, alias } = device;
    const { readOnly } = this;
    if (readOnly !== null) throw new VireoError('OPERATION_DENIED', `${this.#name} can only be watched: ${readOnly}`, { domain, details: { alias, readOnly } });
    if (this.#over !== null) throw new VireoError('OPERATION_FAILED', `${this.#name} is not connected: ${this.#over}`, { domain, details: { alias } });
    if (!this.#writer || force) return;
    const { session, sinceMs } = this.#writer;
    const text = this.#options.words ? this.#options.words.active : kind === 'channel' ? 'Active channel stream exists for this domain' : 'Active console session exists for this domain';
    throw new VireoError('OPERATION_FAILED', text, { domain, details: { alias, holder: session.label, sinceMs, sessionId: session.id } });
  }

  /** @throws OPERATION_DENIED for everybody but the writer. */
  refuseUnlessWriter(session: S): void {
    if (this.isWriter(session)) return;
    const { device, domain } = this.#options;
    const holder = this.#writer?.session.label ?? null;
    const who = holder === null ? 'nobody has taken it' : `${holder} owns it`;
    throw new VireoError('OPERATION_DENIED', `${this.#name} is only watched here; its input is not ours: ${who}`, { domain, details: { alias: device.alias, holder } });
  }

  ask(session: S): void {
    if (this.isWriter(session)) return;
    if (!this.#writer) return this.take(session, false);
    const { domain, wallTime } = this.#options;
    if (!this.#requests.has(session)) {
      if (this.#requests.size >= maximumRequests) throw new VireoError('RESOURCE_BUSY', `${maximumRequests} others ask for the input of ${this.#name} already`, { domain });
      this.#requests.set(session, wallTime());
    }
    session.notify({ type: 'request', state: 'waiting', by: this.#writer.session.label });
    this.#tellWriter();
    this.#options.onRequests();
  }

  withdraw(session: S): void {
    if (!this.#requests.delete(session)) return;
    this.#tellWriter();
    this.#options.onRequests();
  }

  handOver(session: S, to: string): void {
    this.refuseUnlessWriter(session);
    const asking = this.#asking(to);
    const { device, domain } = this.#options;
    if (!asking) throw new VireoError('OPERATION_INVALID', `nobody asks for the input of ${this.#name} any more under the number ${to}`, { domain, details: { alias: device.alias, sessionId: to } });
    this.#move(asking, 'given');
  }

  decline(session: S, to: string): void {
    this.refuseUnlessWriter(session);
    const asking = this.#asking(to);
    if (!asking) return;
    this.#requests.delete(asking);
    asking.notify({ type: 'request', state: 'declined', by: session.label });
    this.#tellWriter();
    this.#options.onRequests();
  }

  /** The input goes to the first who asks, or to nobody. */
  release(session: S): void {
    if (!this.isWriter(session)) return;
    const [next] = this.#requests.keys();
    this.#move(next ?? null, 'given');
  }

  /** A session that is no longer among the sessions holds nothing and asks for nothing. */
  leave(session: S): void {
    if (this.isWriter(session)) return this.release(session);
    if (this.#requests.delete(session)) this.#tellWriter();
    this.#options.onRequests();
  }

  /** The device is gone: nobody waits for it, nobody has it, and nobody can have it any more. */
  end(why: string): void {
    if (this.#over !== null) return;
    this.#over = why;
    this.#declareMoot(null);
    this.#writer = null;
  }

  get #name(): string {
    const { words, device } = this.#options;
    return words?.name ?? `console '${device.alias}'`;
  }

  #asking(id: string): S | undefined {
    return [...this.#requests.keys()].find((session) => session.id === id);
  }

  #declareMoot(by: string | null): void {
    for (const session of this.#requests.keys()) session.notify({ type: 'request', state: 'moot', by });
    this.#requests.clear();
  }

  #move(to: S | null, how: 'taken' | 'given'): void {
    const { sessions, wallTime, onMoved } = this.#options;
    const from = this.#writer?.session ?? null;
    const atMs = wallTime();
    this.#writer = to && { session: to, sinceMs: atMs };
    if (to) this.#requests.delete(to);
    for (const session of sessions) {
      const what = whatHappened(session, { from, to, how });
      if (what) session.notify({ type: 'notice', what, by: (what === 'handed-over' ? from : (to ?? from))?.label ?? null, atMs });
    }
    if (to) for (const session of this.#requests.keys()) session.notify({ type: 'request', state: 'waiting', by: to.label });
    if (this.#requests.size > 0) this.#tellWriter();
    onMoved(from, to);
  }

  #tellWriter(): void {
    const from = [...this.#requests].map(([{ id, label }, sinceMs]) => ({ sessionId: id, label, sinceMs }));
    this.#writer?.session.notify({ type: 'requests', from });
  }
}

/** Whoever acted for itself knows already. */
function whatHappened<S>(session: S, { from, to, how }: { readonly from: S | null; readonly to: S | null; readonly how: 'taken' | 'given' }): ConsoleNotice['what'] | null {
  if (session === to) return how === 'given' ? 'handed-over' : null;
  if (to === null) return session === from ? null : 'released';
  return session === from && how === 'taken' ? 'taken-over' : 'writer-changed';
}
