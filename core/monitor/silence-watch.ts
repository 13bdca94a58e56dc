/**
 * Notices a QEMU that no longer answers. A command that has waited too long is the sign; when nothing is asked for that
 * long, a cheap question is, so that a hung guest is seen without anybody using it.
 */
import type { Clock } from '../base/clock.ts';

/** The oldest command that QEMU has not answered, and for how long. */
export interface OutstandingCommand {
  readonly command: string;
  readonly forMs: number;
}

export type Answering = { readonly state: 'ok' } | ({ readonly state: 'silent' } & OutstandingCommand);

export interface SilenceWatchOptions {
  readonly clock: Clock;
  /** From this age of the oldest command on the monitor counts as silent. */
  readonly thresholdMs: number;
  outstanding(): OutstandingCommand | null;
  /** When something last came, by the clock. */
  lastReceivedMs(): number;
  /** Asks QEMU something that costs it nothing; the answer is of no interest. */
  ask(): void;
  /** Called at each change between the two states. */
  onChange(answering: Answering): void;
}

export class SilenceWatch implements Disposable {
  readonly #options: SilenceWatchOptions;
  readonly #stop = new AbortController();
  #silent = false;

  constructor(options: SilenceWatchOptions) {
    this.#options = options;
    void this.#run();
  }

  get answering(): Answering {
    const outstanding = this.#silent ? this.#options.outstanding() : null;
    return outstanding ? { state: 'silent', ...outstanding } : { state: 'ok' };
  }

  /** Looks at once: to be called when a reply arrives, so that the end of a silence is told without delay. */
  look(): void {
    if (this.#stop.signal.aborted) return;
    const outstanding = this.#options.outstanding();
    const silent = outstanding !== null && outstanding.forMs >= this.#options.thresholdMs;
    if (silent === this.#silent) return;
    this.#silent = silent;
    this.#options.onChange(this.answering);
  }

  [Symbol.dispose](): void {
    this.#stop.abort();
  }

  /** Half the threshold between looks: a silence is told at most half as late again as it may last. */
  async #run(): Promise<void> {
    const { clock, thresholdMs } = this.#options;
    for (;;) {
      await clock.sleep(thresholdMs / 2, this.#stop.signal);
      if (this.#stop.signal.aborted) return;
      this.look();
      const isQuiet = clock.now() - this.#options.lastReceivedMs() >= thresholdMs;
      if (isQuiet && this.#options.outstanding() === null) this.#options.ask();
    }
  }
}
