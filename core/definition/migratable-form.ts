/**
 * The definition that is handed to another host (D6): everything that decides what the guest sees stays, addresses and
 * bases of memory devices first of all. What every libvirt adds by itself is left out, so that an old one, which did not
 * know that controller as something to be written down, takes the definition too.
 */
import { isDeepStrictEqual } from 'node:util';
import type { DeviceDefinition } from '../conf/device-definition.ts';
import type { DomainDefinition } from '../conf/domain-definition.ts';

/**
 * @param definition completed, of the run or of the next boot
 * @param complete completes as the receiver will; what it throws means that something is missed
 */
export function migratableDefinition(definition: DomainDefinition, complete: (definition: DomainDefinition) => DomainDefinition): DomainDefinition {
  const completed = attempt(complete, definition);
  if (!completed) return definition;
  const isSame = (shorter: DomainDefinition): boolean => isDeepStrictEqual(attempt(complete, shorter), completed);
  const implied = definition.devices.filter(isImplied);
  // Together first: they are added in an order of their own, and devices are compared by their order.
  const withoutAll = without(definition, implied);
  if (isSame(withoutAll)) return withoutAll;
  return implied.reduce((shorter, controller) => {
    const candidate = without(shorter, [controller]);
    return isSame(candidate) ? candidate : shorter;
  }, definition);
}

function without(definition: DomainDefinition, left: readonly DeviceDefinition[]): DomainDefinition {
  return { ...definition, devices: definition.devices.filter((device) => !left.includes(device)) };
}

/** What libvirt itself leaves out: the board's PCI root, and the USB controller that every pc has. */
function isImplied(device: DeviceDefinition): boolean {
  if (device.kind !== 'controller') return false;
  if (device.index !== 0 || device.unknown) return false;
  if (device.type === 'pci') return device.model === 'pci-root' || device.model === 'pcie-root';
  return device.type === 'usb' && (device.model === null || device.model === 'piix3-uhci');
}

function attempt(complete: (definition: DomainDefinition) => DomainDefinition, definition: DomainDefinition): DomainDefinition | null {
  try {
    return complete(definition);
  } catch {
    return null;
  }
}
