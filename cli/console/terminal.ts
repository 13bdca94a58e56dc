/**
 * A terminal for the time of a console: raw, so that every key goes to the guest, and put back however that time ends,
 * since a shell behind a raw terminal cannot be used. What is no terminal is left as it is.
 */
import { spawnSync } from 'node:child_process';
import { toDisposable } from '../../core/base/lifetime.ts';
import type { TerminalInput } from '../command.ts';

const quitExitCode = 128 + 3;

/** SIGINT, SIGTERM and SIGHUP are the whole command's to answer, and end with this being disposed. */
export function makeRaw(input: TerminalInput): Disposable {
  if (!input.isTTY || !input.setRawMode) return toDisposable(() => {});
  const wasRaw = input.isRaw ?? false;
  const put = (raw: boolean): void => {
    input.setRawMode?.(raw);
    if (raw && (input as unknown) === process.stdin) leaveOutputAlone();
  };
  const restore = toDisposable(() => {
    process.off('exit', onExit);
    process.off('SIGQUIT', onQuit);
    process.off('SIGTSTP', onStop);
    process.off('SIGCONT', onContinue);
    put(wasRaw);
  });
  // An uncaught error ends the process without unwinding; this runs even then.
  const onExit = (): void => restore[Symbol.dispose]();
  const onQuit = (): void => process.exit(quitExitCode);
  // Keys raise none of these while the terminal is raw, but other processes may send them.
  const onStop = (): void => {
    put(wasRaw);
    process.kill(process.pid, 'SIGSTOP');
  };
  const onContinue = (): void => put(true);
  process.on('exit', onExit);
  process.on('SIGQUIT', onQuit);
  process.on('SIGTSTP', onStop);
  process.on('SIGCONT', onContinue);
  put(true);
  return restore;
}

/**
 * Node's raw mode (libuv's, 1.48) still makes CR LF of each LF that is printed, and puts back what was there before all the
 * same. A guest that moves straight down would land in the first column. Without stty it stays so.
 */
function leaveOutputAlone(): void {
  if (process.platform === 'win32') return;
  spawnSync('stty', ['-opost'], { stdio: ['inherit', 'ignore', 'ignore'], timeout: 2_000 });
}
