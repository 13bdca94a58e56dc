/** Thousands of interleavings of two hosts and whoever leads. A failing run prints its seed and scenario: make it a named test. */
import fc from 'fast-check';
import { test } from 'vitest';
import { migrationScenarios, simulateMigration } from '../../test/support/migration-simulation.ts';

/** VIREO_SIM_RUNS and VIREO_SIM_SEED search longer, or repeat what a failure printed. */
const numRuns = Number(process.env['VIREO_SIM_RUNS'] ?? 2000);
const seed = process.env['VIREO_SIM_SEED'];

test('no interleaving of words, faults and hosts runs a guest twice, or loses it', { timeout: 60_000 + numRuns * 50 }, async () => {
  await fc.assert(fc.asyncProperty(migrationScenarios, simulateMigration), { numRuns, ...(seed === undefined ? {} : { seed: Number(seed) }) });
});
