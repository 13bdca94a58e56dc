/** `<video>`: the guest's graphics card. */
import { VireoError } from '../../base/errors.ts';
import { attribute, child, type Infer, object, optional } from '../../conf/codec/codec.ts';
import { integer, oneOf, positive, yesNo } from '../../conf/codec/scalar.ts';
import { deviceFields, pciAddress } from '../../conf/device-address.ts';
import { type DeviceOf, devicesOf } from '../../conf/device-definition.ts';
import { addressProperties, aliasOf } from '../address-properties.ts';
import { type CommandFragment, json, withoutNulls } from '../command-fragment.ts';
import { type AddressNeed, type DeviceModule, type DomainSurroundings, pciNeed, pciRank } from '../device-module.ts';
import type { DeviceLaunch } from '../launch-context.ts';

const models = ['vga', 'cirrus', 'qxl', 'virtio', 'bochs', 'ramfb', 'none'] as const;

const videoCodec = object({
  model: child('model', object({
    type: attribute('type', oneOf(models)),
    vramKiB: optional(attribute('vram', positive)),
    ramKiB: optional(attribute('ram', positive)),
    vgamemKiB: optional(attribute('vgamem', positive)),
    heads: optional(attribute('heads', integer(1, 16))),
    primary: optional(attribute('primary', yesNo)),
  })),
  ...deviceFields,
});

declare module '../../conf/device-definition.ts' {
  interface DeviceDefinitions {
    video: Infer<typeof videoCodec>;
  }
}

type Video = DeviceOf<'video'>;
type Model = (typeof models)[number];

/** -device types: [primary, secondary]; null where the model cannot be one. */
const drivers: Readonly<Record<Exclude<Model, 'none'>, readonly [string, string | null]>> = {
  vga: ['VGA', 'secondary-vga'],
  cirrus: ['cirrus-vga', null],
  qxl: ['qxl-vga', 'qxl'],
  virtio: ['virtio-vga', 'virtio-gpu-pci'],
  bochs: ['bochs-display', 'bochs-display'],
  ramfb: ['ramfb', null],
};

/** libvirt's video memory where none is given. */
const defaultVramKiB: Readonly<Partial<Record<Model, number>>> = { vga: 16_384, cirrus: 16_384, qxl: 65_536, bochs: 16_384 };

export const videoModule: DeviceModule<'video'> = {
  kind: 'video',
  codec: videoCodec,
  defaults: completeVideo,
  domainDefaults: impliedVideo,
  validate: validateVideo,
  address: videoNeed,
  alias: (_, number) => number('video'),
  abi: { model: 'same', alias: 'may-change', address: 'same' },
  prepare: 'nothing',
  commandLine,
  boots: () => 'none',
  hostNeeds: 'none',
  sideProcesses: 'none',
  hotplug: 'unsupported',
  live: 'none',
  label: (video) => (video.model.type === 'none' ? 'no graphics card' : `${video.model.type} graphics card`),
};

function isPrimary(video: Video, { definition }: Pick<DomainSurroundings, 'definition'>): boolean {
  const cards = devicesOf(definition.devices, 'video');
  const chosen = cards.find((card) => card.model.primary) ?? cards[0];
  return chosen === video;
}

function completeVideo(video: Video, domain: DomainSurroundings): Video {
  const { model } = video;
  if (model.type === 'none') return video;
  const primary = isPrimary(video, domain) ? true : null;
  const isQxl = model.type === 'qxl';
  return {
    ...video,
    model: {
      ...model,
      vramKiB: model.vramKiB ?? defaultVramKiB[model.type] ?? null,
      ramKiB: model.ramKiB ?? (isQxl ? 65_536 : null),
      vgamemKiB: model.vgamemKiB ?? (isQxl ? 16_384 : null),
      heads: model.heads ?? 1,
      primary,
    },
  };
}

/** Whoever asks for a display means a card too. */
function impliedVideo({ definition, machine }: DomainSurroundings): readonly Video[] {
  if (devicesOf(definition.devices, 'graphics').length === 0 || devicesOf(definition.devices, 'video').length > 0) return [];
  const type: Model = machine === 'other' ? 'virtio' : 'vga';
  return [{ kind: 'video', model: { type, vramKiB: null, ramKiB: null, vgamemKiB: null, heads: null, primary: null }, alias: null, address: null }];
}

function driverOf(video: Video, domain: Pick<DomainSurroundings, 'definition'>, needsVga: boolean): string | null {
  const { type } = video.model;
  if (type === 'none') return null;
  const [primary, secondary] = drivers[type];
  if (!isPrimary(video, domain)) return secondary;
  return type === 'virtio' && !needsVga ? 'virtio-gpu-pci' : primary;
}

function validateVideo(video: Video, domain: DomainSurroundings): void {
  const { type } = video.model;
  const cards = devicesOf(domain.definition.devices, 'video');
  if (type === 'none') {
    if (cards.length > 1) throw new VireoError('CONFIG_UNSUPPORTED', "a video model 'none' must be the only video device of a domain");
    return;
  }
  // ramfb is a device of QEMU's dynamic system bus; the PC of 1984 has none (QEMU 7.2).
  if (type === 'ramfb' && domain.definition.os.type.machine === 'isapc') throw new VireoError('CONFIG_UNSUPPORTED', "video model 'ramfb' does not work with machine 'isapc'");
  const driver = driverOf(video, domain, domain.machine !== 'other');
  if (driver === null) throw new VireoError('CONFIG_UNSUPPORTED', `video model '${type}' is only for the primary card`);
  if (!domain.capabilities.deviceTypes.has(driver)) throw new VireoError('CONFIG_UNSUPPORTED', `this QEMU has no ${driver} for video model '${type}'`);
}

/** Firmware of a PC looks for the card at a fixed slot: 1 on q35, 2 on i440fx. */
function videoNeed(video: Video, domain: DomainSurroundings): AddressNeed {
  if (video.model.type === 'none' || video.model.type === 'ramfb') return { type: 'none' };
  const primary = domain.machine !== 'other' && isPrimary(video, domain);
  const preferred = primary ? pciAddress(0, domain.machine === 'q35' ? 1 : 2) : null;
  return pciNeed(pciRank.video, video.model.type === 'virtio' && !primary ? 'either' : 'conventional', { preferred });
}

function commandLine(video: Video, launch: DeviceLaunch): readonly CommandFragment[] {
  const needsVga = launch.capabilities.arch === 'x86_64' || launch.capabilities.arch === 'i686';
  const driver = driverOf(video, launch, needsVga);
  if (driver === null) return [];
  const { type, vramKiB, ramKiB, vgamemKiB, heads } = video.model;
  const isQxl = type === 'qxl';
  const properties = withoutNulls({
    driver,
    id: aliasOf(video),
    max_outputs: type === 'virtio' || isQxl ? heads : null,
    ram_size: isQxl && ramKiB !== null ? ramKiB * 1024 : null,
    vram_size: isQxl && vramKiB !== null ? vramKiB * 1024 : null,
    vgamem_mb: vgaMemoryMiB(type, vramKiB, vgamemKiB),
    vgamem: type === 'bochs' && vramKiB !== null ? vramKiB * 1024 : null,
    ...addressProperties(video.address, launch),
  });
  return [json('device', properties)];
}

function vgaMemoryMiB(type: Model, vramKiB: number | null, vgamemKiB: number | null): number | null {
  const sizeKiB = type === 'qxl' ? vgamemKiB : type === 'vga' ? vramKiB : null;
  return sizeKiB === null ? null : Math.max(1, Math.ceil(sizeKiB / 1024));
}
