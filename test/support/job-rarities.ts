/**
 * Interleavings that a random search meets once in thousands of runs, kept under the name of what is rare in them. They
 * are played first: by the simulation, for the engine as it is, and by the mutation test, for each planted defect.
 */
import type { AbortActor, Actor, AgentActor, AsyncActor, Life, Scenario, SyncActor } from './job-scenarios.ts';

const caller = { domain: 0, cancel: false } as const;
const query: SyncActor = { ...caller, type: 'sync', kind: 'query', commands: 0, leaves: false, again: false };
const save: AsyncActor = { ...caller, type: 'async', kind: 'save', nests: 0, together: false, mask: [], leaves: false, parks: 'no', commits: false };
const migration: AsyncActor = { ...save, kind: 'migration-out', leaves: true, parks: 'returns' };
const abort: AbortActor = { ...caller, type: 'abort' };
const agent: AgentActor = { ...caller, type: 'agent', kind: 'query', leaves: false };
const die: Actor = { type: 'die', domain: 0 };
const close: Actor = { type: 'close', domain: 0 };
const boot: Actor = { type: 'boot', domain: 0 };
const pause: Actor = { type: 'wait', ms: 1 };

function life(actors: readonly Actor[], picks: readonly number[], killed: Partial<Life> = {}): Life {
  return { actors, picks, killedAfter: 0, writeLands: false, parksAgain: false, ...killed };
}

function scenario(lives: readonly Life[], saveFails: readonly boolean[] = [false]): Scenario {
  return { lives, saveFails, readsLate: false, maxQueued: 0 };
}

export const rarities: Readonly<Record<string, Scenario>> = {
  'a domain goes away while a handle waits to be parked': scenario([life([close, pause, query, migration], [15, 0, 0, 0, 0, 11, 0, 4, 8, 15])]),
  'an abort gets its turn when another job has begun': scenario([life([save, query, abort, agent, save], [4, 0, 0, 0, 0, 0, 1, 3])]),
  'an abort comes while the last command of a job is in flight': scenario([
    life([{ ...save, domain: 1, mask: ['abort'], leaves: true }, { ...abort, domain: 1 }, save, query], [0, 10, 1, 1, 5, 11, 1, 10, 6]),
  ]),
  'an abort comes while a begin that could not be saved is taken back': scenario([life([save, die, abort, boot], [0, 0, 4, 3])], [true, false]),
  'QEMU dies under the recoverer’s first command while a query waits': scenario([life([save, agent], [], { killedAfter: 1, writeLands: true }), life([query, die, agent], [])]),
};
