/** Runs the program that a script is there for: it owns the terminal, gets the script's signals, gives its exit code. */
import { spawn } from 'node:child_process';
import { constants } from 'node:os';
import { SetupProblem } from './project.mjs';

/**
 * @param {string} program @param {readonly string[]} args
 * @param {{ cwd?: string, env?: NodeJS.ProcessEnv }} options
 * @returns {Promise<number>} the exit code, 128 and the signal's number for one that a signal ended, as shells do
 */
export function runInForeground(program, args, { cwd, env }) {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, { cwd, env, stdio: 'inherit' });
    const forward = (signal) => {
      // A terminal's ^C reaches the whole foreground group by itself; twice would be read as impatience.
      if (signal === 'SIGINT' && process.stdin.isTTY) return;
      child.kill(signal);
    };
    const signals = /** @type {const} */ (['SIGINT', 'SIGTERM', 'SIGHUP']);
    for (const signal of signals) process.on(signal, forward);
    const done = () => signals.forEach((signal) => process.off(signal, forward));
    child.once('error', (error) => {
      done();
      reject(new SetupProblem(`cannot start ${program}: ${error.message}`));
    });
    child.once('close', (code, signal) => {
      done();
      resolve(code ?? 128 + constants.signals[signal]);
    });
  });
}
