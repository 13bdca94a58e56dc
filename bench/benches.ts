/** All benches, in the order in which they run. */
import type { Bench } from './bench.ts';
import { consoleLatency } from './console-latency.ts';
import { consoleMemory } from './console-memory.ts';
import { consoleVirsh } from './console-virsh.ts';
import { consoles } from './console.ts';
import { define } from './define.ts';
import { definitions } from './definitions.ts';
import { domstats } from './domstats.ts';
import { eventLoop } from './event-loop.ts';
import { hundred } from './hundred.ts';
import { ipc } from './ipc.ts';
import { migration } from './migration.ts';
import { save } from './save.ts';
import { smallCalls } from './small-calls.ts';
import { start } from './start.ts';
import { stopEvent } from './stop-event.ts';

export const benches: readonly Bench[] = [smallCalls, ipc, stopEvent, start, save, migration, define, definitions, hundred, domstats, consoles, consoleVirsh, consoleLatency, consoleMemory, eventLoop];
