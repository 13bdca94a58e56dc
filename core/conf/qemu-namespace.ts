/** Elements of QEMU's own namespace: what somebody hands to QEMU past everything that is checked here. */
import { attribute, child, children, type Infer, object, optional } from './codec/codec.ts';
import { anyText, oneOf, pattern, someText } from './codec/scalar.ts';
import { attributeChild, listWithin, section } from './codec/shorthands.ts';

const capability = object({ capability: attribute('capability', someText) });

const propertyCodec = object({
  name: attribute('name', someText),
  type: attribute('type', oneOf(['string', 'signed', 'unsigned', 'bool', 'remove'])),
  value: optional(attribute('value', anyText)),
});

export const qemuNamespaceFields = {
  commandline: section('qemu:commandline', {
    arguments: children('qemu:arg', object({ value: attribute('value', anyText) })),
    environment: children('qemu:env', object({
      name: attribute('name', pattern(/^[A-Za-z_][A-Za-z0-9_]*$/, 'letters, digits and "_"')),
      value: optional(attribute('value', anyText)),
    })),
  }),
  /** Capabilities of QEMU, by libvirt's names, that are to be believed in or not. */
  qemuCapabilities: section('qemu:capabilities', { add: children('qemu:add', capability), del: children('qemu:del', capability) }),
  /** Properties of devices, by alias, that replace what the driver would say. */
  override: listWithin('qemu:override', 'qemu:device', object({
    alias: attribute('alias', someText),
    frontend: optional(child('qemu:frontend', object({ properties: children('qemu:property', propertyCodec) }))),
  })),
  /** What QEMU does when it is given something deprecated. */
  deprecation: attributeChild('qemu:deprecation', 'behavior', oneOf(['none', 'omit', 'reject', 'crash'])),
};

export type OverrideProperty = Infer<typeof propertyCodec>;

type QemuFields = { readonly [F in keyof typeof qemuNamespaceFields]: Infer<(typeof qemuNamespaceFields)[F]> };

/** Whether the document needs the namespace's declaration. */
export function usesQemuNamespace({ commandline, qemuCapabilities, override, deprecation }: QemuFields): boolean {
  return commandline !== null || qemuCapabilities !== null || override.length > 0 || deprecation !== null;
}
