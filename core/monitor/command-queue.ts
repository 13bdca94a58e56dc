/**
 * The commands of one monitor between the caller and QEMU: those that wait to be written and those that QEMU owes a
 * reply. Callers may give up; QEMU's debts stay on the books until paid, so that a late reply finds its place.
 */
import { VireoError } from '../base/errors.ts';
import type { OutstandingCommand } from './silence-watch.ts';

/**
 * With more than eight in-band commands queued QEMU stops reading, and out-of-band commands would be stuck behind them
 * (docs/interop/qmp-spec, QEMU 7.2).
 */
const maximumInFlight = 8;
const maximumOutstanding = 256;

export interface Command {
  readonly id: string;
  readonly name: string;
  /** The request as it is written. */
  readonly line: string;
  readonly outOfBand: boolean;
  /** Somebody's own command: nothing is known of what its words mean. */
  readonly unchecked: boolean;
  readonly args: unknown;
  /** When it was asked for, by the monitor's clock. */
  readonly sinceMs: number;
  /** Null once the caller has given up. */
  caller: { resolve(result: unknown): void; reject(error: unknown): void } | null;
}

export class CommandQueue {
  readonly #waiting: Command[] = [];
  readonly #inFlight = new Map<string, Command>();
  #inBandInFlight = 0;

  /** Throws where so many commands wait that one more would only hide a problem. */
  add(command: Command): void {
    if (this.#waiting.length + this.#inFlight.size >= maximumOutstanding) {
      throw new VireoError('RESOURCE_BUSY', `${maximumOutstanding} commands already wait for the QEMU monitor`, {
        details: { command: command.name },
      });
    }
    this.#waiting.push(command);
  }

  /** The next command to write, from now on owed a reply; null while none may be written. */
  next(): Command | null {
    const full = this.#inBandInFlight >= maximumInFlight;
    const index = full ? this.#waiting.findIndex((command) => command.outOfBand) : 0;
    const [command] = index === -1 ? [] : this.#waiting.splice(index, 1);
    if (!command) return null;
    this.#inFlight.set(command.id, command);
    if (!command.outOfBand) this.#inBandInFlight += 1;
    return command;
  }

  /** Takes the command that a reply names off the books; null for one that nobody asked. */
  settle(id: string): Command | null {
    const command = this.#inFlight.get(id);
    if (!command) return null;
    this.#inFlight.delete(id);
    if (!command.outOfBand) this.#inBandInFlight -= 1;
    return command;
  }

  /** The caller no longer waits: a command that was not written is forgotten, one that was stays owed. */
  giveUp(command: Command): void {
    command.caller = null;
    const index = this.#waiting.indexOf(command);
    if (index !== -1) this.#waiting.splice(index, 1);
  }

  /** Empties the books; what was on them, oldest first. */
  clear(): readonly Command[] {
    const all = [...this.#inFlight.values(), ...this.#waiting];
    this.#waiting.length = 0;
    this.#inFlight.clear();
    this.#inBandInFlight = 0;
    return all;
  }

  oldest(nowMs: number): OutstandingCommand | null {
    const [command = this.#waiting[0]] = this.#inFlight.values();
    return command ? { command: command.name, forMs: nowMs - command.sinceMs } : null;
  }
}
