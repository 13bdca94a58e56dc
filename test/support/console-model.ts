/**
 * What a console must do, in a few plain lists: who is on it, who writes, who asks, what each was told and where in the
 * stream. Its answers are the rules as docs/decisions/0016-who-writes.md has them; the multiplexer's are compared with them.
 */
export function expectThat(holds: unknown, what: () => string): asserts holds {
  if (!holds) throw new Error(`oracle: ${what()}`);
}

/** A piece of input that was accepted, or was refused at once. */
export interface ModelInput {
  readonly bytes: Buffer | 'break';
  /** How much of it the device was given, and how much it took. */
  given: number;
  /** Null while it waits. */
  outcome: string | null;
  /** All of it was in the device's hands when the input was lost, which may be heard as either. */
  readonly mayHaveSucceeded: { value: boolean };
}

export class ModelSession {
  /** What it must be told, in order, each with its place in the stream. */
  readonly told: { readonly at: number; readonly what: string }[] = [];
  readonly inputs: ModelInput[] = [];
  readonly label: string;
  readonly console: ConsoleModel;
  /** Known once it is open. */
  id = '';

  constructor(console: ConsoleModel, label: string) {
    this.console = console;
    this.label = label;
  }

  tell(what: string): void {
    this.told.push({ at: this.console.said.length, what });
  }
}

/** One console from its connection to its end. */
export class ConsoleModel {
  said = '';
  state: 'connecting' | 'open' | 'over' = 'connecting';
  readonly isHeld: boolean;
  readonly sessions: ModelSession[] = [];
  writer: ModelSession | null = null;
  asking: ModelSession[] = [];

  constructor(isHeld: boolean) {
    this.isHeld = isHeld;
  }

  /** Each answers with the code of the refusal, or null. */
  open(session: ModelSession, mode: 'write' | 'watch', force: boolean): string | null {
    if (mode === 'write' && (this.state === 'over' || (this.writer && !force))) return 'OPERATION_FAILED';
    this.sessions.push(session);
    return mode === 'write' ? this.take(session, force) : null;
  }

  take(session: ModelSession, force: boolean): string | null {
    if (this.writer === session) return null;
    if (this.state === 'over' || (this.writer && !force)) return 'OPERATION_FAILED';
    const others = this.asking.filter((each) => each !== session);
    this.asking = [];
    for (const each of others) each.tell(`request moot ${session.label}`);
    this.#move(session, 'taken-over', null);
    return null;
  }

  ask(session: ModelSession): string | null {
    if (this.writer === session) return null;
    if (!this.writer) return this.take(session, false);
    if (!this.asking.includes(session)) this.asking.push(session);
    session.tell(`request waiting ${this.writer.label}`);
    this.#tellWriter();
    return null;
  }

  withdraw(session: ModelSession): null {
    if (this.#forget(session)) this.#tellWriter();
    return null;
  }

  handOver(session: ModelSession, to: string): string | null {
    if (this.writer !== session) return 'OPERATION_DENIED';
    const next = this.asking.find(({ id }) => id === to);
    if (!next) return 'OPERATION_INVALID';
    this.#move(next, 'writer-changed', 'handed-over');
    return null;
  }

  decline(session: ModelSession, to: string): string | null {
    if (this.writer !== session) return 'OPERATION_DENIED';
    const declined = this.asking.find(({ id }) => id === to);
    if (!declined) return null;
    this.#forget(declined);
    declined.tell(`request declined ${session.label}`);
    this.#tellWriter();
    return null;
  }

  release(session: ModelSession): null {
    if (this.writer === session) this.#move(this.asking[0] ?? null, 'writer-changed', 'handed-over');
    return null;
  }

  leave(session: ModelSession): void {
    this.sessions.splice(this.sessions.indexOf(session), 1);
    this.withdraw(session);
    this.release(session);
  }

  /** The connection is lost: what waited for it is refused. */
  cut(): void {
    if (this.isHeld) this.state = 'connecting';
    if (this.writer) drop(this.writer, 'OPERATION_INVALID');
  }

  /** A foreign program has the device: whoever writes cannot. */
  refuse(by: string): void {
    const { writer } = this;
    if (!writer) return;
    drop(writer, 'OPERATION_FAILED');
    writer.tell(`taken-over ${by}`);
    this.release(writer);
  }

  end(): void {
    if (this.state === 'over') return;
    if (this.writer) drop(this.writer, 'OPERATION_INVALID');
    for (const each of this.asking) each.tell('request moot null');
    this.asking = [];
    this.writer = null;
    this.state = 'over';
    for (const each of this.sessions) each.tell('closed null');
  }

  /** What is given to the device now must be the next of what the writer typed. */
  given(bytes: Buffer | 'break'): ModelInput {
    const { writer } = this;
    expectThat(writer, () => `${bytes.length} bytes of nobody reach the device`);
    const next = writer.inputs.find(({ outcome, given, bytes: all }) => outcome === null && given < all.length);
    expectThat(next, () => `the device was given what ${writer.label}, who writes, did not type`);
    const due = next.bytes === 'break' || bytes === 'break' ? next.bytes : next.bytes.subarray(next.given, next.given + bytes.length);
    const isDue = typeof due === 'string' || typeof bytes === 'string' ? due === bytes : due.equals(bytes);
    expectThat(isDue, () => `the device was given something else than ${writer.label} typed next`);
    next.given += bytes.length;
    return next;
  }

  #forget(session: ModelSession): boolean {
    const before = this.asking.length;
    this.asking = this.asking.filter((each) => each !== session);
    return this.asking.length < before;
  }

  #move(to: ModelSession | null, toLoser: string, toWinner: string | null): void {
    const from = this.writer;
    if (from) drop(from, 'OPERATION_ABORTED');
    this.writer = to;
    if (to) this.#forget(to);
    for (const each of this.sessions) {
      if (each !== to && each !== from) each.tell(to ? `writer-changed ${to.label}` : `released ${from?.label}`);
      else if (each === from && to) each.tell(`${toLoser} ${to.label}`);
      else if (each === to && toWinner !== null) each.tell(`${toWinner} ${from?.label}`);
    }
    for (const each of this.asking) each.tell(`request waiting ${to?.label}`);
    if (this.asking.length > 0) this.#tellWriter();
  }

  #tellWriter(): void {
    this.writer?.tell(`requests ${this.asking.map(({ label }) => label).join(' ')}`);
  }
}

function drop(loser: ModelSession, code: string): void {
  for (const input of loser.inputs) {
    if (input.outcome !== null) continue;
    input.mayHaveSucceeded.value = input.given === input.bytes.length;
    input.outcome = code;
  }
}
