/** All benches, in the order in which they run. */
import type { Bench } from './bench.ts';
import { getInfo } from './get-info.ts';

export const benches: readonly Bench[] = [getInfo];
