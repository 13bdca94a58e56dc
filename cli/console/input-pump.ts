/**
 * Brings what is typed to the guest. The escape key works also while the guest takes nothing, so a terminal is read on
 * and what waits is limited; a pipe is simply not read faster than the guest takes it.
 */
import type { TerminalInput } from '../command.ts';
import type { EscapeKey } from './escape.ts';

/** What a person can have typed or pasted while a guest does not look; more is dropped with a bell. */
const maximumWaitingBytes = 64 << 10;

export interface InputPumpOptions {
  readonly input: TerminalInput;
  readonly escape: EscapeKey;
  /** Resolves when there is room for more; it may reject when the console has ended. */
  send(bytes: Uint8Array): Promise<void>;
  /** The escape key was pressed, and what was typed before it was sent. */
  onEscape(): void;
  /** Something had to be dropped. */
  onDropped(): void;
  /** The input has ended, and all of it was sent. */
  onEnd(): void;
}

/** Reads until it is disposed; then the input is paused, so that it does not keep the process. */
export function pumpInput(options: InputPumpOptions): Disposable {
  const { input, escape } = options;
  let waitingBytes = 0;
  let last: Promise<void> = Promise.resolve();
  const send = (bytes: Buffer): Promise<void> => {
    waitingBytes += bytes.length;
    last = last
      .then(() => options.send(bytes))
      .catch(() => {}) // the console's own end says why
      .then(() => void (waitingBytes -= bytes.length));
    return last;
  };
  const onData = (chunk: Buffer | string): void => {
    const bytes = typeof chunk === 'string' ? Buffer.from(chunk) : chunk;
    const end = bytes.indexOf(escape.byte);
    const typed = end === -1 ? bytes : bytes.subarray(0, end);
    if (end !== -1) {
      stop();
      // With room, what came before the key goes out first; a guest that takes nothing must not hold the key back.
      if (typed.length === 0 || waitingBytes > 0) return options.onEscape();
      return void send(typed).then(() => options.onEscape());
    }
    if (!input.isTTY) {
      input.pause();
      return void send(typed).then(() => {
        if (!stopped) input.resume();
      });
    }
    if (waitingBytes + typed.length > maximumWaitingBytes) return options.onDropped();
    void send(typed);
  };
  // A terminal that is gone gives an error, a pipe its end; neither is the end of the console.
  const onEnd = (): void => void last.then(() => options.onEnd());
  let stopped = false;
  const stop = (): void => {
    if (stopped) return;
    stopped = true;
    input.off('data', onData);
    input.off('end', onEnd);
    input.off('error', stop);
    input.pause();
  };
  input.on('data', onData);
  input.on('end', onEnd);
  input.on('error', stop);
  input.resume();
  return { [Symbol.dispose]: stop };
}
