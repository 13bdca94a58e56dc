/** `<sound>`: the guest's sound card; `<audio>` is where it plays to. */
import { VireoError } from '../../base/errors.ts';
import { attribute, child, children, type Infer, object, optional } from '../../conf/codec/codec.ts';
import { section } from '../../conf/codec/shorthands.ts';
import { integer, oneOf, unsigned, yesNo } from '../../conf/codec/scalar.ts';
import { pciAddress } from '../../conf/device-address.ts';
import { type DeviceOf, devicesOf } from '../../conf/device-definition.ts';
import type { DomainDefinition } from '../../conf/domain-definition.ts';
import { addressProperties, aliasOf } from '../address-properties.ts';
import { audiodevOf, requireAudio } from '../audio/audio.ts';
import { type CommandFragment, json, withoutNulls } from '../command-fragment.ts';
import { type AddressNeed, type DeviceModule, type DomainSurroundings, pciNeed, pciRank, virtioNeed } from '../device-module.ts';
import type { DeviceLaunch } from '../launch-context.ts';
import { acpiProperties, pciFields } from '../pci-fields.ts';
import { requireDeviceType } from '../require-device-type.ts';
import { virtioDriver, virtioFields, virtioProperties } from '../virtio/virtio-device.ts';

const models = ['sb16', 'es1370', 'pcspk', 'ac97', 'ich6', 'ich7', 'ich9', 'usb', 'virtio'] as const;

const soundCodec = object({
  model: attribute('model', oneOf(models)),
  /** More than stereo, for usb. */
  multichannel: optional(attribute('multichannel', yesNo)),
  /** How many sounds are played or recorded at once, for virtio. */
  streams: optional(attribute('streams', unsigned)),
  codecs: children('codec', object({ type: attribute('type', oneOf(['duplex', 'micro', 'output'])) })),
  /** Id of the `<audio>` it plays to; null for the first. */
  audio: optional(child('audio', attribute('id', integer(1, 255)))),
  ...pciFields,
  driver: section('driver', virtioFields),
});

declare module '../../conf/device-definition.ts' {
  interface DeviceDefinitions {
    sound: Infer<typeof soundCodec>;
  }
}

type Sound = DeviceOf<'sound'>;

/** -device types; virtio's follows from its bus, the speaker is on the board, and nobody has an ICH7. */
const drivers: Readonly<Record<Exclude<Sound['model'], 'pcspk' | 'ich7' | 'virtio'>, string>> = {
  sb16: 'sb16', es1370: 'ES1370', ac97: 'AC97', ich6: 'intel-hda', ich9: 'ich9-intel-hda', usb: 'usb-audio',
};

const codecDrivers = { duplex: 'hda-duplex', micro: 'hda-micro', output: 'hda-output' } as const;

const usualStreams = 2;

/** Where Intel's chip set has its sound controller. */
const ich9Address = pciAddress(0, 0x1b);

export const soundModule: DeviceModule<'sound'> = {
  kind: 'sound',
  codec: soundCodec,
  defaults: (sound) => (sound.model === 'virtio' ? { ...sound, streams: sound.streams || usualStreams } : sound),
  domainDefaults: 'none',
  validate: validateSound,
  address: soundNeed,
  alias: (_, number) => number('sound'),
  abi: { model: 'same', multichannel: 'same', streams: 'same', codecs: 'same', audio: 'may-change', driver: 'same', alias: 'may-change', acpi: 'same', address: 'same' },
  prepare: 'nothing',
  commandLine,
  boots: () => 'none',
  hostNeeds: 'none',
  sideProcesses: 'none',
  hotplug: 'unsupported',
  live: 'none',
  label: ({ model }) => `${model} sound card`,
};

function hasCodecs({ model }: Sound): boolean {
  return model === 'ich6' || model === 'ich9';
}

function soundNeed(sound: Sound, { board }: DomainSurroundings): AddressNeed {
  switch (sound.model) {
    case 'usb':
      return { type: 'usb' };
    case 'virtio':
      return virtioNeed(pciRank.sound);
    case 'ich9':
      return pciNeed(pciRank.sound, 'conventional', { preferred: board.name === 'q35' ? ich9Address : null });
    case 'es1370':
    case 'ac97':
    case 'ich6':
      return pciNeed(pciRank.sound, 'conventional');
    case 'sb16':
    case 'pcspk':
    case 'ich7':
      return sound.address ? { type: 'isa' } : { type: 'none' };
  }
}

function driverOf({ model, address }: Sound): string | null {
  if (model === 'virtio') return virtioDriver('virtio-sound', address);
  return model === 'pcspk' || model === 'ich7' ? null : drivers[model];
}

function validateSound(sound: Sound, { definition, capabilities, board }: DomainSurroundings): void {
  const { model } = sound;
  const name = `sound model '${model}'`;
  const refuse = (text: string): never => {
    throw new VireoError('CONFIG_UNSUPPORTED', `${name}: ${text}`);
  };
  requireAudio(sound.audio, definition, name);
  if (model === 'ich7') refuse('QEMU has no such card; ich6 and ich9 are close to it');
  if ((model === 'pcspk' || model === 'sb16') && !board.hasIsa) refuse('this machine has no ISA bus for it');
  if (model === 'pcspk' && devicesOf(definition.devices, 'sound').filter((other) => other.model === 'pcspk').length > 1) refuse('a machine has one speaker');
  if (sound.multichannel !== null && model !== 'usb') refuse("the attribute 'multichannel' is for model 'usb' only");
  if (sound.streams !== null && model !== 'virtio') refuse("the attribute 'streams' is for model 'virtio' only");
  if (sound.driver && model !== 'virtio') refuse("the options of <driver> are for model 'virtio' only");
  if (sound.codecs.length > 0 && !hasCodecs(sound)) refuse("a <codec> is for the models 'ich6' and 'ich9' only");
  const driver = driverOf(sound);
  if (driver !== null) requireDeviceType(capabilities, driver, name);
  for (const { type } of sound.codecs) requireDeviceType(capabilities, codecDrivers[type], `${name}, codec '${type}'`);
}

function commandLine(sound: Sound, launch: DeviceLaunch): readonly CommandFragment[] {
  const audiodev = audiodevOf(sound.audio, launch.definition);
  const driver = driverOf(sound);
  if (driver === null) return [];
  const id = aliasOf(sound);
  const device = {
    driver,
    ...virtioProperties(sound.driver),
    id,
    audiodev: hasCodecs(sound) ? null : audiodev,
    multi: sound.multichannel,
    streams: sound.streams,
    ...addressProperties(sound.address, launch),
    ...acpiProperties(sound.acpi),
  };
  return [json('device', withoutNulls(device)), ...codecFragments(sound, id, audiodev)];
}

/** A controller of Intel's is silent without a codec; one that plays and records is meant where none is named. */
function codecFragments(sound: Sound, id: string, audiodev: string | null): readonly CommandFragment[] {
  if (!hasCodecs(sound)) return [];
  const types = sound.codecs.length === 0 ? (['duplex'] as const) : sound.codecs.map(({ type }) => type);
  return types.map((type, cad) => json('device', withoutNulls({ driver: codecDrivers[type], id: `${id}-codec${cad}`, bus: `${id}.0`, cad, audiodev })));
}

/** The speaker is soldered on: only where it plays to can be said, with -machine; null for a domain without one. */
export function speakerAudiodev(definition: DomainDefinition): string | null {
  const speaker = devicesOf(definition.devices, 'sound').find(({ model }) => model === 'pcspk');
  return speaker ? audiodevOf(speaker.audio, definition) : null;
}
