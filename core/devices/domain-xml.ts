/** A whole `<domain>` document, read and written: the two halves of core/conf and between them the devices. */
import { VireoError } from '../base/errors.ts';
import { childText, optional } from '../conf/codec/codec.ts';
import { ElementBuilder } from '../conf/codec/element-builder.ts';
import { type DefinitionForm, ElementCursor, namespacePrefixes } from '../conf/codec/element-cursor.ts';
import { listKeptNodes, type UnknownNode } from '../conf/codec/kept-nodes.ts';
import { readKeeping, writeKeeping } from '../conf/codec/codec.ts';
import { someText } from '../conf/codec/scalar.ts';
import type { DeviceDefinition } from '../conf/device-definition.ts';
import { type DomainDefinition, domainHeadCodec, domainTailCodec } from '../conf/domain-definition.ts';
import { usesQemuNamespace } from '../conf/qemu-namespace.ts';
import { formatXml } from '../xml/format-xml.ts';
import { parseXml } from '../xml/parse-xml.ts';
import { inDeviceOrder, isDeviceKind, moduleOf } from './registry.ts';

export interface ParseDomainOptions {
  /** What the text is, for messages; `(domain_definition)` unless given. */
  readonly source?: string;
  /** 'live' for a status file of our own; a definition from outside is 'inactive', whatever it came from. */
  readonly form?: DefinitionForm;
}

const emulatorCodec = optional(childText('emulator', someText));
const [qemuNamespace] = namespacePrefixes.keys();

/**
 * Reads a definition as its author wrote it: nothing is filled in (see completeDefinition). Unknown nodes are kept.
 * Throws XML_ERROR with line, element and attribute, or CONFIG_UNSUPPORTED for a domain of another hypervisor.
 */
export function parseDomain(xml: string, options: ParseDomainOptions = {}): DomainDefinition {
  const source = options.source ?? '(domain_definition)';
  const root = parseXml(xml, { source });
  const cursor = new ElementCursor(root, { source, form: options.form ?? 'inactive' });
  if (root.name !== 'domain') cursor.fail(`unexpected root element <${root.name}>, expecting <domain>`);
  refuseOtherHypervisors(cursor);
  if (root.attributes.get('xmlns:qemu') === qemuNamespace) cursor.attribute('xmlns:qemu');
  const devicesCursor = cursor.child('devices');
  // What was just read is nobody else's yet: it is added to, because a copy of sixty fields costs as much as reading them.
  const definition: DomainDefinition = Object.assign(
    domainHeadCodec.read(cursor),
    { emulator: devicesCursor ? emulatorCodec.read(devicesCursor) : null, devices: devicesCursor ? readDevices(devicesCursor) : [] },
    domainTailCodec.read(cursor),
  );
  const unknown = cursor.leftovers();
  return unknown ? { ...definition, unknown } : definition;
}

export interface FormatDomainOptions {
  /** 'live' adds what only a run knows: id, aliases, chosen paths. */
  readonly form: DefinitionForm;
  /** Writes passwords too; false unless given. */
  readonly secure?: boolean;
}

/** The document as `virsh dumpxml` prints it. */
export function formatDomain(definition: DomainDefinition, options: FormatDomainOptions): string {
  const builder = new ElementBuilder('domain', { form: options.form, secure: options.secure ?? false });
  domainHeadCodec.write(definition, builder);
  const devices = builder.child('devices');
  emulatorCodec.write(definition.emulator, devices);
  for (const device of inDeviceOrder(definition.devices)) writeKeeping(moduleOf(device).codec, device, devices.append(device.kind));
  domainTailCodec.write(definition, builder);
  const keepsQemuElement = definition.unknown?.elements.some(({ name, namespace }) => namespace === qemuNamespace && name.startsWith('qemu:')) ?? false;
  if ((keepsQemuElement || usesQemuNamespace(definition)) && qemuNamespace !== undefined) builder.attribute('xmlns:qemu', qemuNamespace);
  builder.keep(definition.unknown);
  return formatXml(builder.build());
}

/** Everything in the definition that is kept but has no effect, in order of the lines of the document it was read from. */
export function unknownNodes(definition: DomainDefinition): readonly UnknownNode[] {
  return listKeptNodes(definition).toSorted((a, b) => a.line - b.line);
}

function readDevices(cursor: ElementCursor): readonly DeviceDefinition[] {
  const devices = cursor.takeChildren(isDeviceKind).map((item) => {
    const kind = item.element.name;
    const device: object & { kind?: string } = readKeeping(moduleOf({ kind } as DeviceDefinition).codec, item);
    device.kind = kind;
    return device as DeviceDefinition;
  });
  return inDeviceOrder(devices);
}

/** A definition for another driver would fail anyway, but with a reason that leads nobody to the cause. */
function refuseOtherHypervisors(cursor: ElementCursor): void {
  const type = cursor.attribute('type') ?? cursor.failMissing('attribute', 'type');
  const types = ['qemu', 'kvm', 'hvf', 'whpx'];
  if (types.includes(type)) return;
  throw new VireoError('CONFIG_UNSUPPORTED', `domain type '${type}' is not run by the QEMU driver, which runs ${types.join(', ')}`, {
    details: { line: cursor.element.line, element: 'domain', attribute: 'type', value: type },
  });
}
