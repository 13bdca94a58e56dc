/** Thousands of interleavings of sessions and devices. A failing run prints its seed and scenario: make it a named test. */
import fc from 'fast-check';
import { test } from 'vitest';
import { consoleScenarios } from '../../test/support/console-scenarios.ts';
import { simulateConsole } from '../../test/support/console-simulation.ts';
import { ConsoleMux } from './console-mux.ts';

/** VIREO_SIM_RUNS and VIREO_SIM_SEED search longer, or repeat what a failure printed. */
const numRuns = Number(process.env['VIREO_SIM_RUNS'] ?? 2000);
const seed = process.env['VIREO_SIM_SEED'];

test('no interleaving of sessions and devices breaks a rule of who writes', { timeout: 60_000 + numRuns * 20 }, async () => {
  const property = fc.asyncProperty(consoleScenarios, (scenario) => simulateConsole((options) => new ConsoleMux(options), scenario));
  await fc.assert(property, { numRuns, ...(seed === undefined ? {} : { seed: Number(seed) }) });
});
