/**
 * Whether a guest would notice if one definition took the other's place (D5): before a migration, a restore from a file,
 * a change of a definition under a running guest. Every module and the domain's own fields say themselves what a guest
 * can see; devices are matched by their place among those of their kind, as libvirt does.
 */
import { VireoError } from '../base/errors.ts';
import { type DeviceDefinition, devicesOf } from '../conf/device-definition.ts';
import type { AbiVerdict } from '../conf/abi-verdict.ts';
import { domainAbi } from '../conf/domain-abi.ts';
import type { DomainDefinition } from '../conf/domain-definition.ts';
import { deviceKinds, moduleOf } from '../devices/registry.ts';
import { type FieldDifference, firstAbiDifference, withPartAt } from './abi-difference.ts';
import { firstXmlDifference } from './xml-difference.ts';

/** Throws CONFIG_UNSUPPORTED naming the first element that differs and both its values; both are completed. */
export function checkAbiStability(source: DomainDefinition, target: DomainDefinition): void {
  for (const [field, verdict] of Object.entries(domainAbi) as [keyof typeof domainAbi, AbiVerdict][]) {
    const found = firstAbiDifference(source[field], target[field], verdict, [field]);
    if (found) refuse('domain', found, source, withPartAt(source, found.path, found.target) as DomainDefinition);
  }
  for (const kind of deviceKinds) checkDevices(kind, source, target);
}

function checkDevices(kind: DeviceDefinition['kind'], source: DomainDefinition, target: DomainDefinition): void {
  const [sources, targets] = [devicesOf(source.devices, kind), devicesOf(target.devices, kind)];
  if (sources.length !== targets.length) {
    throw new VireoError('CONFIG_UNSUPPORTED', `Target domain has ${targets.length} ${kind} devices, which does not match source with ${sources.length}`, {
      details: { element: kind, source: sources.length, target: targets.length },
    });
  }
  for (const [at, device] of sources.entries()) {
    const found = firstAbiDifference(device, targets[at], moduleOf(device).abi);
    if (!found) continue;
    const changed = withPartAt(device, found.path, found.target) as DeviceDefinition;
    const only = (one: DeviceDefinition): DomainDefinition => ({ ...source, devices: [one] });
    refuse(`${kind} ${at + 1}`, found, only(device), only(changed));
  }
}

/** The words come from the XML that people write: `changed` differs from `source` in nothing but what was found. */
function refuse(what: string, found: FieldDifference, source: DomainDefinition, changed: DomainDefinition): never {
  const seen = firstXmlDifference(source, changed) ?? { element: found.path.join('/'), attribute: null, source: wordsOf(found.source), target: wordsOf(found.target) };
  const where = seen.attribute === null ? `element '${seen.element}'` : `attribute '${seen.attribute}' of element '${seen.element}'`;
  throw new VireoError('CONFIG_UNSUPPORTED', `Target ${what}: ${where} ${seen.target} does not match source ${seen.source}`, {
    details: { element: seen.element, attribute: seen.attribute, source: seen.source, target: seen.target },
  });
}

function wordsOf(value: unknown): string {
  if ((value ?? null) === null) return '(none)';
  const text = JSON.stringify(value, (_, part: unknown) => (typeof part === 'bigint' ? String(part) : part));
  return `'${text.replaceAll('"', '')}'`;
}
