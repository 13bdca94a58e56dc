/** `<sysinfo>`: what the guest reads in its SMBIOS tables, and files that its firmware hands to it. */
import { attribute, children, type Codec, type Infer, mapped, object, optional, text, union } from './codec/codec.ts';
import { anyText, someText } from './codec/scalar.ts';
import { listWithin } from './codec/shorthands.ts';
import type { Keeping } from './codec/kept-nodes.ts';

/** The names that an SMBIOS block may have, in the order in which libvirt prints and passes them. */
export const smbiosNames = {
  bios: ['vendor', 'version', 'date', 'release'],
  system: ['manufacturer', 'product', 'version', 'serial', 'uuid', 'sku', 'family'],
  baseBoard: ['manufacturer', 'product', 'version', 'serial', 'asset', 'location'],
  chassis: ['manufacturer', 'version', 'serial', 'asset', 'sku'],
} as const;

const entryCodec = object({ name: attribute('name', someText), value: text(anyText) });
type Entry = Infer<typeof entryCodec> & Keeping;

/** Unknown names come last; what to think of them is a question for the start. */
function inOrder(names: readonly string[]): (codec: Codec<readonly Entry[]>) => Codec<readonly Entry[]> {
  const place = ({ name }: Entry): number => (names.includes(name) ? names.indexOf(name) : names.length);
  const sort = (entries: readonly Entry[]): readonly Entry[] => entries.toSorted((a, b) => place(a) - place(b));
  return (codec) => mapped(codec, sort, sort);
}

const entriesWithin = (block: 'bios' | 'system' | 'chassis'): Codec<readonly Entry[]> => inOrder(smbiosNames[block])(listWithin(block, 'entry', entryCodec));

const smbiosCodec = object({
  bios: entriesWithin('bios'),
  system: entriesWithin('system'),
  baseBoards: children('baseBoard', object({ entries: inOrder(smbiosNames.baseBoard)(children('entry', entryCodec)) })),
  chassis: entriesWithin('chassis'),
  oemStrings: listWithin('oemStrings', 'entry', object({ value: text(anyText) })),
});

/** Either a value or a file of the host. */
const fwcfgCodec = object({
  entries: children('entry', object({ name: attribute('name', someText), file: optional(attribute('file', someText)), value: optional(text(someText)) })),
});

export const sysinfoElements = children('sysinfo', union('type', { smbios: smbiosCodec, fwcfg: fwcfgCodec }));

export type SysinfoDefinition = Infer<typeof sysinfoElements>[number];
export type SmbiosDefinition = Extract<SysinfoDefinition, { readonly type: 'smbios' }>;
export type FwcfgDefinition = Extract<SysinfoDefinition, { readonly type: 'fwcfg' }>;
