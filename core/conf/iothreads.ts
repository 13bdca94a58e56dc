/** Threads of QEMU that do the work of disks and controllers: how many, and under which numbers. */
import { attribute, childText, type Infer, object, optional } from './codec/codec.ts';
import { integer, positive, unsigned } from './codec/scalar.ts';
import { listWithin, section } from './codec/shorthands.ts';

const wide = integer(0, Number.MAX_SAFE_INTEGER);
/** More than any host has use for, and few enough to be listed. */
const maximumThreads = 4096;

const poolFields = {
  threadPoolMinimum: optional(attribute('thread_pool_min', unsigned)),
  threadPoolMaximum: optional(attribute('thread_pool_max', unsigned)),
};

const iothreadCodec = object({
  id: attribute('id', positive),
  ...poolFields,
  poll: section('poll', { maximumNs: optional(attribute('max', wide)), grow: optional(attribute('grow', wide)), shrink: optional(attribute('shrink', wide)) }),
});

export const iothreadFields = {
  iothreads: optional(childText('iothreads', integer(0, maximumThreads))),
  iothreadids: listWithin('iothreadids', 'iothread', iothreadCodec),
  /** For what runs in QEMU's own main loop. */
  defaultIothread: section('defaultiothread', poolFields),
};

export type IoThread = Infer<typeof iothreadCodec>;

interface IoThreads {
  readonly iothreads: number | null;
  readonly iothreadids: readonly IoThread[];
}

/** Every thread of the domain: those that are named, and for the rest of the count the lowest numbers that are free. */
export function effectiveIothreads({ iothreads, iothreadids }: IoThreads): readonly IoThread[] {
  const all = [...iothreadids];
  const taken = new Set(all.map(({ id }) => id));
  let free = 1;
  while (all.length < (iothreads ?? 0)) {
    while (taken.has(free)) free += 1;
    taken.add(free);
    all.push({ id: free, threadPoolMinimum: null, threadPoolMaximum: null, poll: null });
  }
  return all;
}

/** QEMU's id of the thread object. */
export function iothreadAlias(id: number): string {
  return `iothread${id}`;
}
