/** What may happen at a console: people who come, ask, type, stop reading and go, and a device that does the same. */
import fc from 'fast-check';

export type ConsoleOperation =
  | { readonly does: 'open'; readonly who: number; readonly mode: 'write' | 'watch'; readonly force: boolean }
  | { readonly does: 'request'; readonly who: number; readonly force: boolean }
  | { readonly does: 'ask' | 'withdraw' | 'release' | 'close'; readonly who: number }
  | { readonly does: 'hand over' | 'decline'; readonly who: number; readonly to: number }
  | { readonly does: 'write'; readonly who: number; readonly bytes: number }
  | { readonly does: 'break'; readonly who: number; readonly fails: boolean }
  | { readonly does: 'read'; readonly who: number; readonly items: number }
  /** The device takes so many of the pieces that it is given. */
  | { readonly does: 'take'; readonly pieces: number }
  | { readonly does: 'say'; readonly bytes: number }
  /** `firstTheWrite`: what was being written fails before anybody hears that the connection is lost. */
  | { readonly does: 'cut'; readonly firstTheWrite: boolean }
  | { readonly does: 'reconnect' | 'give up' | 'remove' | 'add' }
  | { readonly does: 'wait'; readonly turns: number }
  | { readonly does: 'pass'; readonly ms: number };

export const people = 4;
const who = fc.nat({ max: people - 1 });

function simple<D extends string>(...does: D[]): fc.Arbitrary<{ does: D; who: number }> {
  return fc.record({ does: fc.constantFrom(...does), who });
}

const operation: fc.Arbitrary<ConsoleOperation> = fc.oneof(
  { weight: 5, arbitrary: fc.record({ does: fc.constant('open'), who, mode: fc.constantFrom('write', 'watch'), force: fc.boolean() }) },
  { weight: 3, arbitrary: fc.record({ does: fc.constant('request'), who, force: fc.boolean() }) },
  { weight: 5, arbitrary: simple('ask') },
  { weight: 4, arbitrary: simple('withdraw', 'release', 'close') },
  { weight: 4, arbitrary: fc.record({ does: fc.constantFrom('hand over', 'hand over', 'decline'), who, to: who }) },
  { weight: 7, arbitrary: fc.record({ does: fc.constant('write'), who, bytes: fc.constantFrom(1, 100, 4_096, 4_097, 13_000, 600_000) }) },
  { weight: 2, arbitrary: fc.record({ does: fc.constant('break'), who, fails: fc.boolean() }) },
  { weight: 6, arbitrary: fc.record({ does: fc.constant('read'), who, items: fc.integer({ min: 1, max: 5 }) }) },
  { weight: 5, arbitrary: fc.record({ does: fc.constant('take'), pieces: fc.constantFrom(1, 2, 5, 200) }) },
  { weight: 3, arbitrary: fc.record({ does: fc.constant('say'), bytes: fc.integer({ min: 1, max: 300 }) }) },
  { weight: 1, arbitrary: fc.record({ does: fc.constant('cut'), firstTheWrite: fc.boolean() }) },
  { weight: 4, arbitrary: fc.record({ does: fc.constantFrom('reconnect', 'reconnect', 'reconnect', 'give up', 'remove', 'add', 'add') }) },
  { weight: 4, arbitrary: fc.record({ does: fc.constant('wait'), turns: fc.integer({ min: 0, max: 3 }) }) },
  { weight: 1, arbitrary: fc.record({ does: fc.constant('pass'), ms: fc.constantFrom(1, 7, 5_000) }) },
) as fc.Arbitrary<ConsoleOperation>;

export interface ConsoleScenario {
  /** Whether the connection is there all the time, or made while somebody writes: `reconnect` makes it, `give up` refuses it. */
  readonly isHeld: boolean;
  readonly operations: readonly ConsoleOperation[];
}

/** Short enough that no session is told more than it keeps. */
export const consoleScenarios: fc.Arbitrary<ConsoleScenario> = fc.record({ isHeld: fc.boolean(), operations: fc.array(operation, { minLength: 5, maxLength: 45, size: 'max' }) });
