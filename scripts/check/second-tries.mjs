/**
 * Names the tests that passed only on their second try. Real QEMUs on a shared machine meet moments that no wait of ours
 * covers; one of them shall not cost a whole run, and shall not go unseen either.
 */
export const label = 'NEEDED A SECOND TRY';

/** The lines about them in what a run has printed. @param {string} output @returns {readonly string[]} */
export const secondTriesIn = (output) => output.split('\n').filter((line) => line.startsWith(label));

// oxlint-disable-next-line import/no-default-export -- vitest loads a reporter by it
export default class SecondTries {
  #names = [];

  /** @param {import('vitest/node').TestCase} test */
  onTestCaseResult(test) {
    if (test.diagnostic()?.flaky) this.#names.push(`${test.module.relativeModuleId} > ${test.fullName}`);
  }

  onTestRunEnd() {
    for (const name of this.#names) process.stdout.write(`\n${label}: ${name}\n`);
  }
}
