/** libvirt's `<secret>`: what a secret is for, without its value. */
import { VireoError } from '../base/errors.ts';
import { attribute, child, childText, formatElement, type Infer, object, optional, parseElement, union, withDefault } from '../conf/codec/codec.ts';
import type { Keeping } from '../conf/codec/kept-nodes.ts';
import { anyText, someText, uuid, yesNo } from '../conf/codec/scalar.ts';
import { formatXml } from '../xml/format-xml.ts';
import { parseXml } from '../xml/parse-xml.ts';

export const secretCodec = object({
  /** Forgotten when the driver ends: neither definition nor value is ever written to a file. */
  ephemeral: withDefault(attribute('ephemeral', yesNo), false),
  /** The value is for guests only; nobody can read it back. */
  private: withDefault(attribute('private', yesNo), false),
  /** Null until it is defined. */
  uuid: optional(childText('uuid', uuid)),
  description: optional(childText('description', anyText)),
  usage: optional(child('usage', union('type', {
    volume: object({ name: childText('volume', someText) }),
    ceph: object({ name: childText('name', someText) }),
    iscsi: object({ name: childText('target', someText) }),
    tls: object({ name: childText('name', someText) }),
    vtpm: object({ name: childText('name', someText) }),
  }))),
});

export type SecretDefinition = Infer<typeof secretCodec> & Keeping;

const source = '(secret_definition)';

/** Throws XML_ERROR. */
export function parseSecret(text: string): SecretDefinition {
  const root = parseXml(text, { source });
  if (root.name !== 'secret') throw new VireoError('XML_ERROR', `unexpected root element <${root.name}>, expecting <secret>`);
  return parseElement(secretCodec, root, { source, form: 'inactive' });
}

export function formatSecret(secret: SecretDefinition): string {
  return formatXml(formatElement(secretCodec, 'secret', secret, { form: 'inactive', secure: false }));
}
