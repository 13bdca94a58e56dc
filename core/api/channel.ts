/**
 * What a door carries: messages, in order, both ways. A MessagePort, a local socket and a pair inside one process all
 * are channels; server and client are the same above each of them.
 */
import { z } from 'zod';
import { Emitter } from '../base/events.ts';

const id = z.number().int().nonnegative();
const bytes = z.custom<Uint8Array>((value) => value instanceof Uint8Array, 'must be bytes');

export const clientMessage = z.discriminatedUnion('t', [
  z.object({ t: z.literal('hello'), protocol: z.number().int(), label: z.string().max(200) }),
  z.object({ t: z.literal('subscribe') }),
  z.object({ t: z.literal('call'), id, method: z.string(), params: z.unknown() }),
  z.object({ t: z.literal('cancel'), id }),
  z.object({ t: z.literal('open'), id, stream: z.string(), params: z.unknown() }),
  z.object({ t: z.literal('bytes'), id, offset: z.number(), bytes }),
  z.object({ t: z.literal('message'), id, body: z.unknown() }),
  /** So many bytes of a stream were consumed; 0 stands for one message. */
  z.object({ t: z.literal('ack'), id, count: z.number().int().nonnegative() }),
  z.object({ t: z.literal('close'), id }),
]);
export type ClientMessage = z.infer<typeof clientMessage>;

const error = z.object({
  code: z.string(),
  message: z.string(),
  domain: z.object({ name: z.string(), uuid: z.string() }).optional(),
  details: z.record(z.string(), z.unknown()).optional(),
});

export const serverMessage = z.discriminatedUnion('t', [
  z.object({ t: z.literal('welcome'), protocol: z.number().int(), version: z.string() }),
  z.object({ t: z.literal('result'), id, value: z.unknown() }),
  z.object({ t: z.literal('error'), id, error }),
  z.object({ t: z.literal('event'), name: z.string(), payload: z.unknown() }),
  z.object({ t: z.literal('opened'), id, value: z.unknown() }),
  z.object({ t: z.literal('bytes'), id, offset: z.number(), bytes }),
  z.object({ t: z.literal('message'), id, body: z.unknown() }),
  z.object({ t: z.literal('ack'), id, count: z.number().int().nonnegative() }),
  z.object({ t: z.literal('end'), id, error: error.nullable() }),
]);
export type ServerMessage = z.infer<typeof serverMessage>;
export type WireMessage = ClientMessage | ServerMessage;

/** Raised when either side's messages change incompatibly; both sides refuse another one by name. */
export const protocolVersion = 1;

/** What is sent and not yet acknowledged on one stream: above the first number a sender waits, below the second it goes on. */
export const streamWindow = { pauseAbove: 100_000, resumeBelow: 5_000 } as const;

/** The same for memory on its way to another host: over a link of 20 ms, it is what the bytes of a second depend on. Less than a server has patience for. */
export const tunnelWindow = { pauseAbove: 700_000, resumeBelow: 500_000 } as const;

export interface Channel {
  send(message: WireMessage): void;
  /** Messages arrive as they came over the wire: not yet validated. */
  onMessage(listener: (message: unknown) => void): Disposable;
  /** Called once, when the other side is gone or either side closed. */
  onClose(listener: () => void): Disposable;
  close(): void;
}

/**
 * Two channels in one process, each the other's far side; messages are cloned as a MessagePort would. What was sent
 * before a close still arrives, so that a refusal can be read; the side that closed hears nothing more.
 */
export function channelPair(): readonly [Channel, Channel] {
  const left = new Emitter<unknown>();
  const right = new Emitter<unknown>();
  const closed = new Emitter<void>();
  let closedBy: Emitter<unknown> | null = null;
  const end = (incoming: Emitter<unknown>, outgoing: Emitter<unknown>): Channel => ({
    send(message) {
      const copy: unknown = structuredClone(message);
      if (closedBy) return;
      queueMicrotask(() => {
        if (closedBy !== outgoing) outgoing.fire(copy);
      });
    },
    onMessage: (listener) => incoming.on(listener),
    onClose: (listener) => closed.on(listener),
    close() {
      if (closedBy) return;
      closedBy = incoming;
      queueMicrotask(() => closed.fire());
    },
  });
  return [end(left, right), end(right, left)];
}
