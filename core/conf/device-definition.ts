/**
 * The type of a device of any kind. Each folder below core/devices adds its kind to `DeviceDefinitions` by declaration
 * merging, so that this floor names none of them and a kind is added in one place.
 */
import type { Keeping } from './codec/kept-nodes.ts';

// oxlint-disable-next-line typescript/no-empty-object-type -- filled by declaration merging
export interface DeviceDefinitions {}

export type DeviceKind = keyof DeviceDefinitions;

/** A device of kind K as it stands in a definition. */
export type DeviceOf<K extends DeviceKind> = { [P in K]: { readonly kind: P } & DeviceDefinitions[P] & Keeping }[K];

export type DeviceDefinition = DeviceOf<DeviceKind>;

/** The devices of one kind, in the definition's order. */
export function devicesOf<K extends DeviceKind>(devices: readonly DeviceDefinition[], kind: K): readonly DeviceOf<K>[] {
  return devices.filter((device) => device.kind === kind) as unknown as readonly DeviceOf<K>[];
}

/**
 * Finds the devices of one kind by something that they say, in the definition's order. The index is made once a list of
 * devices, so that comparing each device with all others stays linear; a list must not change once it was asked for.
 */
export function devicesBy<K extends DeviceKind, V>(kind: K, keyOf: (device: DeviceOf<K>) => V): (devices: readonly DeviceDefinition[], key: V) => readonly DeviceOf<K>[] {
  const indexes = new WeakMap<readonly DeviceDefinition[], ReadonlyMap<V, readonly DeviceOf<K>[]>>();
  return (devices, key) => {
    let index = indexes.get(devices);
    if (!index) {
      index = groupBy(devicesOf(devices, kind), keyOf);
      indexes.set(devices, index);
    }
    return index.get(key) ?? [];
  };
}

/** Map.groupBy, which Node 20 lacks. */
function groupBy<T, V>(items: readonly T[], keyOf: (item: T) => V): ReadonlyMap<V, readonly T[]> {
  const groups = new Map<V, T[]>();
  for (const item of items) {
    const key = keyOf(item);
    const group = groups.get(key);
    if (group) group.push(item);
    else groups.set(key, [item]);
  }
  return groups;
}
