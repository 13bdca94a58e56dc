/** The definition of one run: every device has its alias, every socket and log its path. */
import { invariant } from '../base/errors.ts';
import type { DeviceDefinition } from '../conf/device-definition.ts';
import type { DomainDefinition } from '../conf/domain-definition.ts';
import { isMirrorConsole, mirrorFirstSerial } from '../devices/console/mirror-console.ts';
import type { LaunchContext } from '../devices/launch-context.ts';
import { moduleOf } from '../devices/registry.ts';

/** From a completed definition; the numeric id is the caller's to add. */
export function liveDefinition(definition: DomainDefinition, launch: LaunchContext): DomainDefinition {
  const aliased = assignAliases(definition);
  const devices = aliased.devices.map((device) => {
    const { prepare } = moduleOf(device);
    return prepare === 'nothing' ? device : prepare(device, launch, aliased);
  });
  return mirrorFirstSerial({ ...aliased, devices });
}

/** Aliases that users chose stay; the others are libvirt's names with the first free number. */
export function assignAliases(definition: DomainDefinition): DomainDefinition {
  const taken = new Set(definition.devices.flatMap(({ alias }) => alias ?? []));
  const firstFree = new Map<string, number>();
  const number = (prefix: string): string => {
    let free = firstFree.get(prefix) ?? 0;
    while (taken.has(`${prefix}${free}`)) free += 1;
    firstFree.set(prefix, free);
    return `${prefix}${free}`;
  };
  const devices = definition.devices.map((device): DeviceDefinition => {
    if (device.alias !== null || isMirrorConsole(device)) return device;
    const alias = moduleOf(device).alias(device, number, definition);
    invariant(!taken.has(alias), `the alias ${alias} belongs to one device`);
    taken.add(alias);
    return { ...device, alias };
  });
  return { ...definition, devices };
}
