/**
 * `<lease>`: a lock in a lock space that several hosts share (sanlock), held while the domain runs. It is no device of
 * the guest, has no address and no alias, and this driver has no lock manager: a domain with one is not started, since
 * starting it unlocked is what the lease is there to prevent.
 */
import { attribute, child, childText, type Codec, type Infer, object, optional } from '../../conf/codec/codec.ts';
import { type Scalar, someText } from '../../conf/codec/scalar.ts';
import type { Address } from '../../conf/device-address.ts';
import type { DeviceModule } from '../device-module.ts';

/** What every device has as a value and a lease never has in XML. */
function absent<T>(): Codec<T | null> {
  return { read: () => null, write: () => undefined, present: () => false, shape: { type: 'constant', value: null } };
}

const offset: Scalar<number> = {
  parse: (text) => (/^\d{1,15}$/.test(text) ? Number(text) : undefined),
  format: String,
  allowed: 'a whole number of at most 15 digits',
  shape: { type: 'integer', minimum: 1, maximum: Number.MAX_SAFE_INTEGER },
};

const leaseCodec = object({
  lockspace: optional(childText('lockspace', someText)),
  key: childText('key', someText),
  target: child('target', object({ path: attribute('path', someText), offsetBytes: optional(attribute('offset', offset)) })),
  alias: absent<string>(),
  address: absent<Address>(),
});

declare module '../../conf/device-definition.ts' {
  interface DeviceDefinitions {
    lease: Infer<typeof leaseCodec>;
  }
}

export const leaseModule: DeviceModule<'lease'> = {
  kind: 'lease',
  codec: leaseCodec,
  defaults: (lease) => lease,
  domainDefaults: 'none',
  validate: () => undefined,
  address: () => ({ type: 'none' }),
  alias: (_, number) => number('lease'),
  abi: { lockspace: 'may-change', key: 'may-change', target: 'may-change', alias: 'may-change', address: 'may-change' },
  prepare: 'nothing',
  commandLine: () => [],
  boots: () => 'none',
  hostNeeds: ({ key }) => [{ type: 'unsupported', reason: `lease '${key}' needs the lock manager sanlock, which this driver does not use` }],
  sideProcesses: 'none',
  hotplug: 'unsupported',
  live: 'none',
  label: ({ key, lockspace }) => `lease ${key}${lockspace === null ? '' : ` in ${lockspace}`}`,
};
