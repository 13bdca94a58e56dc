/**
 * The destination of a migration as its source, or the client that leads, sees it: two calls, whatever carries them. In
 * the same process it is the other driver itself; through a socket or SSH it is a client of the other host
 * (core/api/migration-peer.ts). When the connection ends, the destination drops what it has prepared for it.
 */
import type { MigrationOptions } from './migration-options.ts';

export interface PrepareRequest {
  /** The domain's UUID; both hosts know it by that. */
  readonly uuid: string;
  /** The name that it has on the source, which its cookies bear; there it is `options.destinationName` where that is set (I11). */
  readonly name: string;
  /** The definition from Begin, and its cookie. */
  readonly xml: string;
  readonly cookie: string;
  readonly options: MigrationOptions;
}

export interface Prepared {
  readonly cookie: string;
  /** Where the source's QEMU is to connect to; '' for a tunnel and for an offline migration. */
  readonly uri: string;
}

export interface FinishRequest {
  readonly uuid: string;
  /** As in `PrepareRequest`. */
  readonly name: string;
  readonly cookie: string;
  readonly options: MigrationOptions;
  /** The source could not send it all: the destination gives up, and nothing of it stays. */
  readonly cancelled: boolean;
}

export interface Finished {
  readonly cookie: string;
  /** The guest's id there; null where the migration was cancelled or offline. */
  readonly id: number | null;
}

/** Bytes of a tunnelled migration on their way to the destination; `write` waits while the other side is slow. */
export interface MigrationTunnel {
  write(bytes: Uint8Array): Promise<void>;
  /** All is sent. @throws what the other side could not do with it. */
  end(): Promise<void>;
  /** Nothing more comes. */
  abort(): void;
  /** Aborts when the other side ends it. */
  readonly closed: AbortSignal;
}

/**
 * What became of a domain that was to come: it is there (for an offline migration: defined there), on its way, was there and
 * has ended meanwhile, or never arrived.
 */
export type Arrival = 'here' | 'coming' | 'was here' | 'not here';

export interface MigrationTarget extends AsyncDisposable {
  /** Who it is, for people: `vireo+unix:///…`, a host's name. */
  readonly label: string;
  /** How the source's QEMU names that host where the destination does not say; `127.0.0.1` on the same computer, null for its own name. */
  readonly address: string | null;
  readonly hostUuid: string;
  readonly hostName: string;
  /** @throws RESOURCE_BUSY, OPERATION_FAILED, ...; nothing is prepared then. */
  prepare(request: PrepareRequest, signal: AbortSignal): Promise<Prepared>;
  /** As `prepare`, and what is sent is the destination's QEMU's input. */
  prepareTunnel(request: PrepareRequest, signal: AbortSignal): Promise<Prepared & { readonly tunnel: MigrationTunnel }>;
  finish(request: FinishRequest, signal: AbortSignal): Promise<Finished>;
  /** Asked when the answer to Finish was lost; `sinceMs` is before Prepare, by the wall clock there. */
  arrival(request: { readonly uuid: string; readonly sinceMs: number; readonly offline: boolean }, signal: AbortSignal): Promise<Arrival>;
  /** The wall clock there when the connection was made, Unix milliseconds. */
  readonly connectedAtMs: number;
  /** Aborts when the connection is lost, or the host at its other end answers nothing for half a minute. */
  readonly closed: AbortSignal;
}

/** Opens a connection to another host by its URI. @throws INVALID_ARG, SYSTEM_ERROR, RPC. */
export type OpenTarget = (uri: string, signal: AbortSignal) => Promise<MigrationTarget>;
