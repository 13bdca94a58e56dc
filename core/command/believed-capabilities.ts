/**
 * `<qemu:capabilities>`: what somebody wants to be believed or not of a QEMU. The names are libvirt's switches; those
 * that name a device or an object mean the same here, the others switch code that this driver does not have.
 */
import type { QemuCapabilities } from '../capabilities/qemu-capabilities.ts';
import type { DomainDefinition } from '../conf/domain-definition.ts';

export function believedCapabilities(capabilities: QemuCapabilities, { qemuCapabilities }: Pick<DomainDefinition, 'qemuCapabilities'>): QemuCapabilities {
  if (!qemuCapabilities) return capabilities;
  const add = qemuCapabilities.add.map(({ capability }) => capability);
  const del = qemuCapabilities.del.map(({ capability }) => capability);
  const deviceTypes = new Set(capabilities.deviceTypes);
  const objectTypes = new Set(capabilities.objectTypes);
  for (const name of add) (name.startsWith('memory-backend-') || name.endsWith('-guest') ? objectTypes : deviceTypes).add(name);
  for (const name of del) {
    deviceTypes.delete(name);
    objectTypes.delete(name);
  }
  return { ...capabilities, deviceTypes, objectTypes };
}
