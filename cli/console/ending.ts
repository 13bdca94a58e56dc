/** The one reason for which a console ends; what comes after it is too late. */
import { asVireoError } from '../../core/base/errors.ts';
import { CommandError } from '../command-error.ts';

export class Ending {
  readonly reached: Promise<number>;
  resolve!: (exitCode: number) => void;
  reject!: (error: Error) => void;

  constructor() {
    this.reached = new Promise((resolve, reject) => {
      this.resolve = resolve;
      this.reject = reject;
    });
    this.reached.catch(() => {}); // it may fail before anybody waits for it
  }

  /** Ends it when the process is asked to end, until disposed. */
  onSignal(interrupted: AbortSignal): Disposable {
    const end = (): void => this.resolve(exitCodeOf(interrupted));
    interrupted.addEventListener('abort', end, { once: true });
    if (interrupted.aborted) end();
    return { [Symbol.dispose]: () => interrupted.removeEventListener('abort', end) };
  }

  /** Whoever read our output has enough, as in `vireo console x | head`; every other reason is a failure. */
  outputFailed(error: NodeJS.ErrnoException): void {
    if (error.code === 'EPIPE') this.resolve(0);
    else this.reject(new CommandError('SYSTEM_ERROR', `the console's output cannot be written: ${asVireoError(error).message}`, { cause: error }));
  }
}

/** Ctrl + C is how a console without a terminal is ended; other signals end it as they end any program. */
export function exitCodeOf(interrupted: AbortSignal): number {
  const numbers: Readonly<Record<string, number>> = { SIGINT: 0, SIGHUP: 128 + 1, SIGTERM: 128 + 15 };
  return numbers[String(interrupted.reason)] ?? 1;
}
