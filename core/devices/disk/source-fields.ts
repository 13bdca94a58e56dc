/** What every `<source>` of a disk may hold, whatever its type. */
import { type AnyCodec, attribute, child, children, childText, type Codec, type Infer, liveOnly, mapped, object, optional } from '../../conf/codec/codec.ts';
import { anyText, integer, oneOf, positive, someText, yesNo } from '../../conf/codec/scalar.ts';
import { encryptionCodec, reservationsCodec } from './storage-encryption.ts';
import { maybePath, objectName } from './storage-words.ts';

export type ExtraFields = Readonly<Record<string, AnyCodec>>;

/** Some give an empty path where they mean no medium. */
export function pathAttribute(name: string): Codec<string | null> {
  return mapped(optional(attribute(name, maybePath)), (path) => (path === '' ? null : path), (path) => path);
}

/** The number of the node in the block graph of a run: `libvirt-<index>-format`. */
export const indexField = { index: liveOnly(optional(attribute('index', positive))) } as const;

export const startupPolicyField = { startupPolicy: optional(attribute('startupPolicy', oneOf(['mandatory', 'requisite', 'optional']))) } as const;

const bytes = integer(0, Number.MAX_SAFE_INTEGER);
const sliceCodec = object({ type: attribute('type', oneOf(['storage'])), offsetBytes: attribute('offset', bytes), sizeBytes: attribute('size', bytes) });

/** A part of the source is used as if it were the whole. */
export const sliceField = { slice: optional(child('slices', optional(child('slice', sliceCodec)))) } as const;

const seclabelCodec = object({
  model: optional(attribute('model', objectName)),
  labelskip: optional(attribute('labelskip', yesNo)),
  relabel: optional(attribute('relabel', yesNo)),
  label: optional(childText('label', anyText)),
});

/** For generators: a label is what is relabelled with. */
const consistentLabel = mapped(
  object({ model: attribute('model', objectName), label: optional(childText('label', someText)) }),
  ({ model, label }): Infer<typeof seclabelCodec> => ({ model, labelskip: null, relabel: label !== null, label }),
  ({ model }) => ({ model: model ?? '', label: null }),
);

export const seclabelsField = { seclabels: children('seclabel', { ...seclabelCodec, shape: consistentLabel.shape }) } as const;

/** Children after those of the type, with what the caller adds behind them. */
export const encryptionField = { encryption: optional(child('encryption', encryptionCodec)) } as const;
export const reservationsField = { reservations: optional(child('reservations', reservationsCodec)) } as const;
