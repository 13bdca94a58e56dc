/** Threads and limits that devices refer to by name, made before any device. */
import type { DomainDefinition } from '../conf/domain-definition.ts';
import { effectiveIothreads, iothreadAlias } from '../conf/iothreads.ts';
import type { ThrottleGroup } from '../conf/tuning.ts';
import { type CommandFragment, type JsonObject, json, withoutNulls } from '../devices/command-fragment.ts';

export function iothreadFragments(live: DomainDefinition): readonly CommandFragment[] {
  const threads = effectiveIothreads(live).map(({ id, threadPoolMinimum, threadPoolMaximum, poll }) =>
    json('object', withoutNulls({
      'qom-type': 'iothread',
      id: iothreadAlias(id),
      'thread-pool-min': threadPoolMinimum,
      'thread-pool-max': threadPoolMaximum,
      'poll-max-ns': poll?.maximumNs ?? null,
      'poll-grow': poll?.grow ?? null,
      'poll-shrink': poll?.shrink ?? null,
    })),
  );
  const main = live.defaultIothread;
  if (!main) return threads;
  return [...threads, json('object', withoutNulls({ 'qom-type': 'main-loop', id: 'main-loop', 'thread-pool-min': main.threadPoolMinimum, 'thread-pool-max': main.threadPoolMaximum }))];
}

/** libvirt's prefix keeps the names apart from those of other objects. */
export function throttleGroupFragments({ throttlegroups }: DomainDefinition): readonly CommandFragment[] {
  return throttlegroups.map((group) => json('object', { 'qom-type': 'throttle-group', id: `throttle-${group.name}`, limits: limitsOf(group) }));
}

/** `total_bytes_sec_max` is `bps-total-max`. */
function limitsOf(group: ThrottleGroup): JsonObject {
  const limits = Object.entries(group).flatMap(([name, value]): [string, number][] => {
    if (typeof value !== 'number') return [];
    if (name === 'size_iops_sec') return [['iops-size', value]];
    const [, what = '', unit, rest = ''] = /^(total|read|write)_(bytes|iops)_sec(.*)$/.exec(name) ?? [];
    return [[`${unit === 'bytes' ? 'bps' : 'iops'}-${what}${rest.replaceAll('_', '-')}`, value]];
  });
  return Object.fromEntries(limits);
}
