/** Thousands of interleavings of the job engine. A failing run prints its seed and scenario: make it a named test. */
import fc from 'fast-check';
import { test } from 'vitest';
import { rarities } from '../../test/support/job-rarities.ts';
import { scenarios } from '../../test/support/job-scenarios.ts';
import { simulate } from '../../test/support/job-simulation.ts';
import { DomainJobs } from './domain-jobs.ts';

/** VIREO_SIM_RUNS and VIREO_SIM_SEED search longer, or repeat what a failure printed. */
const numRuns = Number(process.env['VIREO_SIM_RUNS'] ?? 2000);
const seed = process.env['VIREO_SIM_SEED'];

test('no interleaving of calls breaks a rule of the job engine', { timeout: 60_000 + numRuns * 20 }, async () => {
  const property = fc.asyncProperty(scenarios, (scenario) => simulate(DomainJobs, scenario));
  await fc.assert(property, { numRuns, ...(seed === undefined ? {} : { seed: Number(seed) }) });
});

test.each(Object.entries(rarities))('and none when %s', async (_, scenario) => {
  await simulate(DomainJobs, scenario);
});
