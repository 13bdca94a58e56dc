/** The client's side of every door: typed calls, events and byte streams over one channel. */
import type { z } from 'zod';
import { Emitter } from '../base/events.ts';
import { type ErrorRecord, VireoError, asVireoError, errorCodes } from '../base/errors.ts';
import { type Channel, type ServerMessage, protocolVersion, serverMessage, streamWindow, tunnelWindow } from './channel.ts';
import {
  type EventName,
  type EventPayload,
  type StreamName,
  type Streams,
  events as eventSchemas,
  methods as hostMethods,
  streams,
} from './contract.ts';
import { desktopMethods } from './desktop-contract.ts';
import { SendWindow } from './send-window.ts';

export const allMethods = { ...hostMethods, ...desktopMethods } as const;
export type AllMethods = typeof allMethods;
export type AnyMethodName = keyof AllMethods;
export type AnyMethodInput<M extends AnyMethodName> = z.input<AllMethods[M]['params']>;
export type AnyMethodResult<M extends AnyMethodName> = z.output<AllMethods[M]['result']>;

export interface CallSettings {
  /** Asks the host to stop the work; the call rejects at once. */
  readonly signal?: AbortSignal;
  /** How long the caller waits; the host's own waits are bounded by itself. */
  readonly timeoutMs?: number;
}

export interface StreamHandlers<S extends StreamName> {
  /** Call `acknowledge` when the bytes are consumed: the host sends no more than a window ahead. */
  onBytes(bytes: Uint8Array, offset: number, acknowledge: () => void): void;
  onMessage(message: z.output<Streams[S]['fromServer']>): void;
  /** The last call of all; null when the stream ended by itself. */
  onEnd(error: VireoError | null): void;
}

export interface ClientStream<S extends StreamName> {
  readonly opened: z.output<Streams[S]['opened']>;
  /** Resolves when there is room for more; the order of bytes is the order of calls. */
  send(bytes: Uint8Array): Promise<void>;
  message(message: z.input<Streams[S]['fromClient']>): void;
  close(): void;
}

export interface Client {
  call<M extends AnyMethodName>(method: M, params: AnyMethodInput<M>, settings?: CallSettings): Promise<AnyMethodResult<M>>;
  on<E extends EventName>(event: E, listener: (payload: EventPayload<E>) => void): Disposable;
  openStream<S extends StreamName>(stream: S, params: z.input<Streams[S]['params']>, handlers: StreamHandlers<S>): Promise<ClientStream<S>>;
  /** Aborts with the reason when the door closes. */
  readonly closed: AbortSignal;
  close(): void;
}

/** What one message carries at most: the host refuses a client that has much more than a window under way. */
const pieceBytes = 32 * 1024;

/** A start may wait 30 s for the job and as long again for QEMU. */
const defaultTimeoutMs = 120_000;

interface PendingCall {
  settle(message: Extract<ServerMessage, { t: 'result' | 'error' }>): void;
  fail(error: VireoError): void;
}

interface OpenStream {
  opened(value: unknown): void;
  bytes(bytes: Uint8Array, offset: number): void;
  message(body: unknown): void;
  readonly window: SendWindow;
  end(error: VireoError | null): void;
}

export function connect(channel: Channel, label: string): Client {
  return new ChannelClient(channel, label);
}

class ChannelClient implements Client {
  readonly #channel: Channel;
  readonly #calls = new Map<number, PendingCall>();
  readonly #streams = new Map<number, OpenStream>();
  readonly #events: { [E in EventName]: Emitter<EventPayload<E>> } = { domain: new Emitter(), host: new Emitter(), timeline: new Emitter(), desktop: new Emitter(), window: new Emitter() };
  readonly #closed = new AbortController();
  #lastId = 0;
  #subscribed = false;

  constructor(channel: Channel, label: string) {
    this.#channel = channel;
    channel.onMessage((message) => this.#receive(message));
    channel.onClose(() => this.#end(new VireoError('RPC', 'the connection to the Vireo host was closed')));
    channel.send({ t: 'hello', protocol: protocolVersion, label });
  }

  get closed(): AbortSignal {
    return this.#closed.signal;
  }

  close(): void {
    this.#end(new VireoError('RPC', 'the connection to the Vireo host was closed by this side'));
  }

  on<E extends EventName>(event: E, listener: (payload: EventPayload<E>) => void): Disposable {
    if (!this.#subscribed && !this.#closed.signal.aborted) {
      this.#subscribed = true;
      this.#channel.send({ t: 'subscribe' });
    }
    return this.#events[event].on(listener);
  }

  call<M extends AnyMethodName>(method: M, params: AnyMethodInput<M>, settings: CallSettings = {}): Promise<AnyMethodResult<M>> {
    const schema = allMethods[method];
    return new Promise((resolve, reject) => {
      if (this.#closed.signal.aborted) return reject(this.#closed.signal.reason);
      if (settings.signal?.aborted) return reject(new VireoError('OPERATION_ABORTED', `${method} was cancelled`));
      const id = ++this.#lastId;
      const timeoutMs = settings.timeoutMs ?? defaultTimeoutMs;
      const giveUp = (error: unknown): void => {
        if (!this.#calls.has(id)) return;
        this.#channel.send({ t: 'cancel', id });
        pending.fail(asVireoError(error));
      };
      const timer = setTimeout(() => giveUp(new VireoError('OPERATION_TIMEOUT', `the host did not answer ${method} within ${timeoutMs} ms`)), timeoutMs);
      const onAbort = (): void => giveUp(new VireoError('OPERATION_ABORTED', `${method} was cancelled`));
      const forget = (): void => {
        clearTimeout(timer);
        settings.signal?.removeEventListener('abort', onAbort);
        this.#calls.delete(id);
      };
      const pending: PendingCall = {
        settle(message) {
          forget();
          if (message.t === 'error') return reject(errorFromWire(message.error));
          const parsed = schema.result.safeParse(message.value);
          if (parsed.success) resolve(parsed.data as AnyMethodResult<M>);
          else reject(new VireoError('RPC', `the host's answer to ${method} does not fit the contract: ${parsed.error.message}`));
        },
        fail(error) {
          forget();
          reject(error);
        },
      };
      this.#calls.set(id, pending);
      settings.signal?.addEventListener('abort', onAbort, { once: true });
      try {
        this.#channel.send({ t: 'call', id, method, params });
      } catch (error) {
        pending.fail(new VireoError('INVALID_ARG', `${method}: the parameters cannot be sent`, { cause: error }));
      }
    });
  }

  openStream<S extends StreamName>(stream: S, params: z.input<Streams[S]['params']>, handlers: StreamHandlers<S>): Promise<ClientStream<S>> {
    const schema = streams[stream];
    return new Promise((resolve, reject) => {
      if (this.#closed.signal.aborted) return reject(this.#closed.signal.reason);
      const id = ++this.#lastId;
      const ended = new AbortController();
      const window = new SendWindow(stream === 'domainMigratePrepareTunnel3Params' ? tunnelWindow : streamWindow);
      let isOpen = false;
      let lastSend: Promise<void> = Promise.resolve();
      const open: OpenStream = {
        window,
        opened: (value) => {
          const parsed = schema.opened.safeParse(value);
          if (!parsed.success) {
            this.#channel.send({ t: 'close', id });
            return open.end(new VireoError('RPC', `the host's answer to ${stream} does not fit the contract: ${parsed.error.message}`));
          }
          isOpen = true;
          resolve({
            opened: parsed.data as z.output<Streams[S]['opened']>,
            send: (bytes) => {
              const sending = lastSend.then(async () => {
                for (const piece of split(bytes, pieceBytes)) {
                  await window.reserve(piece.byteLength, ended.signal);
                  this.#channel.send({ t: 'bytes', id, offset: 0, bytes: piece });
                }
              });
              lastSend = sending.catch(() => {}); // its caller hears of it
              return sending;
            },
            message: (body) => {
              if (!ended.signal.aborted) this.#channel.send({ t: 'message', id, body });
            },
            close: () => {
              if (ended.signal.aborted) return;
              this.#channel.send({ t: 'close', id });
              open.end(null);
            },
          });
        },
        bytes: (bytes, offset) => {
          handlers.onBytes(bytes, offset, () => {
            if (!ended.signal.aborted) this.#channel.send({ t: 'ack', id, count: bytes.byteLength });
          });
        },
        message: (body) => {
          const parsed = schema.fromServer.safeParse(body);
          if (parsed.success) handlers.onMessage(parsed.data as z.output<Streams[S]['fromServer']>);
          if (!ended.signal.aborted) this.#channel.send({ t: 'ack', id, count: 0 });
        },
        end: (error) => {
          if (ended.signal.aborted) return;
          this.#streams.delete(id);
          ended.abort(error ?? new VireoError('OPERATION_INVALID', 'the stream has ended'));
          if (isOpen) handlers.onEnd(error);
          else reject(error ?? new VireoError('RPC', `${stream} ended before it was opened`));
        },
      };
      this.#streams.set(id, open);
      this.#channel.send({ t: 'open', id, stream, params });
    });
  }

  #receive(raw: unknown): void {
    if (this.#closed.signal.aborted) return;
    const parsed = serverMessage.safeParse(raw);
    if (!parsed.success) return this.#end(new VireoError('RPC', `the host sent a message that does not fit the protocol: ${parsed.error.message}`));
    const message = parsed.data;
    switch (message.t) {
      case 'welcome':
        if (message.protocol !== protocolVersion) this.#end(new VireoError('RPC', `the host speaks protocol ${message.protocol}, this client ${protocolVersion}`));
        return;
      case 'event':
        return this.#event(message.name, message.payload);
      case 'result':
      case 'error':
        return this.#calls.get(message.id)?.settle(message);
      default:
        return this.#stream(message);
    }
  }

  #stream(message: Extract<ServerMessage, { t: 'opened' | 'bytes' | 'message' | 'ack' | 'end' }>): void {
    const stream = this.#streams.get(message.id);
    if (!stream) return; // closed by this side, with messages still under way
    if (message.t === 'opened') stream.opened(message.value);
    else if (message.t === 'bytes') stream.bytes(message.bytes, message.offset);
    else if (message.t === 'message') stream.message(message.body);
    else if (message.t === 'ack') stream.window.acknowledged(message.count);
    else stream.end(message.error ? errorFromWire(message.error) : null);
  }

  #event(name: string, payload: unknown): void {
    if (!Object.hasOwn(eventSchemas, name)) return; // a newer host may know more events
    const event = name as EventName;
    const parsed = eventSchemas[event].safeParse(payload);
    if (parsed.success) (this.#events[event] as Emitter<unknown>).fire(parsed.data);
  }

  #end(reason: VireoError): void {
    if (this.#closed.signal.aborted) return;
    this.#closed.abort(reason); // first, so that nobody who hears of the end begins something new
    this.#channel.close();
    for (const call of [...this.#calls.values()]) call.fail(reason);
    for (const stream of [...this.#streams.values()]) stream.end(reason);
  }
}

function split(bytes: Uint8Array, most: number): Uint8Array[] {
  const pieces: Uint8Array[] = [];
  for (let at = 0; at < bytes.byteLength; at += most) pieces.push(bytes.subarray(at, at + most));
  return pieces;
}

function errorFromWire(record: { code: string; message: string; domain?: ErrorRecord['domain']; details?: Record<string, unknown> | undefined }): VireoError {
  const known = Object.hasOwn(errorCodes, record.code);
  if (known) return VireoError.fromRecord(record as ErrorRecord);
  return new VireoError('INTERNAL_ERROR', record.message, { domain: record.domain, details: { ...record.details, code: record.code } });
}
