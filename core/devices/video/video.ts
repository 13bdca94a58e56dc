/** `<video>`: the guest's graphics card. */
import { pciAddress } from '../../conf/device-address.ts';
import { devicesOf } from '../../conf/device-definition.ts';
import { type AddressNeed, type DeviceModule, type DomainSurroundings, type HostNeed, pciNeed, pciRank, virtioNeed } from '../device-module.ts';
import { validateVideo } from './validate-video.ts';
import { gpuProcess, videoCommandLine } from './video-command.ts';
import { isPrimaryVideo, noModel, type Video, videoCodec, type VideoModel, videoModels } from './video-definition.ts';

/** libvirt's video memory where none is given. */
const defaultVramKiB: Readonly<Partial<Record<VideoModel, number>>> = { vga: 16_384, cirrus: 16_384, vmvga: 16_384, qxl: 65_536, bochs: 16_384, xen: 4096 };
const defaultQxlRamKiB = 65_536;
const defaultQxlVgamemKiB = 16_384;

export const videoModule: DeviceModule<'video'> = {
  kind: 'video',
  codec: videoCodec,
  defaults: completeVideo,
  domainDefaults: impliedVideo,
  validate: validateVideo,
  address: videoNeed,
  alias: (_, number) => number('video'),
  abi: {
    driver: { iommu: 'same', ats: 'same', packed: 'same', pagePerVq: 'same', vgaconf: 'same', name: 'may-change' },
    model: { type: 'same', ramKiB: 'same', vramKiB: 'same', vram64KiB: 'same', vgamemKiB: 'same', heads: 'same', primary: 'same', blob: 'same', acceleration: 'same', resolution: 'may-change' },
    alias: 'may-change',
    acpi: 'same',
    address: 'same',
  },
  prepare: 'nothing',
  commandLine: videoCommandLine,
  boots: () => 'none',
  hostNeeds,
  sideProcesses: gpuProcess,
  hotplug: 'unsupported',
  live: 'none',
  label: ({ model }) => (model.type === 'none' ? 'no graphics card' : `${model.type ?? ''} graphics card`.trim()),
};

function completeVideo(video: Video, domain: DomainSurroundings): Video {
  const type = video.model.type ?? usualModel(domain);
  // libvirt clears what a card that is none cannot have.
  if (type === 'none') return { ...video, model: { ...noModel, type } };
  const { model } = video;
  const isQxl = type === 'qxl';
  return {
    ...video,
    model: {
      ...model,
      type,
      ramKiB: powerOfTwo(model.ramKiB || (isQxl ? defaultQxlRamKiB : null)),
      vramKiB: powerOfTwo(model.vramKiB || (defaultVramKiB[type] ?? null)),
      vram64KiB: model.vram64KiB || null,
      vgamemKiB: model.vgamemKiB || (isQxl ? defaultQxlVgamemKiB : null),
      heads: model.heads || 1,
      // A second card that claims to be the first is for the validation to refuse.
      primary: model.primary || isPrimaryVideo(video, domain.definition) ? true : null,
    },
  };
}

/** QEMU's cards have memory in powers of two only; libvirt rounds up. */
function powerOfTwo(sizeKiB: number | null): number | null {
  if (!sizeKiB) return null;
  let rounded = 1;
  while (rounded < sizeKiB) rounded *= 2;
  return Math.min(rounded, 0x8000_0000);
}

/** Whoever asks for a display means a card too. */
function impliedVideo(domain: DomainSurroundings): readonly Video[] {
  const { devices } = domain.definition;
  if (devicesOf(devices, 'graphics').length === 0 || devicesOf(devices, 'video').length > 0) return [];
  return [{ kind: 'video', driver: null, model: { ...noModel, type: usualModel(domain) }, alias: null, acpi: null, address: null }];
}

/** libvirt's choice for the board, as far as this QEMU has it. */
function usualModel({ board, capabilities }: DomainSurroundings): VideoModel {
  const has: Readonly<Record<string, boolean>> = { cirrus: capabilities.deviceTypes.has('cirrus-vga'), vga: capabilities.deviceTypes.has('VGA') };
  const name = board.videoModels.find((model) => has[model] ?? true) ?? board.videoModels[0];
  return videoModels.find((model) => model === name) ?? 'vga';
}

/** Firmware of a PC looks for the card at a fixed slot: 1 on q35, 2 on i440fx. */
function videoNeed(video: Video, { board, definition }: DomainSurroundings): AddressNeed {
  const { type } = video.model;
  if (type === 'none' || type === 'ramfb') return { type: 'none' };
  const slot = isPrimaryVideo(video, definition) ? board.primaryVideoSlot : null;
  const preferred = slot === null ? null : pciAddress(0, slot);
  if (type !== 'virtio') return pciNeed(pciRank.video, 'conventional', { preferred });
  return preferred ? pciNeed(pciRank.video, 'conventional', { preferred }) : virtioNeed(pciRank.video);
}

function hostNeeds({ model }: Video): readonly HostNeed[] {
  const node = model.acceleration?.rendernode ?? null;
  return [
    ...(node === null ? [] : [{ type: 'path', path: node, access: 'read-write', why: 'the 3D acceleration of <video>' } as const]),
    ...(model.blob ? [{ type: 'path', path: '/dev/udmabuf', access: 'read-write', why: "<video> with blob='on'" } as const] : []),
  ];
}
