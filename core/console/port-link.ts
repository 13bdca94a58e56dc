/**
 * Keeps a port's one connection: makes it, finds where in the log its bytes begin, and makes it again when it drops.
 *
 * Bytes of a new connection are held back until their place is known (log-alignment.ts), a few milliseconds after the
 * first of them; until the first, what QEMU still logs without us is taken from the log. A terminal may hold bytes for
 * its next reader that were written, and logged, while an earlier one was leaving; and QEMU, which looks once a second
 * whether there is one, may notice the leaving only after we came, and write to the log alone until it looks again. So
 * what a terminal gives at first is thrown away and read from the log, where there is one.
 *
 * No reader ever holds a device up. But a channel can send faster than its log can be compared (300 MiB/s), and what
 * leaves memory before that is lost to everybody who is late; so it waits for the comparing, and for nothing else.
 */
import { setImmediate as turn } from 'node:timers/promises';
import { asVireoError, VireoError } from '../base/errors.ts';
import type { ConsoleDevice } from './console-types.ts';
import { isHeld } from './console-backend.ts';
import type { ConsoleLink, ConsoleLinkOptions } from './console-link.ts';
import { connectUnix, type ConnectionHandlers, type DeviceConnection } from './device-connection.ts';
import { alignToLog } from './log-alignment.ts';
import type { LogFollower } from './log-follower.ts';
import { connectPty } from './pty-connection.ts';
import { isLocked } from './uucp-lock.ts';

/** Pauses before a dropped connection is made again; after the last it has failed. */
const retryPausesMs = [50, 100, 200, 400, 800, 1_600, 3_200];
/** Pauses between looks at the log of a connection that is silent at first; QEMU may take a second to see a PTY's reader. */
const silentPausesMs = [10, 40, 150, 300, 500, 1_000];
/** After this long the place is decided by counting; only a log that does not grow gets here. */
const alignMs = 400;
const maximumHeldBytes = 4_194_304;
/**
 * QEMU 7.2 (chardev/char-pty.c) looks every second; until it has seen us it gives up what the terminal has no room for,
 * which its log has. On a machine that is loaded the look is late, so five seconds. The log is read so often meanwhile.
 */
const settleMs = 5_000;
const settlePauseMs = 20;
/** A terminal whose bytes have no place in the log, because more old ones came than were thrown away, begins again. */
const maximumPlacings = 5;
/** A terminal is free of old bytes after this long without any, or after this long of reading: it holds 68 KiB at most. */
const staleQuietMs = 10;
/** Between looks at a terminal that another program has locked. */
const lockedPauseMs = 1_000;
/** How long a log that does not get on is left alone. */
const stuckMs = 1_000;
const staleAtMostMs = 100;

/** A connection's bytes until their place is known. */
class Held {
  readonly chunks: Buffer[] = [];
  readonly arrived = new AbortController();
  bytes = 0;

  add(bytes: Buffer): void {
    this.chunks.push(Buffer.from(bytes));
    this.bytes += bytes.length;
    this.arrived.abort();
  }
}

export class PortLink implements ConsoleLink {
  readonly #options: ConsoleLinkOptions;
  readonly #life = new AbortController();
  #connection: DeviceConnection | null = null;
  /** Null while bytes go straight to the stream. */
  #held: Held | null = null;
  #placing: Promise<void> = Promise.resolve();
  /** Who has the terminal instead of us. */
  #foreign: VireoError | null = null;
  #pacing = false;
  /** Until then nothing is waited for: the log did not get on when it was, because its disk is full, say. */
  #patienceEndedMs = Number.NEGATIVE_INFINITY;
  #reconnecting: Promise<void> = Promise.resolve();

  constructor(options: ConsoleLinkOptions) {
    this.#options = options;
  }

  /**
   * A terminal that another program has locked is waited for, however long that has it, and its log read meanwhile.
   * @throws what the first attempt met.
   */
  async connect(signal: AbortSignal): Promise<void> {
    try {
      await this.#connect(signal, true);
    } catch (error) {
      if (!isLocked(error) || this.#life.signal.aborted) throw error;
      this.#foreign = error;
      this.#options.onState('connecting', null, error.message);
      this.#reconnecting = this.#waitForTerminal();
    }
  }

  async #waitForTerminal(): Promise<void> {
    const { clock, log, onState, device } = this.#options;
    while (!this.#life.signal.aborted) {
      await clock.sleep(lockedPauseMs, this.#life.signal);
      try {
        await this.#connect(this.#life.signal, false);
        this.#foreign = null;
        return log.write('info', 'the terminal is ours again', { alias: device.alias });
      } catch (error) {
        if (this.#life.signal.aborted) return;
        if (!isLocked(error)) return onState('failed', null, asVireoError(error).message);
        this.#foreign = error;
      }
    }
  }

  /** Resolves when connected, with the history in the stream. */
  async #connect(signal: AbortSignal, isPatient: boolean): Promise<void> {
    const { device, stream, onState } = this.#options;
    const { follower } = stream;
    const either = AbortSignal.any([signal, this.#life.signal]);
    either.throwIfAborted();
    if (follower) {
      await follower.advance('at the end');
      await stream.absorb(await follower.log.size());
    }
    this.#held = follower && new Held();
    const connection = await this.#open(device.backend, either, isPatient);
    if (either.aborted) {
      await connection[Symbol.asyncDispose]();
      either.throwIfAborted();
    }
    this.#connection = connection;
    onState('open', connection, null);
    if (!follower) return;
    const held = this.#held;
    if (!held) return;
    const looked = this.#absorbSilence(follower, held);
    const placing = device.backend.type === 'pty' ? looked.then(() => this.#placeTerminal(follower)) : looked.then(() => this.#place(follower, held, 'guess'));
    this.#placing = placing.then(() => {}).catch((error: unknown) => {
      this.#options.log.write('error', 'console bytes could not be placed in the log', { error: String(error) });
      if (this.#held) this.#goLive(this.#held);
    });
    await looked;
  }

  /** What is connected all the time does not mind; whoever writes while it is not is told then. */
  async needsWriter(isNeeded: boolean): Promise<void> {
    if (isNeeded && this.#foreign) throw this.#foreign;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#life.abort(new Error('the console is closed'));
    await this.#connection?.[Symbol.asyncDispose]();
    await this.#reconnecting;
    await this.#placing;
  }

  async #open(backend: ConsoleDevice['backend'], signal: AbortSignal, isPatient: boolean): Promise<DeviceConnection> {
    if (!isHeld(backend)) throw new VireoError('NO_SUPPORT', 'a console that is not held for the run is not connected here');
    const handlers: ConnectionHandlers = {
      onBytes: (bytes) => this.#receive(bytes),
      onEnded: (reason) => {
        this.#connection = null;
        if (!this.#life.signal.aborted) this.#reconnecting = this.#reconnect(reason);
      },
    };
    if (backend.type === 'unix') return connectUnix(backend.path, handlers, signal);
    const { lockFolder, clock, log } = this.#options;
    return connectPty(backend.path, handlers, { lockFolder, clock, log, signal, isPatient });
  }

  #receive(bytes: Buffer): void {
    if (this.#held) this.#held.add(bytes);
    else this.#options.stream.append(bytes);
    if (this.#isTooFast()) void this.#waitForLog();
  }

  /** A virtio console is never told to wait: QEMU 7.2 (hw/char/virtio-console.c, flush_buf) then drops its bytes. */
  #isTooFast(): boolean {
    const { device, stream, clock } = this.#options;
    return device.kind !== 'console' && stream.isAhead(this.#held?.bytes ?? 0) && clock.now() >= this.#patienceEndedMs;
  }

  /** Reads nothing more until the log is compared, or it is plain that comparing does not get on. */
  async #waitForLog(): Promise<void> {
    const connection = this.#connection;
    if (!connection || this.#pacing) return;
    const { clock, stream } = this.#options;
    this.#pacing = true;
    connection.pause();
    try {
      while (this.#isTooFast() && !this.#life.signal.aborted) {
        const before = stream.follower?.unverified;
        if (this.#held) await clock.sleep(1, this.#life.signal);
        else await stream.follower?.advance();
        if (!this.#held && stream.follower?.unverified === before) this.#patienceEndedMs = clock.now() + stuckMs;
      }
    } finally {
      this.#pacing = false;
      connection.resume();
    }
  }

  async #reconnect(reason: string): Promise<void> {
    const { clock, log, onState, device } = this.#options;
    let error = reason;
    onState('connecting', null, error);
    // What the lost connection gave gets its place first: it lies before all that the next one gives.
    this.#held?.arrived.abort();
    await this.#placing;
    for (const pauseMs of retryPausesMs) {
      await clock.sleep(pauseMs, this.#life.signal);
      if (this.#life.signal.aborted) return;
      try {
        await this.connect(this.#life.signal);
        log.write('info', 'console connected again', { alias: device.alias, reason });
        return;
      } catch (thrown) {
        error = thrown instanceof Error ? thrown.message : String(thrown);
        onState('connecting', null, error);
      }
    }
    log.write('warning', 'console lost', { alias: device.alias, reason, error });
    if (!this.#life.signal.aborted) onState('failed', null, error);
  }

  /**
   * While the connection has given nothing, everything in the log was written without it: what had been sent when the
   * log's size was taken would have arrived by the next turn of the event loop.
   */
  async #absorbSilence(follower: LogFollower, held: Held): Promise<void> {
    const size = await follower.log.size();
    await twoTurns();
    if (held.bytes === 0) await this.#options.stream.absorb(size);
  }

  /** As `#place`, once QEMU knows its reader; a connection that drops before has given nothing that the log has not. */
  async #placeTerminal(follower: LogFollower): Promise<void> {
    const { clock, stream } = this.#options;
    const endMs = clock.now() + settleMs;
    while (clock.now() < endMs && this.#connection !== null && !this.#life.signal.aborted) {
      this.#held = new Held();
      await clock.sleep(settlePauseMs, this.#life.signal);
      await stream.absorb(await follower.log.size());
    }
    for (let attempt = 1; ; attempt++) {
      await this.#discardStale(follower);
      if (this.#connection === null) this.#held = null; // what it gave is in the log
      if (!this.#held || (await this.#place(follower, this.#held, attempt < maximumPlacings ? 'give up' : 'guess'))) return;
    }
  }

  /** Afterwards every byte that is held was logged after what the stream has. */
  async #discardStale(follower: LogFollower): Promise<void> {
    const { clock, stream } = this.#options;
    const endMs = clock.now() + staleAtMostMs;
    let size: number;
    let quiet: boolean;
    do {
      const held = new Held();
      this.#held = held;
      size = await follower.log.size();
      await clock.sleep(staleQuietMs, this.#life.signal);
      await twoTurns();
      quiet = held.bytes === 0;
    } while (!quiet && clock.now() < endMs && !this.#life.signal.aborted);
    if (!quiet) this.#held = new Held();
    await stream.absorb(size);
  }

  /** @returns false when the bytes were not found and it was to give up then. */
  async #place(follower: LogFollower, held: Held, otherwise: 'give up' | 'guess'): Promise<boolean> {
    const { clock } = this.#options;
    const wake = AbortSignal.any([held.arrived.signal, this.#life.signal]);
    for (const pauseMs of silentPausesMs) {
      await clock.sleep(pauseMs, wake);
      if (wake.aborted) break;
      await this.#absorbSilence(follower, held);
    }
    await aborted(wake);
    const giveUpAtMs = clock.now() + alignMs;
    for (;;) {
      const last = clock.now() >= giveUpAtMs || held.bytes > maximumHeldBytes || this.#life.signal.aborted;
      const giveUp = last && otherwise === 'give up' && !this.#life.signal.aborted;
      const at = await this.#findPlace(follower, held, last && !giveUp);
      if (at !== null) {
        await this.#options.stream.absorb(at);
        this.#goLive(held);
        return true;
      }
      if (giveUp) return false;
      await clock.sleep(1, this.#life.signal);
    }
  }

  async #findPlace(follower: LogFollower, held: Held, last: boolean): Promise<number | null> {
    const lowest = follower.expected;
    const before = held.bytes;
    const size = await follower.log.size();
    const logged = await follower.log.read(lowest, Math.min(Math.max(0, size - lowest), maximumHeldBytes));
    await twoTurns();
    // Unchanged on both sides: QEMU is between two writes, and neither ahead of its log nor of us.
    const quiet = held.bytes === before && (await follower.log.size()) === size;
    const received = Buffer.concat(held.chunks, before);
    const at = alignToLog({ logged, lowest, received, quiet });
    if (at !== null || !last) return at;
    return Math.max(lowest, size - held.bytes);
  }

  #goLive(held: Held): void {
    if (this.#held !== held) return;
    this.#held = null;
    for (const chunk of held.chunks) this.#options.stream.append(chunk);
  }
}

/** After this the event loop has read whatever the kernel held when it was called. */
async function twoTurns(): Promise<void> {
  await turn();
  await turn();
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener('abort', () => resolve(), { once: true });
  });
}
