/**
 * Starts the programs that the scripts need: always with a time limit, output kept within a bound, ended by pid (with
 * all they started) when the limit is over, and their last words in the error.
 */
import { spawn } from 'node:child_process';
import { access, constants } from 'node:fs/promises';
import path from 'node:path';
import { SetupProblem } from './project.mjs';

const keptOutputBytes = 4 * 1024 * 1024;

/**
 * @typedef {{ code: number | null, signal: NodeJS.Signals | null, stdout: string, stderr: string, timedOut: boolean }} Outcome
 * @typedef {{ timeoutMs: number, cwd?: string, env?: NodeJS.ProcessEnv, inherit?: boolean, input?: string }} RunOptions
 */

/**
 * Runs a program to its end and tells how it ended; only a program that cannot be started throws.
 * @param {string} program @param {readonly string[]} args @param {RunOptions} options @returns {Promise<Outcome>}
 */
export function outcomeOf(program, args, options) {
  return new Promise((resolve, reject) => {
    const windowsScript = process.platform === 'win32' && program === 'npm';
    const child = spawn(windowsScript ? 'npm.cmd' : program, args, {
      cwd: options.cwd,
      env: options.env ?? process.env,
      stdio: [options.input === undefined ? 'ignore' : 'pipe', ...(options.inherit ? ['inherit', 'inherit'] : ['pipe', 'pipe'])],
      shell: windowsScript, // Node refuses to start .cmd files without a shell since its fix of CVE-2024-27980
      detached: process.platform !== 'win32' && !options.inherit, // its own group, so that the limit ends its children too
    });
    const stdout = keepTail(child.stdout);
    const stderr = keepTail(child.stderr);
    let timedOut = false;
    const timer = setTimeout(() => {
      timedOut = true;
      endGroup(child, !options.inherit);
    }, options.timeoutMs);
    child.stdin?.on('error', () => {}); // a program may end without reading what it is given
    child.stdin?.end(options.input);
    child.once('error', (error) => {
      clearTimeout(timer);
      reject(error);
    });
    child.once('close', (code, signal) => {
      clearTimeout(timer);
      resolve({ code, signal, stdout: stdout(), stderr: stderr(), timedOut });
    });
  });
}

/**
 * Runs a program that must succeed; answers its output.
 * @param {string} program @param {readonly string[]} args @param {RunOptions} options
 */
export async function run(program, args, options) {
  const command = [program, ...args].join(' ');
  const outcome = await outcomeOf(program, args, options).catch((error) => {
    throw new SetupProblem(`cannot start ${program}: ${error.message}`);
  });
  if (outcome.timedOut) throw new SetupProblem(`'${command}' did not end within ${options.timeoutMs / 1000} s`);
  if (outcome.code !== 0) {
    // npm says the reason first and then explains itself, compilers and apt say it last.
    const lines = lastLines(outcome, Number.POSITIVE_INFINITY);
    const told = lines.length <= 16 ? lines : [...lines.slice(0, 8), '...', ...lines.slice(-8)];
    throw new SetupProblem(`'${command}' failed with ${outcome.signal ?? `exit code ${outcome.code}`}`, told);
  }
  return outcome.stdout;
}

/** The last lines of what a program said. @param {Outcome} outcome @param {number} count */
export function lastLines(outcome, count) {
  return `${outcome.stdout}\n${outcome.stderr}`.split('\n').map((line) => line.trimEnd()).filter(Boolean).slice(-count);
}

/** The program's full path on PATH, or null. @param {string} program */
export async function findProgram(program) {
  const suffixes = process.platform === 'win32' ? ['.exe', '.cmd'] : [''];
  for (const folder of (process.env['PATH'] ?? '').split(path.delimiter)) {
    if (!folder) continue;
    for (const suffix of suffixes) {
      const file = path.join(folder, program + suffix);
      if (await access(file, constants.X_OK).then(() => true, () => false)) return file;
    }
  }
  return null;
}

/** @param {import('node:stream').Readable | null} stream */
function keepTail(stream) {
  let text = '';
  stream?.setEncoding('utf8').on('data', (chunk) => {
    text += chunk;
    if (text.length > 2 * keptOutputBytes) text = text.slice(-keptOutputBytes);
  });
  return () => text;
}

/** @param {import('node:child_process').ChildProcess} child @param {boolean} ownGroup */
function endGroup(child, ownGroup) {
  if (child.pid === undefined) return;
  try {
    process.kill(ownGroup && process.platform !== 'win32' ? -child.pid : child.pid, 'SIGKILL');
  } catch {
    // It ended by itself in the meantime.
  }
}
