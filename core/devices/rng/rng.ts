/** `<rng>`: a source of entropy for the guest. */
import { VireoError } from '../../base/errors.ts';
import { attribute, child, type Infer, object, optional, text, union, withDefault } from '../../conf/codec/codec.ts';
import { oneOf, positive, someText } from '../../conf/codec/scalar.ts';
import { deviceFields } from '../../conf/device-address.ts';
import type { DeviceOf } from '../../conf/device-definition.ts';
import { addressProperties, aliasOf } from '../address-properties.ts';
import { type CommandFragment, json, withoutNulls } from '../command-fragment.ts';
import { type DeviceModule, pciNeed, pciRank } from '../device-module.ts';
import type { DeviceLaunch } from '../launch-context.ts';

const rngCodec = object({
  model: withDefault(attribute('model', oneOf(['virtio', 'virtio-transitional', 'virtio-non-transitional'])), 'virtio'),
  rate: optional(child('rate', object({ bytes: attribute('bytes', positive), periodMs: withDefault(attribute('period', positive), 1000) }))),
  backend: child('backend', union('model', { random: object({ path: optional(text(someText)) }), builtin: object({}) })),
  ...deviceFields,
});

declare module '../../conf/device-definition.ts' {
  interface DeviceDefinitions {
    rng: Infer<typeof rngCodec>;
  }
}

const drivers = {
  virtio: 'virtio-rng-pci',
  'virtio-transitional': 'virtio-rng-pci-transitional',
  'virtio-non-transitional': 'virtio-rng-pci-non-transitional',
} as const;

export const rngModule: DeviceModule<'rng'> = {
  kind: 'rng',
  codec: rngCodec,
  defaults: (rng) => (rng.backend.model === 'random' && rng.backend.path === null ? { ...rng, backend: { model: 'random', path: '/dev/urandom' } } : rng),
  domainDefaults: 'none',
  validate(rng, { capabilities }) {
    if (capabilities.deviceTypes.has(drivers[rng.model])) return;
    throw new VireoError('CONFIG_UNSUPPORTED', `this QEMU has no ${drivers[rng.model]} for rng model '${rng.model}'`);
  },
  address: () => pciNeed(pciRank.rng, 'either'),
  alias: (_, number) => number('rng'),
  abi: { model: 'same', rate: 'may-change', backend: 'may-change', alias: 'may-change', address: 'same' },
  prepare: 'nothing',
  commandLine,
  boots: () => 'none',
  hostNeeds: 'none',
  sideProcesses: 'none',
  hotplug: 'unsupported',
  live: 'none',
  label: (rng) => `random numbers from ${rng.backend.model === 'builtin' ? 'QEMU' : (rng.backend.path ?? 'the host')}`,
};

function commandLine(rng: DeviceOf<'rng'>, launch: DeviceLaunch): readonly CommandFragment[] {
  const id = aliasOf(rng);
  const backend =
    rng.backend.model === 'builtin'
      ? { 'qom-type': 'rng-builtin', id: `obj${id}` }
      : { 'qom-type': 'rng-random', id: `obj${id}`, filename: rng.backend.path ?? '/dev/urandom' };
  const device = withoutNulls({
    driver: drivers[rng.model],
    rng: `obj${id}`,
    'max-bytes': rng.rate?.bytes ?? null,
    period: rng.rate?.periodMs ?? null,
    id,
    ...addressProperties(rng.address, launch),
  });
  return [json('object', backend), json('device', device)];
}
