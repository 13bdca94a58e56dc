/** How an element names a secret that is kept elsewhere: by UUID, or by what it is used for. Never the value itself. */
import { attribute, type Codec } from '../conf/codec/codec.ts';
import { someText, uuid } from '../conf/codec/scalar.ts';

/** What a secret is for; a usage text is looked up among the secrets of one use only. */
export const secretUses = ['volume', 'ceph', 'iscsi', 'tls', 'vtpm'] as const;
export type SecretUse = (typeof secretUses)[number];

export interface SecretReference {
  readonly by: 'uuid' | 'usage';
  readonly value: string;
}

/** A reference together with the use that a usage text is looked up for. */
export interface SecretNeed {
  readonly use: SecretUse;
  readonly reference: SecretReference;
}

const byUuid = attribute('uuid', uuid);
const byUsage = attribute('usage', someText);

/** The attributes `uuid` and `usage`, of which there is exactly one. */
export const secretReference: Codec<SecretReference> = {
  read(cursor) {
    const named = [byUuid, byUsage].filter((codec) => codec.present(cursor));
    if (named.length !== 1) cursor.fail(`Element '${cursor.element.name}' names its secret by either 'uuid' or 'usage'`, { attribute: 'uuid' });
    return byUuid.present(cursor) ? { by: 'uuid', value: byUuid.read(cursor) } : { by: 'usage', value: byUsage.read(cursor) };
  },
  write({ by, value }, builder) {
    (by === 'uuid' ? byUuid : byUsage).write(value, builder);
  },
  present: (cursor) => byUuid.present(cursor) || byUsage.present(cursor),
  shape: {
    type: 'union',
    tag: 'by',
    variants: { uuid: renamed(byUuid), usage: renamed(byUsage) },
  },
};

/** For the generators only: a codec as the property `value`. */
function renamed(codec: Codec<string>): Codec<{ readonly value: string }> {
  return {
    read: (cursor) => ({ value: codec.read(cursor) }),
    write: ({ value }, builder) => codec.write(value, builder),
    present: (cursor) => codec.present(cursor),
    shape: { type: 'object', fields: { value: codec } },
  };
}

/** `uuid 1f2e...` or `usage '/images/a.img'`, for messages. */
export function describeReference({ by, value }: SecretReference): string {
  return by === 'uuid' ? `uuid ${value}` : `usage '${value}'`;
}

/** One text for each different need, for maps of values. */
export function needKey({ use, reference }: SecretNeed): string {
  return reference.by === 'uuid' ? `uuid ${reference.value}` : `${use} ${reference.value}`;
}
