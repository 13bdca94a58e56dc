/** The order in which devices get their places: libvirt's, so that the same definition means the same guest here. */
import { type DeviceDefinition, type DeviceKind, type DeviceOf, devicesOf } from '../conf/device-definition.ts';

/** Kinds in the order in which libvirt walks over devices (11.3); kinds that it does not name come last. */
const kinds: readonly DeviceKind[] = [
  'disk', 'interface', 'sound', 'hostdev', 'video', 'controller', 'smartcard', 'serial', 'parallel', 'channel', 'console', 'input', 'filesystem', 'watchdog',
  'memballoon', 'rng', 'nvram', 'hub', 'shmem', 'tpm', 'panic', 'memory', 'redirdev', 'iommu', 'vsock', 'crypto', 'pstore',
];
const rankOf = new Map(kinds.map((kind, rank) => [kind, rank]));

/** Within a kind the given order stays. */
export function inAssignmentOrder<T extends { readonly device: DeviceDefinition }>(devices: readonly T[]): readonly T[] {
  const rank = ({ device }: T): number => rankOf.get(device.kind) ?? kinds.length;
  return devices.toSorted((a, b) => rank(a) - rank(b));
}

/** Controllers of one type stand together, by index, and an EHCI before its companions: QEMU has to know it first. */
export function sortControllers(devices: readonly DeviceDefinition[]): readonly DeviceDefinition[] {
  const controllers = devicesOf(devices, 'controller');
  const types = [...new Set(controllers.map(({ type }) => type))];
  const sorted: readonly DeviceOf<'controller'>[] = types.flatMap((type) =>
    controllers.filter((controller) => controller.type === type).toSorted((a, b) => (a.index ?? 0) - (b.index ?? 0) || (a.masterStartPort ?? -1) - (b.masterStartPort ?? -1)),
  );
  return [...devices.filter((device) => device.kind !== 'controller'), ...sorted];
}
