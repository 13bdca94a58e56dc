/**
 * What every script needs to know before any dependency is there: where the project lies, what a failure is that a
 * person can act on, and how one ends a script: a sentence, no stack trace, exit code 1.
 */
import path from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

export const projectRoot = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '..', '..');

export const isRoot = process.getuid?.() === 0;

/** A failure with a way out: `message` says what is wrong, `advice` the lines to follow. Printed without a stack. */
export class SetupProblem extends Error {
  /** @param {string} message @param {readonly string[]} advice */
  constructor(message, advice = []) {
    super(message);
    this.name = 'SetupProblem';
    this.advice = advice;
  }
}

/** True where the module is the script that Node was started with. @param {string} moduleUrl */
export function isMainScript(moduleUrl) {
  const script = process.argv[1];
  return script !== undefined && pathToFileURL(path.resolve(script)).href === moduleUrl;
}

/**
 * Runs a script's body; its number is the exit code. A SetupProblem is told in words, our own bugs keep their stack.
 * @param {() => Promise<number | void>} body
 */
export async function runScript(body) {
  try {
    process.exitCode = (await body()) ?? 0;
  } catch (error) {
    process.exitCode = 1;
    if (!(error instanceof SetupProblem)) {
      console.error(error);
      return;
    }
    console.error(`vireo: ${error.message}`);
    for (const line of error.advice) console.error(`  ${line}`);
  }
}
