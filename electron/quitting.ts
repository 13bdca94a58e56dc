/**
 * Quitting while guests run: what the user chose once and for all, or the question, and where guests are shut down their
 * progress, the deadline, and the question about those that are left. It decides; windows show it, and `leave` ends the
 * app with whatever still runs handed over.
 */
import type { Client } from '../core/api/client.ts';
import type { QuitChoice, QuitState } from '../core/api/desktop-contract.ts';
import { type GuestLeaving, shutDownGuests } from '../core/api/shut-down-guests.ts';
import type { Clock } from '../core/base/clock.ts';
import type { DomainSummary } from '../core/domain/domain-summary.ts';
import { VireoError, asVireoError } from '../core/base/errors.ts';
import { Emitter } from '../core/base/events.ts';
import type { Log } from '../core/base/log.ts';

export interface QuittingOptions {
  readonly client: Client;
  readonly clock: Clock;
  readonly log: Log;
  readonly choice: () => QuitChoice;
  readonly remember: (choice: QuitChoice) => void;
  /** How long guests have to shut down. */
  readonly deadlineMs: () => number;
  readonly running: () => readonly Pick<DomainSummary, 'uuid' | 'name' | 'migration'>[];
  /** Brings the window to the front that shows the state. */
  readonly show: () => void;
  readonly leave: () => void;
}

export type QuitAnswer = 'keep' | 'shutdown' | 'force off' | 'cancel';

/** What may be answered where. */
const answers: Readonly<Record<QuitState['step'], readonly QuitAnswer[]>> = {
  question: ['keep', 'shutdown', 'cancel'],
  'shutting down': ['keep', 'cancel'],
  'left over': ['keep', 'shutdown', 'force off', 'cancel'],
  'forcing off': [],
};

export class Quitting {
  readonly changes = new Emitter<QuitState | null>();
  readonly #options: QuittingOptions;
  #state: QuitState | null = null;
  #stop = new AbortController();

  constructor(options: QuittingOptions) {
    this.#options = options;
  }

  get state(): QuitState | null {
    return this.#state;
  }

  /** The user wants to quit. */
  request(): void {
    const { choice, running, show, leave } = this.#options;
    if (this.#state) return show();
    const guests = running().map(({ uuid, name }) => ({ uuid, name })).sort((one, other) => one.name.localeCompare(other.name));
    // A migration does not outlive the app: whoever keeps guests running did not choose to end that.
    const isMoving = running().some(({ migration }) => migration?.outcome === 'running');
    if (guests.length === 0 || (choice() === 'keep' && !isMoving)) return leave();
    if (choice() === 'shutdown' && !isMoving) return void this.#shutDown();
    this.#become({ step: 'question', guests });
    show();
  }

  /** @throws OPERATION_INVALID where nothing asks for this answer (any more). */
  answer(answer: QuitAnswer, remember: boolean): void {
    const step = this.#state?.step;
    if (step === undefined || !answers[step].includes(answer)) throw new VireoError('OPERATION_INVALID', `quitting does not wait for '${answer}'`);
    if (remember && step === 'question' && (answer === 'keep' || answer === 'shutdown')) this.#options.remember(answer);
    if (answer === 'shutdown') return void this.#shutDown();
    if (answer === 'force off') return void this.#forceOff();
    this.#end();
    if (answer === 'keep') this.#options.leave();
  }

  /** Nobody is there to answer any more: a question is taken back, guests that are on their way go on. */
  unattended(): void {
    if (this.#state?.step === 'question' || this.#state?.step === 'left over') this.#end();
  }

  /** The app ends in any case. */
  [Symbol.dispose](): void {
    this.#stop.abort(new VireoError('OPERATION_ABORTED', 'the app ends'));
  }

  async #shutDown(): Promise<void> {
    const { client, clock, deadlineMs, log, show } = this.#options;
    const stop = (this.#stop = new AbortController());
    const sinceMs = clock.wallTime();
    const untilMs = sinceMs + deadlineMs();
    this.#become({ step: 'shutting down', guests: [], sinceMs, untilMs });
    show();
    try {
      const guests = await shutDownGuests({ client, clock, deadlineMs: deadlineMs(), signal: stop.signal, onProgress: (each) => this.#progress(stop, [...each]) });
      this.#after(stop, guests);
    } catch (error) {
      if (stop.signal.aborted) return;
      log.write('error', 'the guests could not be shut down', { error: asVireoError(error).message });
      this.#end();
    }
  }

  #progress(stop: AbortController, guests: GuestLeaving[]): void {
    if (!stop.signal.aborted && this.#state?.step === 'shutting down') this.#become({ ...this.#state, guests });
  }

  #after(stop: AbortController, guests: readonly GuestLeaving[]): void {
    if (stop.signal.aborted) return;
    const left = guests.filter(({ step }) => step !== 'off');
    if (left.length === 0) {
      this.#end();
      return this.#options.leave();
    }
    this.#become({ step: 'left over', guests: left });
    this.#options.show();
  }

  async #forceOff(): Promise<void> {
    const stop = (this.#stop = new AbortController());
    const guests = this.#state?.step === 'left over' ? this.#state.guests : [];
    this.#become({ step: 'forcing off', guests });
    const ended = await Promise.all(
      guests.map(async (guest): Promise<GuestLeaving> => {
        try {
          await this.#options.client.call('domainDestroy', { domain: guest.uuid }, { signal: stop.signal });
          return { ...guest, step: 'off', reason: null };
        } catch (thrown) {
          const error = asVireoError(thrown);
          const isOff = error.code === 'NO_DOMAIN' || !this.#options.running().some(({ uuid }) => uuid === guest.uuid);
          return isOff ? { ...guest, step: 'off', reason: null } : { ...guest, step: 'refused', reason: error.message };
        }
      }),
    );
    this.#after(stop, ended);
  }

  #end(): void {
    this.#stop.abort(new VireoError('OPERATION_ABORTED', 'the app is not quit'));
    this.#become(null);
  }

  #become(state: QuitState | null): void {
    this.#state = state;
    this.changes.fire(state);
  }
}
