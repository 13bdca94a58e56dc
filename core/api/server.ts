/**
 * The host's side of every door: validates what comes in, calls the implementation with a `Call`, and sends results,
 * events and stream bytes back. It trusts nothing of what a channel carries.
 */
import type { z } from 'zod';
import type { Emitter } from '../base/events.ts';
import { VireoError, asVireoError } from '../base/errors.ts';
import type { Log } from '../base/log.ts';
import { Call } from '../job/call.ts';
import { type Channel, type ClientMessage, clientMessage, protocolVersion } from './channel.ts';
import { clientLabel } from './client-label.ts';
import { type EventName, type StreamName, type Streams, ownerOf, streams } from './contract.ts';
import { SendWindow } from './send-window.ts';

export interface MethodContract {
  readonly access: 'read' | 'write';
  readonly params: z.ZodType;
  readonly result: z.ZodType;
}
export type MethodTable = Readonly<Record<string, MethodContract>>;

/** One function for each method of a contract. */
export type Implementation<T extends MethodTable> = {
  readonly [M in keyof T]: (call: Call, params: z.output<T[M]['params']>) => Promise<z.input<T[M]['result']>>;
};

/** What a running stream has in its hands. */
export interface StreamLink<S extends StreamName> {
  /** Waits while the client has not acknowledged enough. */
  sendBytes(bytes: Uint8Array, offset: number): Promise<void>;
  sendMessage(message: z.input<Streams[S]['fromServer']>): void;
  /** Resolves while the client has read all but a few messages; whoever tells on and on waits here. Rejects when it is gone. */
  roomForMessages(): Promise<void>;
  /** Aborts when the client closes the stream or is gone. */
  readonly closed: AbortSignal;
}

export interface ServedStream<S extends StreamName> {
  readonly opened: z.input<Streams[S]['opened']>;
  /** Serves until it returns; the client is told of the end. */
  run(link: StreamLink<S>): Promise<void>;
  /** The promise holds back further bytes of this client. */
  onBytes(bytes: Uint8Array): Promise<void>;
  /** `after` resolves when all bytes that came before the message were handed over or refused. */
  onMessage(message: z.output<Streams[S]['fromClient']>, after: Promise<void>): void;
}

export type StreamImplementation = {
  readonly [S in StreamName]: (call: Call, params: z.output<Streams[S]['params']>) => Promise<ServedStream<S>>;
};

export interface ServedEvent {
  readonly name: EventName;
  readonly payload: unknown;
}

export interface ServerOptions<T extends MethodTable> {
  readonly methods: T;
  readonly implementation: Implementation<T>;
  /** A stream that is left out is refused by name, as an unknown one is. */
  readonly streams: Partial<StreamImplementation>;
  readonly events: Pick<Emitter<ServedEvent>, 'on'>;
  readonly version: string;
  readonly log: Log;
  /** Names the client for others; what it says of itself is only a hint. */
  nameClient(hint: string): string;
}

interface RunningStream {
  readonly name: StreamName | null;
  readonly closed: AbortController;
  readonly window: SendWindow;
  /** Messages weigh enough here that a hundred of them fill it. */
  readonly messages: SendWindow;
  served: ServedStream<StreamName> | null;
  /** Input is handed over one piece after the other. */
  input: Promise<void>;
  /** Bytes of input that came and are not handed over yet. */
  pendingBytes: number;
}

/** An honest client stops at its send window; more than this is a client that does not look at it. */
const maximumPendingBytes = 1 << 20;

const messageWeight = 1_000;

/** Serves one client until its channel closes. */
export function serve<T extends MethodTable>(channel: Channel, options: ServerOptions<T>): Disposable {
  const connection = new Connection(channel, options);
  return { [Symbol.dispose]: () => connection.close() };
}

class Connection<T extends MethodTable> {
  readonly #channel: Channel;
  readonly #options: ServerOptions<T>;
  readonly #calls = new Map<number, { abort: AbortController; access: 'read' | 'write' }>();
  readonly #streams = new Map<number, RunningStream>();
  #client: string | null = null;
  #subscription: Disposable | null = null;
  /** What is bound to this client goes on until it aborts. */
  readonly #gone = new AbortController();
  #open = true;

  constructor(channel: Channel, options: ServerOptions<T>) {
    this.#channel = channel;
    this.#options = options;
    channel.onMessage((message) => this.#receive(message));
    channel.onClose(() => this.#ended());
  }

  close(): void {
    this.#channel.close();
    this.#ended();
  }

  #ended(): void {
    if (!this.#open) return;
    this.#open = false;
    this.#subscription?.[Symbol.dispose]();
    const gone = new VireoError('OPERATION_ABORTED', 'the client is gone');
    for (const stream of this.#streams.values()) endStream(stream, gone);
    // What changes something goes on to its end: closing a window must not leave a start half done.
    for (const call of this.#calls.values()) if (call.access === 'read') call.abort.abort(gone);
    this.#gone.abort(gone);
  }

  #receive(raw: unknown): void {
    if (!this.#open) return;
    const parsed = clientMessage.safeParse(raw);
    if (!parsed.success) return this.#reject('a client sent a message that does not fit the protocol', parsed.error.message);
    const message = parsed.data;
    if (message.t === 'hello') return this.#hello(message);
    if (this.#client === null) return this.#reject('a client did not say hello first', message.t);
    switch (message.t) {
      case 'subscribe':
        this.#subscription ??= this.#options.events.on((event) => this.#channel.send({ t: 'event', name: event.name, payload: event.payload }));
        return;
      case 'call':
        return void this.#call(this.#client, message);
      case 'cancel':
        return this.#calls.get(message.id)?.abort.abort(new VireoError('OPERATION_ABORTED', 'the client cancelled the call'));
      case 'open':
        return void this.#openStream(this.#client, message);
      default:
        return this.#stream(message);
    }
  }

  #hello(message: Extract<ClientMessage, { t: 'hello' }>): void {
    this.#channel.send({ t: 'welcome', protocol: protocolVersion, version: this.#options.version });
    if (message.protocol !== protocolVersion) return this.#reject('a client speaks another protocol', String(message.protocol));
    this.#client ??= this.#options.nameClient(clientLabel(message.label));
  }

  #reject(what: string, details: string): void {
    this.#options.log.write('warning', what, { details });
    this.close();
  }

  async #call(client: string, message: Extract<ClientMessage, { t: 'call' }>): Promise<void> {
    const { id, method } = message;
    const abort = new AbortController();
    try {
      if (this.#calls.has(id)) throw new VireoError('RPC', `call ${id} is still under way`);
      const contract = Object.hasOwn(this.#options.methods, method) ? this.#options.methods[method] : undefined;
      if (!contract) throw new VireoError('NO_SUPPORT', method);
      const params = contract.params.safeParse(message.params);
      if (!params.success) throw invalidParams(method, params.error);
      this.#calls.set(id, { abort, access: contract.access });
      const call = new Call({ owner: ownerOf(method), client, signal: abort.signal, clientGone: this.#gone.signal, log: this.#options.log.with({ api: method, client }) });
      const value = await this.#options.implementation[method as keyof T](call, params.data as never);
      if (this.#open) this.#channel.send({ t: 'result', id, value });
    } catch (thrown) {
      const error = asVireoError(thrown);
      if (error.code === 'INTERNAL_ERROR') this.#options.log.write('error', 'a call failed', { method, error: error.stack ?? error.message });
      if (this.#open) this.#channel.send({ t: 'error', id, error: errorToWire(error) });
    } finally {
      if (this.#calls.get(id)?.abort === abort) this.#calls.delete(id);
    }
  }

  async #openStream(client: string, message: Extract<ClientMessage, { t: 'open' }>): Promise<void> {
    const { id } = message;
    const running: RunningStream = { name: streamNamed(message.stream), closed: new AbortController(), window: new SendWindow(), messages: new SendWindow(), served: null, input: Promise.resolve(), pendingBytes: 0 };
    let error: VireoError | null = null;
    try {
      if (this.#streams.has(id)) throw new VireoError('RPC', `stream ${id} is open already`);
      const { name } = running;
      const implementation = name && (this.#options.streams[name] as StreamImplementation[StreamName] | undefined);
      if (!name || !implementation) throw new VireoError('NO_SUPPORT', message.stream);
      const params = streams[name].params.safeParse(message.params);
      if (!params.success) throw invalidParams(name, params.error);
      this.#streams.set(id, running);
      const call = new Call({ owner: ownerOf(name), client, signal: running.closed.signal, clientGone: this.#gone.signal, log: this.#options.log.with({ api: name, client }) });
      // What is no stream of this name was refused above, which the compiler cannot follow from one name to the next.
      const served = (await implementation(call, params.data as never)) as ServedStream<StreamName>;
      running.served = served;
      if (this.#open) this.#channel.send({ t: 'opened', id, value: served.opened });
      await served.run(this.#link(id, running));
    } catch (thrown) {
      if (!running.closed.signal.aborted) error = asVireoError(thrown);
    } finally {
      if (this.#streams.get(id) === running) this.#streams.delete(id);
      const toldAlready = running.closed.signal.aborted;
      running.closed.abort();
      if (this.#open && !toldAlready) this.#channel.send({ t: 'end', id, error: error ? errorToWire(error) : null });
    }
  }

  #link(id: number, running: RunningStream): StreamLink<StreamName> {
    return {
      closed: running.closed.signal,
      sendBytes: async (bytes, offset) => {
        await running.window.reserve(bytes.byteLength, running.closed.signal);
        this.#channel.send({ t: 'bytes', id, offset, bytes });
      },
      sendMessage: (body) => {
        if (running.closed.signal.aborted) return;
        running.messages.count(messageWeight);
        this.#channel.send({ t: 'message', id, body });
      },
      roomForMessages: () => running.messages.reserve(0, running.closed.signal),
    };
  }

  #stream(message: Extract<ClientMessage, { t: 'bytes' | 'message' | 'ack' | 'close' }>): void {
    const running = this.#streams.get(message.id);
    if (!running) return; // it ended while the message was under way
    // Bytes are acknowledged by their number, a message by none.
    if (message.t === 'ack') return message.count > 0 ? running.window.acknowledged(message.count) : running.messages.acknowledged(messageWeight);
    if (message.t === 'close') return endStream(running, new VireoError('OPERATION_ABORTED', 'the client closed the stream'));
    const { served, name } = running;
    if (!served || !name) return this.#reject('a client used a stream before it was open', String(message.id));
    if (message.t === 'message') {
      const parsed = streams[name].fromClient.safeParse(message.body);
      if (!parsed.success) return this.#reject('a client sent a stream message that does not fit', parsed.error.message);
      try {
        served.onMessage(parsed.data, running.input);
      } catch (thrown) {
        this.#options.log.write('error', 'a stream failed on a message', { error: asVireoError(thrown).message });
      }
      return;
    }
    running.pendingBytes += message.bytes.byteLength;
    if (running.pendingBytes > maximumPendingBytes) return this.#reject('a client sent more than its window allows', String(running.pendingBytes));
    running.input = running.input
      .then(() => served.onBytes(message.bytes))
      .catch((thrown: unknown) => this.#options.log.write('debug', 'stream input was refused', { error: asVireoError(thrown).message }))
      .then(() => {
        running.pendingBytes -= message.bytes.byteLength;
        if (this.#open && !running.closed.signal.aborted) this.#channel.send({ t: 'ack', id: message.id, count: message.bytes.byteLength });
      });
  }
}

/** What the client typed before it closed still reaches the guest, for as long as a slow guest may take. */
function endStream(running: RunningStream, reason: VireoError): void {
  if (running.pendingBytes === 0) return running.closed.abort(reason);
  const timer = setTimeout(() => running.closed.abort(reason), drainMs);
  void running.input.finally(() => {
    clearTimeout(timer);
    running.closed.abort(reason);
  });
}

const drainMs = 2_000;

function streamNamed(name: string): StreamName | null {
  return Object.hasOwn(streams, name) ? (name as StreamName) : null;
}

function invalidParams(method: string, error: z.ZodError): VireoError {
  const first = error.issues[0];
  const where = first && first.path.length > 0 ? first.path.join('.') : 'parameters';
  return new VireoError('INVALID_ARG', `${method}: ${where}: ${first?.message ?? 'does not fit the contract'}`, { details: { issues: error.issues.map((issue) => ({ path: issue.path.join('.'), message: issue.message })) } });
}

function errorToWire(error: VireoError): { code: string; message: string; domain?: { name: string; uuid: string }; details: Record<string, unknown> } {
  let details: Record<string, unknown> = {};
  try {
    details = JSON.parse(JSON.stringify(error.details)) as Record<string, unknown>; // fields must survive every door
  } catch {
    // Details that cannot be sent are dropped; the message stands.
  }
  return { code: error.code, message: error.message, ...(error.domain ? { domain: error.domain } : {}), details };
}
