/** `<seclabel>` and `<keywrap>`: labels that the host's security puts on QEMU, and keys that s390x keeps for a guest. */
import { attribute, children, childText, type Infer, mapped, object, optional } from './codec/codec.ts';
import { oneOf, onOff, someText, yesNo } from './codec/scalar.ts';
import { listWithin } from './codec/shorthands.ts';

const seclabelCodec = object({
  type: optional(attribute('type', oneOf(['none', 'dynamic', 'static']))),
  model: optional(attribute('model', someText)),
  relabel: optional(attribute('relabel', yesNo)),
  label: optional(childText('label', someText)),
  imagelabel: optional(childText('imagelabel', someText)),
  baselabel: optional(childText('baselabel', someText)),
});
type Seclabel = Infer<typeof seclabelCodec>;

/** A label is dynamic unless said otherwise, and a dynamic one is given to the images too. */
function complete<T extends Seclabel>(label: T): T {
  const type = label.type ?? 'dynamic';
  return { ...label, type, relabel: type === 'none' ? label.relabel : (label.relabel ?? type === 'dynamic') };
}

export const seclabelElements = mapped(children('seclabel', seclabelCodec), (labels) => labels.map(complete), (labels) => labels);
export const keywrapElement = listWithin('keywrap', 'cipher', object({ name: attribute('name', oneOf(['aes', 'dea'])), state: attribute('state', onOff) }));

export type SeclabelDefinition = Infer<typeof seclabelElements>[number];
