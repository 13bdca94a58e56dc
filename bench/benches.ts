/** All benches, in the order in which they run. */
import type { Bench } from './bench.ts';
import { consoles } from './console.ts';
import { define } from './define.ts';
import { eventLoop } from './event-loop.ts';
import { hundred } from './hundred.ts';
import { smallCalls } from './small-calls.ts';
import { start } from './start.ts';

export const benches: readonly Bench[] = [smallCalls, start, define, hundred, consoles, eventLoop];
