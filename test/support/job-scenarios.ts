/** What a simulation of the job engine plays: who comes to which domain, in which order, and when the driver is killed. */
import fc from 'fast-check';
import type { AsyncKind, SyncKind } from '../../core/job/kinds.ts';

interface Caller {
  readonly domain: 0 | 1;
  /** The client gives up at some moment. */
  readonly cancel: boolean;
}

export type SyncActor = Caller & { readonly type: 'sync'; readonly kind: SyncKind; readonly commands: number; readonly leaves: boolean; readonly again: boolean };
export type AsyncActor = Caller & {
  readonly type: 'async';
  readonly kind: AsyncKind;
  readonly nests: number;
  readonly together: boolean;
  readonly mask: readonly SyncKind[];
  readonly leaves: boolean;
  /** Left to the next phase, which comes back with the ticket, or does not. */
  readonly parks: 'no' | 'returns' | 'returns twice' | 'stays away' | 'leaves';
  /** Refuses to be aborted from its second phase on. */
  readonly commits: boolean;
};
export type AgentActor = Caller & { readonly type: 'agent'; readonly kind: 'query' | 'modify'; readonly leaves: boolean };
/** Somebody who knows kind and owner of whatever is parked, or only says so. */
export type AdoptActor = Caller & { readonly type: 'adopt'; readonly lies: boolean };
export type AbortActor = Caller & { readonly type: 'abort' };

export type Actor =
  | SyncActor
  | AsyncActor
  | AgentActor
  | AdoptActor
  | AbortActor
  | { readonly type: 'die'; readonly domain: 0 | 1 }
  | { readonly type: 'boot'; readonly domain: 0 | 1 }
  | { readonly type: 'close'; readonly domain: 0 | 1 }
  | { readonly type: 'wait'; readonly ms: number };

/** One driver's life. Each but the last ends by SIGKILL after so many steps, with the write under way done or not. */
export interface Life {
  readonly actors: readonly Actor[];
  /** Whose turn it is, step by step; afterwards first come, first served. */
  readonly picks: readonly number[];
  readonly killedAfter: number;
  readonly writeLands: boolean;
  /** What the recoverer does with a job that it finds: parks it again where it was parked, or ends it. */
  readonly parksAgain: boolean;
}

export interface Scenario {
  readonly lives: readonly Life[];
  /** Which saves fail, over and over again. */
  readonly saveFails: readonly boolean[];
  /** The writer asks for the record when it writes, as the status store does, instead of keeping what it was given. */
  readonly readsLate: boolean;
  readonly maxQueued: number;
}

export const parkMs = 10_000;

const domain = fc.constantFrom(0 as const, 0 as const, 0 as const, 1 as const);
const rarely = fc.integer({ min: 0, max: 3 }).map((n) => n === 3);
const syncKind = fc.constantFrom<SyncKind>('query', 'modify', 'suspend', 'destroy', 'abort', 'migration-op');

function asyncActor(kind: fc.Arbitrary<AsyncKind>, parks: fc.Arbitrary<AsyncActor['parks']>): fc.Arbitrary<Actor> {
  const mask = fc.subarray<SyncKind>(['query', 'abort', 'suspend', 'modify', 'migration-op']);
  return fc.record({ type: fc.constant('async' as const), domain, cancel: rarely, kind, nests: fc.nat({ max: 3 }), together: rarely, mask, leaves: fc.boolean(), parks, commits: rarely });
}

const actor: fc.Arbitrary<Actor> = fc.oneof(
  { weight: 5, arbitrary: fc.record({ type: fc.constant('sync' as const), domain, cancel: rarely, kind: syncKind, commands: fc.nat({ max: 2 }), leaves: rarely, again: rarely }) },
  { weight: 3, arbitrary: asyncActor(fc.constantFrom('save', 'migration-out', 'start', 'backup'), fc.constant('no')) },
  { weight: 2, arbitrary: asyncActor(fc.constantFrom('migration-out', 'migration-in'), fc.constantFrom('returns', 'returns twice', 'stays away', 'leaves')) },
  { weight: 1, arbitrary: fc.record({ type: fc.constant('agent' as const), domain, cancel: rarely, kind: fc.constantFrom('query' as const, 'modify' as const), leaves: rarely }) },
  { weight: 2, arbitrary: fc.record({ type: fc.constant('adopt' as const), domain, cancel: rarely, lies: rarely }) },
  { weight: 2, arbitrary: fc.record({ type: fc.constant('abort' as const), domain, cancel: rarely }) },
  { weight: 1, arbitrary: fc.record({ type: fc.constant('die' as const), domain }) },
  { weight: 1, arbitrary: fc.record({ type: fc.constant('boot' as const), domain }) },
  { weight: 1, arbitrary: fc.record({ type: fc.constant('close' as const), domain }) },
  { weight: 1, arbitrary: fc.record({ type: fc.constant('wait' as const), ms: fc.constantFrom(1, parkMs - 1, parkMs, 29_999, 30_000) }) },
);

const life: fc.Arbitrary<Life> = fc.record({
  actors: fc.array(actor, { minLength: 2, maxLength: 8 }),
  picks: fc.array(fc.nat({ max: 15 }), { minLength: 10, maxLength: 60 }),
  killedAfter: fc.nat({ max: 30 }),
  writeLands: fc.boolean(),
  parksAgain: fc.boolean(),
});

export const scenarios: fc.Arbitrary<Scenario> = fc.record({
  lives: fc.oneof({ weight: 3, arbitrary: fc.tuple(life) }, { weight: 2, arbitrary: fc.array(life, { minLength: 2, maxLength: 3 }) }),
  saveFails: fc.oneof({ weight: 2, arbitrary: fc.constant([false]) }, { weight: 1, arbitrary: fc.array(rarely, { minLength: 1, maxLength: 5 }) }),
  readsLate: fc.boolean(),
  maxQueued: fc.constantFrom(0, 0, 2, 4),
});
