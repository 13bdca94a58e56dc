/**
 * A terminal for the time of a console: raw, so that every key goes to the guest, and put back however that time ends,
 * since a shell behind a raw terminal cannot be used. What is no terminal is left as it is.
 */
import { toDisposable } from '../../core/base/lifetime.ts';
import type { TerminalInput } from '../command.ts';

export function makeRaw(input: TerminalInput): Disposable {
  if (!input.isTTY || !input.setRawMode) return toDisposable(() => {});
  const wasRaw = input.isRaw ?? false;
  const restore = toDisposable(() => {
    process.off('exit', onExit);
    input.setRawMode?.(wasRaw);
  });
  // An uncaught error ends the process without unwinding; this runs even then.
  const onExit = (): void => restore[Symbol.dispose]();
  process.on('exit', onExit);
  input.setRawMode(true);
  return restore;
}
