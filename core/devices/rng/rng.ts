/** `<rng>`: a source of entropy for the guest: a device of the host, a daemon that speaks the EGD protocol, or QEMU. */
import { attribute, child, type Infer, object, optional, text, union, withDefault } from '../../conf/codec/codec.ts';
import { oneOf, positive, someText } from '../../conf/codec/scalar.ts';
import type { DeviceOf } from '../../conf/device-definition.ts';
import { addressProperties, aliasOf } from '../address-properties.ts';
import { type CharacterDevice, characterFields, chardevId } from '../character/character.ts';
import { chardevFragments, characterNeeds } from '../character/chardev.ts';
import { prepareCharacter } from '../character/live-character.ts';
import { validateCharacter } from '../character/validate-character.ts';
import { type CommandFragment, json, type JsonObject, withoutNulls } from '../command-fragment.ts';
import { type DeviceModule, type HostNeed, pciNeed, pciRank, virtioNeed } from '../device-module.ts';
import type { DeviceLaunch } from '../launch-context.ts';
import { acpiProperties, pciFields } from '../pci-fields.ts';
import { requireObjectType, requireVirtioDevice } from '../require-device-type.ts';
import { virtioDriver, virtioFields, virtioProperties } from '../virtio/virtio-device.ts';

const rngCodec = object({
  model: withDefault(attribute('model', oneOf(['virtio', 'virtio-transitional', 'virtio-non-transitional'])), 'virtio'),
  /** `periodMs` is a second where it is null. */
  rate: optional(child('rate', object({ bytes: attribute('bytes', positive), periodMs: optional(attribute('period', positive)) }))),
  backend: child('backend', union('model', { random: object({ path: optional(text(someText)) }), egd: object(characterFields), builtin: object({}) })),
  driver: optional(child('driver', object(virtioFields))),
  ...pciFields,
});

declare module '../../conf/device-definition.ts' {
  interface DeviceDefinitions {
    rng: Infer<typeof rngCodec>;
  }
}

type Rng = DeviceOf<'rng'>;

/** libvirt's default; on Linux 5.6 and later it blocks no more than urandom. */
const defaultPath = '/dev/random';

const objectTypes = { random: 'rng-random', egd: 'rng-egd', builtin: 'rng-builtin' } as const;

export const rngModule: DeviceModule<'rng'> = {
  kind: 'rng',
  codec: rngCodec,
  defaults: (rng) => (rng.backend.model === 'random' && rng.backend.path === null ? { ...rng, backend: { model: 'random', path: defaultPath } } : rng),
  domainDefaults: 'none',
  validate(rng, domain) {
    const { capabilities } = domain;
    requireVirtioDevice(capabilities, 'virtio-rng', rng.address, rng.model, `rng model '${rng.model}'`);
    requireObjectType(capabilities, objectTypes[rng.backend.model], `rng backend '${rng.backend.model}'`);
    if (rng.backend.model === 'egd') validateCharacter(rng.backend, "rng backend 'egd'", domain);
  },
  address: (rng) => (rng.model === 'virtio-transitional' ? pciNeed(pciRank.rng, 'conventional') : virtioNeed(pciRank.rng)),
  alias: (_, number) => number('rng'),
  abi: { model: 'same', rate: 'may-change', backend: 'may-change', driver: 'same', alias: 'may-change', acpi: 'same', address: 'same' },
  prepare(rng, launch) {
    if (rng.backend.model !== 'egd') return rng;
    const { alias: _, ...character } = prepareCharacter<CharacterDevice>({ ...rng.backend, alias: rng.alias }, launch, false);
    return { ...rng, backend: { ...rng.backend, ...character } };
  },
  commandLine,
  boots: () => 'none',
  hostNeeds({ backend }): readonly HostNeed[] {
    if (backend.model === 'random') return [{ type: 'path', path: backend.path ?? defaultPath, access: 'read', why: 'the random numbers of <rng>' }];
    return backend.model === 'egd' ? characterNeeds(backend) : [];
  },
  sideProcesses: 'none',
  hotplug: 'unsupported',
  live: 'none',
  label: ({ backend }) => `random numbers from ${backend.model === 'builtin' ? 'QEMU' : backend.model === 'egd' ? 'an EGD daemon' : (backend.path ?? 'the host')}`,
};

function commandLine(rng: Rng, launch: DeviceLaunch): readonly CommandFragment[] {
  const id = aliasOf(rng);
  const device = withoutNulls({
    driver: virtioDriver('virtio-rng', rng.address, rng.model),
    ...virtioProperties(rng.driver),
    rng: `obj${id}`,
    id,
    'max-bytes': rng.rate?.bytes ?? null,
    period: rng.rate ? (rng.rate.periodMs ?? 1000) : null,
    ...addressProperties(rng.address, launch),
    ...acpiProperties(rng.acpi),
  });
  const chardev = rng.backend.model === 'egd' ? chardevFragments(rng.backend, id, launch) : [];
  return [...chardev, json('object', backendObject(rng, id)), json('device', device)];
}

function backendObject({ backend }: Rng, id: string): JsonObject {
  const common = { 'qom-type': objectTypes[backend.model], id: `obj${id}` };
  switch (backend.model) {
    case 'random':
      return { ...common, filename: backend.path ?? defaultPath };
    case 'egd':
      return { ...common, chardev: chardevId(id) };
    case 'builtin':
      return common;
  }
}
