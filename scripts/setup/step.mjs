/** One tidy line for each piece of work that was really done, with its seconds; nothing for what was already there. */

/** @template T @param {string} name @param {() => Promise<T>} work @returns {Promise<T>} */
export async function step(name, work) {
  const startMs = performance.now();
  try {
    const result = await work();
    say(name, `${seconds(startMs)} s`);
    return result;
  } catch (error) {
    say(name, `failed after ${seconds(startMs)} s`);
    throw error;
  }
}

/** A line beside the steps: what was left out and why, what is used instead. @param {string} name @param {string} text */
export function say(name, text) {
  // On stderr, because `vireo --json` and others print for programs on stdout.
  process.stderr.write(`[${name}] ${text}\n`);
}

const seconds = (startMs) => ((performance.now() - startMs) / 1000).toFixed(1);
