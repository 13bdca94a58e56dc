/**
 * Plays one interleaving on the multiplexer and on its model (console-model.ts), with a device that takes what it is
 * given when the scenario says so, and readers that read when it says so. No time passes and no socket is opened, so
 * that a scenario is the same each time. The oracles: never two writers, never a lock that outlives its holder, every
 * byte that was accepted reaches the device in order and while its session writes, everybody is told of every change and by
 * whom at the place where it happened, the status is what the model says, and nothing is left behind.
 */
import { getEventListeners } from 'node:events';
import { VireoError, asVireoError } from '../../core/base/errors.ts';
import { silentLog } from '../../core/base/log.ts';
import type { ConsoleLink, ConsoleLinkOptions } from '../../core/console/console-link.ts';
import type { ConsoleMux, ConsoleMuxOptions } from '../../core/console/console-mux.ts';
import type { ConsoleDevice, ConsoleItem, ConsoleSession, ConsoleStatus } from '../../core/console/console-types.ts';
import type { DeviceConnection } from '../../core/console/device-connection.ts';
import { ConsoleModel, ModelSession, expectThat, type ModelInput } from './console-model.ts';
import { type ConsoleOperation, type ConsoleScenario, people } from './console-scenarios.ts';
import { VirtualClock, settled } from './virtual-clock.ts';

export type CreateMux = (options: ConsoleMuxOptions) => ConsoleMux;

const domain = { name: 'fedora', uuid: '6d8bd6a4-4c7e-4f2e-9a53-0d9b4d7a4b01' };
const device: ConsoleDevice = { alias: 'serial0', kind: 'serial', label: 'ttyS0', backend: { type: 'unix', path: '/nowhere' }, logFile: null, runStart: 0 };
const sharedDevice: ConsoleDevice = { ...device, backend: { type: 'tcp', host: '127.0.0.1', port: 1, telnet: false } };
const foreigner = 'minicom (pid 7)';
const maximumWaitingBytes = 1_048_576;
const breakBytes = 4_096;

interface Need {
  readonly met: Promise<void>;
  readonly done: () => void;
  readonly fail: (error: VireoError) => void;
}

/** The device's side, in the hands of the scenario. */
class FakeLink implements ConsoleLink {
  readonly options: ConsoleLinkOptions;
  readonly model: ConsoleModel;
  /** What the device was given and has not taken. */
  under: { readonly input: ModelInput; readonly take: () => void; readonly lose: () => void } | null = null;

  readonly #failures: unknown[];
  #need: Need | null = null;
  #isConnected = false;

  constructor(options: ConsoleLinkOptions, model: ConsoleModel, failures: unknown[]) {
    this.options = options;
    this.model = model;
    this.#failures = failures;
  }

  async connect(): Promise<void> {
    if (this.model.isHeld) return this.open();
    this.model.state = 'open';
    this.options.onState('open', null, null);
  }

  open(): void {
    this.model.state = 'open';
    this.#isConnected = true;
    this.options.onState('open', this.#connection(), null);
  }

  /** Waits for `connectNeeded` or `refuseNeeded`, where the connection is made for a writer. */
  needsWriter(isNeeded: boolean): Promise<void> {
    if (this.model.isHeld) return Promise.resolve();
    if (isNeeded) {
      if (!this.#isConnected) this.#need ??= this.#waiting();
      return this.#need?.met ?? Promise.resolve();
    }
    this.#need?.fail(new VireoError('OPERATION_ABORTED', 'the input was given up before the console was connected'));
    this.#need = null;
    if (this.#isConnected) this.lose();
    return Promise.resolve();
  }

  /** Whether anybody waited for it. */
  connectNeeded(): boolean {
    const need = this.#need;
    if (!need) return false;
    this.#need = null;
    this.open();
    need.done();
    return true;
  }

  refuseNeeded(): boolean {
    const need = this.#need;
    if (!need) return false;
    this.#need = null;
    need.fail(new VireoError('OPERATION_FAILED', `the console's input is in use by ${foreigner}`, { details: { holder: foreigner } }));
    return true;
  }

  /** The connection has ended, by either side. */
  lose(): void {
    this.#isConnected = false;
    this.options.onState(this.model.isHeld ? 'connecting' : 'open', null, this.model.isHeld ? 'the other side closed the connection' : null);
    if (this.under?.input.bytes !== 'break') this.under?.lose();
  }

  async [Symbol.asyncDispose](): Promise<void> {}

  #waiting(): Need {
    let [done, fail]: [() => void, (error: VireoError) => void] = [() => {}, () => {}];
    const met = new Promise<void>((resolve, reject) => ([done, fail] = [resolve, reject]));
    met.catch(() => {});
    return { met, done, fail };
  }

  hold(bytes: Buffer | 'break', signal: AbortSignal | null): Promise<void> {
    const input = this.#give(bytes);
    return new Promise((resolve, reject) => {
      const lose = (): void => {
        if (this.under === held) this.under = null;
        reject(new VireoError('OPERATION_INVALID', 'the console device is not connected'));
      };
      const take = (): void => {
        this.under = null;
        resolve();
      };
      const held = { input, take, lose };
      this.under = held;
      signal?.addEventListener('abort', lose, { once: true });
    });
  }

  get isInUse(): boolean {
    return this.#isConnected || this.#need !== null;
  }

  get isConnected(): boolean {
    return this.#isConnected;
  }

  #give(bytes: Buffer | 'break'): ModelInput {
    try {
      expectThat(this.under === null, () => 'the device was given a piece before it took the one before');
      return this.model.given(bytes);
    } catch (error) {
      this.#failures.push(error); // to the one who writes it is only a connection that fails
      throw error;
    }
  }

  #connection(): DeviceConnection {
    return {
      write: (bytes) => this.hold(Buffer.from(bytes), null),
      pause: () => {},
      resume: () => {},
      [Symbol.asyncDispose]: async () => {},
    };
  }
}

/** One session, whose reading is let on item by item. */
class Visitor {
  readonly model: ModelSession;
  readonly session: ConsoleSession;
  readonly ended = new AbortController();
  #next: number;
  #told = 0;
  #lastRequests: string | null = null;
  #allowed = 0;
  #go: () => void = () => {};
  isOver = false;

  constructor(model: ModelSession, session: ConsoleSession, failures: unknown[]) {
    this.model = model;
    this.session = session;
    this.#next = session.from;
    void this.#read().catch((error: unknown) => failures.push(error)).finally(() => (this.isOver = true));
  }

  read(items: number): void {
    this.#allowed += items;
    this.#go();
  }

  /** What there is to read was read. */
  checkAllRead(): void {
    const { said } = this.model.console;
    expectThat(this.#next === said.length, () => `${this.model.label} read ${this.#next} of ${said.length} bytes`);
    expectThat(this.#told === this.model.told.length, () => `${this.model.label} was not told: ${this.model.told[this.#told]?.what}`);
  }

  async #read(): Promise<void> {
    for (;;) {
      if (this.#allowed === 0) await new Promise<void>((resolve) => (this.#go = resolve));
      this.#allowed -= 1;
      const item = await this.session.read(this.ended.signal);
      if (item === null) return;
      this.#check(item);
    }
  }

  #check(item: ConsoleItem): void {
    const { label, console, told } = this.model;
    if (item.type === 'gap') return expectThat(false, () => `${label} has a gap`);
    if (item.type === 'bytes') {
      const due = console.said.slice(this.#next, this.#next + item.bytes.length);
      expectThat(item.offset === this.#next && Buffer.from(item.bytes).toString() === due, () => `${label} reads other bytes than were said`);
      this.#next += item.bytes.length;
      return;
    }
    const what = wordOf(item);
    if (item.type === 'requests') return this.#checkRequests(what);
    this.#lastRequests = null;
    const due = told[this.#told];
    expectThat(due?.what === what, () => `${label} was told '${what}' instead of '${due?.what}'`);
    expectThat(due.at === this.#next, () => `${label} was told '${what}' at ${this.#next} instead of ${due.at}`);
    this.#told += 1;
  }

  /** Of lists of requests that stand side by side the last must be told, and the others may be. */
  #checkRequests(what: string): void {
    const { label, told } = this.model;
    let last = this.#told;
    while (isRequests(told[last])) last += 1;
    const found = told.slice(this.#told, last).findLastIndex((each) => each.what === what && each.at === this.#next);
    const isRepeated = this.#lastRequests === what;
    expectThat(found >= 0 || isRepeated, () => `${label} was told '${what}' at ${this.#next} instead of ${JSON.stringify(told.slice(this.#told, last + 1))}`);
    this.#told += found + 1;
    this.#lastRequests = what;
  }
}

function isRequests(word: { readonly what: string } | undefined): boolean {
  return word?.what.startsWith('requests ') ?? false;
}

function wordOf(item: Exclude<ConsoleItem, { type: 'bytes' | 'gap' }>): string {
  if (item.type === 'requests') return `requests ${item.from.map(({ label }) => label).join(' ')}`;
  return item.type === 'request' ? `request ${item.state} ${item.by}` : `${item.what} ${item.by}`;
}

/** @throws Error `oracle: ...` with the history where a rule was broken. */
export async function simulateConsole(createMux: CreateMux, { isHeld, operations }: ConsoleScenario): Promise<void> {
  const simulation = new Simulation(createMux, isHeld);
  const history = [isHeld ? 'held' : 'connected for a writer'];
  try {
    await simulation.begin();
    for (const operation of operations) {
      history.push(JSON.stringify(operation));
      // Not even a microtask between two operations, unless the scenario has it.
      const played = simulation.play(operation);
      if (played) await played;
      simulation.check();
    }
    history.push('the end');
    await simulation.end();
  } catch (error) {
    throw new Error(`${asVireoError(error).message}\nhistory: ${history.join('\n')}`, { cause: error });
  }
}

class Simulation {
  readonly #clock = new VirtualClock();
  readonly #mux: ConsoleMux;
  readonly #failures: unknown[] = [];
  readonly #visitors: (Visitor | null)[] = Array.from({ length: people }, () => null);
  readonly #all: Visitor[] = []; // also those who have gone
  readonly #inputs: { readonly label: string; readonly input: ModelInput; actual: string | null }[] = [];
  readonly #links: FakeLink[] = [];
  /** Null while the device is not there. */
  #model: ConsoleModel | null = null;
  #last: ConsoleStatus | null = null;
  #serial = 0;

  readonly #isHeld: boolean;

  constructor(createMux: CreateMux, isHeld: boolean) {
    this.#isHeld = isHeld;
    this.#mux = createMux({
      domain,
      clock: this.#clock,
      log: silentLog,
      createLink: (options) => {
        const link = new FakeLink(options, this.#model!, this.#failures);
        this.#links.push(link);
        return link;
      },
    });
    this.#mux.changes.on((status) => (this.#last = status));
  }

  async begin(): Promise<void> {
    this.#model = new ConsoleModel(this.#isHeld);
    await this.#mux.add(this.#isHeld ? device : sharedDevice, new AbortController().signal);
  }

  play(operation: ConsoleOperation): Promise<void> | undefined {
    switch (operation.does) {
      case 'wait':
        return turns(operation.turns);
      case 'pass':
        this.#clock.advance(operation.ms);
        return settled();
      case 'take':
        return this.#take(operation.pieces);
      case 'say':
        this.#say(operation.bytes);
        return;
      case 'cut':
        return this.#cut(operation.firstTheWrite);
      case 'reconnect':
        if (this.#model?.state === 'connecting') this.#link.open();
        else if (this.#model?.isHeld === false) this.#link.connectNeeded();
        return;
      case 'give up':
        if (this.#model?.isHeld === false) return this.#refuse(this.#model);
        if (this.#model?.state !== 'connecting') return;
        this.#model.end();
        this.#link.options.onState('failed', null, 'nobody listens');
        return;
      case 'remove':
        return this.#remove();
      case 'add':
        return this.#model === null ? this.begin() : undefined;
      case 'open':
        this.#open(operation);
        return;
      default:
        this.#act(operation);
        return;
    }
  }

  /** What must hold at any time, between any two steps. */
  check(): void {
    if (this.#failures.length > 0) throw this.#failures[0];
    const model = this.#model;
    const due = model && { writer: model.writer?.id ?? null, watchers: model.sessions.length - (model.writer ? 1 : 0), sessions: model.sessions.map((each) => stateOf(each)) };
    const [status] = this.#mux.status();
    expectThat(same(due, status ? told(status) : null), () => `the status is ${JSON.stringify(status && told(status))} instead of ${JSON.stringify(due)}`);
    if (due && this.#last) expectThat(same(due, told(this.#last)), () => `the last change that was told is ${JSON.stringify(told(this.#last!))} instead of ${JSON.stringify(due)}`);
    expectThat(this.#isHeld || model?.writer !== null || !this.#link.isInUse, () => 'the device is connected for nobody');
    const under = this.#link.under?.input;
    expectThat(under?.bytes !== 'break' || under.outcome === null || under.outcome === 'taken', () => 'a break is still being sent though the input is lost');
    for (const { session, model: each } of this.#all) {
      const mode = each.console.writer === each ? 'write' : 'watch';
      expectThat(session.mode === mode, () => `${each.label} may ${session.mode} instead of ${mode}`);
    }
  }

  async end(): Promise<void> {
    for (const visitor of this.#all) visitor.read(Infinity);
    this.#clock.advance(1_000);
    await settled();
    while (this.#link.under || (this.#model?.isHeld === false && this.#link.connectNeeded())) await this.#take(1);
    await settled();
    this.check();
    this.#checkInputs();
    expectThat(this.#inputs.every(({ input }) => input.outcome !== null), () => 'input still waits for a device that takes all');
    for (const visitor of this.#visitors) visitor?.checkAllRead();
    for (const [who, visitor] of this.#visitors.entries()) if (visitor) this.#close(who, visitor);
    this.check();
    await this.#remove();
    await settled();
    await this.#mux[Symbol.asyncDispose]();
    expectThat(this.#mux.status().length === 0, () => 'a console is left');
    expectThat(this.#all.every(({ isOver }) => isOver), () => 'a reader that has gone still reads');
    expectThat(this.#all.every(({ ended }) => getEventListeners(ended.signal, 'abort').length === 0), () => 'a reader left a listener');
    expectThat(this.#clock.sleeping === 0, () => `${this.#clock.sleeping} timers are left`);
    if (this.#failures.length > 0) throw this.#failures[0];
  }

  get #link(): FakeLink {
    return this.#links.at(-1)!;
  }

  #open({ who, mode, force }: Extract<ConsoleOperation, { does: 'open' }>): void {
    if (this.#visitors[who]) return;
    const model = this.#model;
    const label = `${'abcd'[who]}${++this.#serial}`;
    const modelled = model && new ModelSession(model, label);
    const due = model && modelled ? model.open(modelled, mode, force) : 'DEVICE_MISSING';
    let session: ConsoleSession | null = null;
    const code = codeOf(() => (session = this.#mux.open(device.alias, { client: { id: label, label }, mode, force, from: 'beginning' })));
    expectThat(code === due, () => `${label} opens and gets ${code} instead of ${due}`);
    if (!session || !modelled) return;
    modelled.id = (session as ConsoleSession).id;
    const visitor = new Visitor(modelled, session, this.#failures);
    this.#visitors[who] = visitor;
    this.#all.push(visitor);
  }

  #act(operation: Extract<ConsoleOperation, { who: number }>): void {
    const visitor = this.#visitors[operation.who];
    if (!visitor) return;
    const { session, model } = visitor;
    const { console } = model;
    const other = 'to' in operation ? (this.#visitors[operation.to]?.session.id ?? 'nobody') : '';
    const compare = (due: string | null | undefined, work: () => void): void => {
      const code = codeOf(work);
      expectThat(code === (due ?? null), () => `${model.label} wants to ${operation.does} and gets ${code} instead of ${due}`);
    };
    switch (operation.does) {
      case 'request':
        return compare(console.take(model, operation.force), () => session.requestWrite(operation.force));
      case 'ask':
        return compare(console.ask(model), () => session.ask());
      case 'withdraw':
        return compare(console.withdraw(model), () => session.withdraw());
      case 'release':
        return compare(console.release(model), () => session.release());
      case 'hand over':
        return compare(console.handOver(model, other), () => session.handOver(other));
      case 'decline':
        return compare(console.decline(model, other), () => session.decline(other));
      case 'close':
        return this.#close(operation.who, visitor);
      case 'read':
        return visitor.read(operation.items);
      case 'write':
        return this.#input(visitor, Buffer.alloc(operation.bytes, `${model.label}:${model.inputs.length};`), (bytes) => session.write(bytes as Buffer));
      case 'break':
        return this.#input(visitor, 'break', () => session.sendBreak((signal) => this.#break(signal, operation.fails)));
    }
  }

  #close(who: number, { session, model }: Visitor): void {
    this.#visitors[who] = null;
    model.console.leave(model);
    session[Symbol.dispose]();
  }

  async #break(signal: AbortSignal, fails: boolean): Promise<void> {
    await this.#link.hold('break', signal);
    if (fails) throw new VireoError('OPERATION_TIMEOUT', 'somebody else has the domain');
  }

  #input({ model }: Visitor, bytes: ModelInput['bytes'], send: (bytes: ModelInput['bytes']) => Promise<void>): void {
    const { console, label } = model;
    const waiting = model.inputs.filter(({ outcome }) => outcome === null).reduce((sum, each) => sum + sizeOf(each) - Math.max(0, each.given - this.#underOf(each)), 0);
    const size = bytes === 'break' ? breakBytes : bytes.length;
    let outcome: string | null = null;
    if (console.writer !== model) outcome = 'OPERATION_DENIED';
    else if (console.isHeld && console.state !== 'open') outcome = 'OPERATION_INVALID';
    else if (waiting + size > maximumWaitingBytes) outcome = 'RESOURCE_BUSY';
    const input: ModelInput = { bytes, given: 0, outcome, mayHaveSucceeded: { value: false } };
    model.inputs.push(input);
    const kept = { label, input, actual: null as string | null };
    this.#inputs.push(kept);
    void send(bytes).then(() => (kept.actual = 'taken'), (error: unknown) => {
      kept.actual = asVireoError(error).code;
    });
  }

  /** How much of it the device has been given and has not taken. */
  #underOf(input: ModelInput): number {
    if (this.#link.under?.input !== input || input.bytes === 'break') return 0;
    return input.given % 4_096 === 0 ? 4_096 : input.given % 4_096;
  }

  async #take(pieces: number): Promise<void> {
    await settled();
    for (let taken = 0; taken < pieces && this.#link.under; taken++) {
      const { input, take } = this.#link.under;
      if (input.outcome === null && input.given === input.bytes.length) input.outcome = 'taken';
      take();
      await settled();
    }
    this.#checkInputs();
  }

  #say(bytes: number): void {
    if (this.#model?.state !== 'open') return;
    const text = `${this.#model.said.length}.`.repeat(bytes).slice(0, bytes);
    this.#model.said += text;
    this.#link.options.stream.append(Buffer.from(text));
  }

  #cut(firstTheWrite: boolean): Promise<void> | undefined {
    return this.#model?.state === 'open' && this.#link.isConnected ? this.#loseConnection(this.#model, firstTheWrite) : undefined;
  }

  async #loseConnection(model: ConsoleModel, firstTheWrite: boolean): Promise<void> {
    const link = this.#link;
    if (firstTheWrite && link.under && link.under.input.bytes !== 'break') {
      link.under.lose();
      await settled();
    }
    model.cut();
    link.lose();
  }

  async #refuse(model: ConsoleModel): Promise<void> {
    if (!this.#link.refuseNeeded()) return;
    model.refuse(foreigner);
    await settled();
  }

  async #remove(): Promise<void> {
    const model = this.#model;
    if (!model) return;
    model.end();
    this.#model = null;
    this.#last = null;
    const removed = this.#mux.remove(device.alias);
    this.#link.under?.lose();
    await removed;
    await settled();
  }

  #checkInputs(): void {
    if (this.#failures.length > 0) throw this.#failures[0];
    for (const { label, input, actual } of this.#inputs) {
      const fits = actual === input.outcome || (actual === 'taken' && input.mayHaveSucceeded.value) || (input.bytes === 'break' && input.outcome === 'taken' && actual === 'OPERATION_TIMEOUT');
      expectThat(fits, () => `input of ${label}: ${actual} instead of ${input.outcome}`);
    }
  }
}

async function turns(count: number): Promise<void> {
  for (let turn = 0; turn < count; turn++) await Promise.resolve();
}

function sizeOf({ bytes }: ModelInput): number {
  return bytes === 'break' ? breakBytes : bytes.length;
}

function stateOf(session: ModelSession): string {
  const { console, label } = session;
  return `${label} ${console.writer === session ? 'write' : 'watch'}${console.asking.includes(session) ? ' asks' : ''}`;
}

function told({ writer, watchers, sessions }: ConsoleStatus): object {
  return { writer: writer?.sessionId ?? null, watchers, sessions: sessions.map(({ label, mode, asksSinceMs }) => `${label} ${mode}${asksSinceMs === null ? '' : ' asks'}`) };
}

function same(one: object | null, other: object | null): boolean {
  return JSON.stringify(one) === JSON.stringify(other);
}

function codeOf(work: () => void): string | null {
  try {
    work();
    return null;
  } catch (error) {
    return asVireoError(error).code;
  }
}
