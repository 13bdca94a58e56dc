/** What elements of QEMU's own namespace change in a finished command line. */
import { VireoError } from '../base/errors.ts';
import type { DomainDefinition } from '../conf/domain-definition.ts';
import type { OverrideProperty } from '../conf/qemu-namespace.ts';
import type { CommandFragment, JsonObject, JsonValue } from '../devices/command-fragment.ts';

/** Properties of devices, found by their alias, are replaced or taken away. */
export function overrideDevices(fragments: readonly CommandFragment[], { override }: DomainDefinition): readonly CommandFragment[] {
  if (override.length === 0) return fragments;
  return fragments.map((fragment) => {
    if (fragment.form !== 'json' || fragment.option !== 'device') return fragment;
    const properties = override.filter(({ alias }) => alias === fragment.value['id']).flatMap(({ frontend }) => frontend?.properties ?? []);
    return properties.length === 0 ? fragment : { ...fragment, value: properties.reduce(applyProperty, fragment.value) };
  });
}

function applyProperty(device: JsonObject, property: OverrideProperty): JsonObject {
  const { [property.name]: _, ...rest } = device;
  return property.type === 'remove' ? rest : { ...rest, [property.name]: propertyValue(property) };
}

function propertyValue({ name, type, value }: OverrideProperty): JsonValue {
  const text = value ?? '';
  const isNumber = type === 'signed' ? /^-?\d{1,15}$/ : /^\d{1,15}$/;
  if (type === 'string') return text;
  if (type === 'bool' && /^(true|false|yes|no|on|off)$/.test(text)) return text === 'true' || text === 'yes' || text === 'on';
  if (type !== 'bool' && isNumber.test(text)) return Number(text);
  throw new VireoError('XML_ERROR', `qemu:property '${name}' has the value '${text}', which is not of type ${type}`);
}

/** libvirt's words for what QEMU does with deprecated input and output. */
export function deprecationKeys({ deprecation }: DomainDefinition): Readonly<Record<string, string | null>> | null {
  if (deprecation === null || deprecation === 'none') return null;
  return { 'deprecated-output': 'hide', 'deprecated-input': deprecation === 'omit' ? null : deprecation };
}
