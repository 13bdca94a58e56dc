/** What the measuring process and the process with the host tell each other. */
import type { MethodInput, MethodName } from '../core/api/contract.ts';
import type { ReadOutcome } from './byte-count.ts';
import type { StreamCheckOptions } from './stream-check.ts';

/** Where a reader stands in a stream of bytes. */
export interface ReadPlan {
  readonly bytes: number;
  /** Null where QEMU itself may drop bytes: then they are only counted, and silence is the end. */
  readonly check: StreamCheckOptions | null;
}

export interface Delay {
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly highestMs: number;
}

export interface Syncs {
  readonly count: number;
  readonly atOnce: number;
}

export interface Memory {
  readonly residentMiB: number;
  readonly heapMiB: number;
}

export interface HostOrders {
  /** `openMs` until the list is there, `reconnectedMs` until every guest is. */
  open: { ask: { home: string }; answer: { openMs: number; reconnectedMs: number } };
  close: { ask: object; answer: null };
  /** Calls one method `count` times in the host's own process, over a pair of channels. */
  callHere: { ask: { method: MethodName; params: MethodInput<MethodName>; count: number; inFlight: number }; answer: { ms: number } };
  /** Serves a bare echo beside the host; null answers each message with itself. */
  echo: { ask: { path: string; answer: unknown }; answer: null };
  memory: { ask: object; answer: Memory };
  beginDelay: { ask: object; answer: null };
  endDelay: { ask: object; answer: Delay };
  beginSyncs: { ask: object; answer: null };
  endSyncs: { ask: object; answer: Syncs };
  /** Notes when QEMU stamped each STOP that the driver gets, and when a client in this process was told. */
  beginStops: { ask: object; answer: null };
  /** Wall clock times in the order of the stops. */
  endStops: { ask: object; answer: { readonly stampedMs: readonly number[]; readonly hereMs: readonly number[] } };
  /** The bare control for defining: files of the same size, as durable, as many at once. */
  writeDurably: { ask: { folder: string; count: number; atOnce: number; bytes: number }; answer: { ms: number } };
  /** Begins to read a socket with nothing in between, and as much of a log beside it where one is named; answers when it is connected. */
  beginRaw: { ask: { path: string; plan: ReadPlan; log: string | null }; answer: null };
  /** Begins to read a console of the host by a session of its multiplexer. */
  beginSession: { ask: { domain: string; alias: string; plan: ReadPlan }; answer: null };
  /** Waits for the end of what was begun. */
  endRead: { ask: object; answer: ReadOutcome };
}

export type OrderName = keyof HostOrders;

export interface OrderMessage {
  readonly id: number;
  readonly order: OrderName;
  readonly ask: unknown;
}

export type OrderReply = { readonly id: number; readonly answer: unknown } | { readonly id: number; readonly error: string };
