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
