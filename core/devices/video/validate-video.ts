/** What QEMU would refuse or ignore of a graphics card. */
import { VireoError } from '../../base/errors.ts';
import { devicesOf } from '../../conf/device-definition.ts';
import type { DomainSurroundings } from '../device-module.ts';
import { isAtLeast } from '../qemu-at-least.ts';
import { requireDeviceType } from '../require-device-type.ts';
import { isVhostUser, videoDriver } from './video-command.ts';
import { isPrimaryVideo, type Video } from './video-definition.ts';

const maximumHeads = 16;
const maximumSizeKiB = Math.floor(0xffff_ffff / 1024);

/** Models that can show a resolution before the guest's driver asks for one. */
const withResolution = new Set(['vga', 'qxl', 'virtio', 'bochs']);

type Refuse = (text: string) => never;

export function validateVideo(video: Video, domain: DomainSurroundings): void {
  const { type } = video.model;
  const refuse: Refuse = (text) => {
    throw new VireoError('CONFIG_UNSUPPORTED', `video model '${type}': ${text}`);
  };
  const cards = devicesOf(domain.definition.devices, 'video');
  if (cards.some((card) => card.model.type === 'none') && cards.length > 1) refuse("a card of type 'none' must be the only <video> of a domain");
  if (type === 'none') return;
  if (cards.filter((card) => card.model.primary).length > 1) refuse("more than one <video> says primary='yes'");
  validateSizes(video, refuse);
  validateOptions(video, refuse);
  validatePlace(video, domain, refuse);
  if (video.model.blob && domain.definition.memoryBacking?.source !== 'memfd') refuse("blob='on' needs <memoryBacking><source type='memfd'/>");
  const driver = videoDriver(video, domain.definition, domain.capabilities);
  if (driver === null) return isPrimaryVideo(video, domain.definition) ? refuse('it belongs to another hypervisor') : refuse('it is only for the primary card; further ones are qxl or virtio');
  requireDeviceType(domain.capabilities, driver, `video model '${type}'`);
  const needsGl = video.model.acceleration?.accel3d === true && !isVhostUser(video);
  if (needsGl && !driver.includes('-gl') && isAtLeast(domain.capabilities, 6, 1)) refuse(`<acceleration accel3d='yes'>: '${domain.capabilities.binary}' has no virtio-gpu-gl`);
}

function validateSizes({ model }: Video, refuse: Refuse): void {
  const { type, ramKiB, vramKiB, vram64KiB, vgamemKiB, heads } = model;
  if (type !== 'qxl') {
    for (const [name, value] of Object.entries({ ram: ramKiB, vram64: vram64KiB, vgamem: vgamemKiB })) {
      if (value !== null) refuse(`the attribute '${name}' is for model 'qxl' only`);
    }
  }
  for (const [name, value] of Object.entries({ ram: ramKiB, vram: vramKiB })) {
    if (value !== null && value > maximumSizeKiB) refuse(`${name}='${value}' is more than 4 GiB`);
  }
  if (vgamemKiB !== null && (vgamemKiB < 1024 || (vgamemKiB & (vgamemKiB - 1)) !== 0)) refuse(`vgamem='${vgamemKiB}' is not a power of two of at least 1024 KiB`);
  if ((type === 'vga' || type === 'vmvga') && vramKiB !== null && vramKiB < 1024) refuse(`vram='${vramKiB}' is less than 1024 KiB`);
  if (heads !== null && heads > 1 && type !== 'qxl' && type !== 'virtio') refuse(`heads='${heads}': it has one screen; several are for qxl and virtio`);
  if (heads !== null && heads > maximumHeads) refuse(`heads='${heads}' is more than QEMU's ${maximumHeads}`);
}

function validateOptions({ driver, model }: Video, refuse: Refuse): void {
  const { type, blob, acceleration, resolution } = model;
  const isVirtio = type === 'virtio';
  const options = driver && [driver.iommu, driver.ats, driver.packed, driver.pagePerVq].some((option) => option !== null);
  if (!isVirtio && options) refuse("the options iommu, ats, packed and page_per_vq of <driver> are for model 'virtio' only");
  if (!isVirtio && driver?.name === 'vhostuser') refuse("<driver name='vhostuser'> is for model 'virtio' only");
  if (!isVirtio && blob !== null) refuse("the attribute 'blob' is for model 'virtio' only");
  if (acceleration?.accel2d) refuse("QEMU has no <acceleration accel2d='yes'>");
  if (acceleration?.accel3d && !isVirtio) refuse("<acceleration accel3d='yes'> is for model 'virtio' only");
  if (acceleration?.rendernode && driver?.name !== 'vhostuser') refuse("<acceleration rendernode='...'> needs <driver name='vhostuser'>; a display names its own with <gl rendernode='...'>");
  if (acceleration && acceleration.accel3d === null && acceleration.accel2d === null && acceleration.rendernode === null) refuse('<acceleration> says nothing');
  if (!resolution) return;
  if (type === null || !withResolution.has(type)) refuse('it has no <resolution> of its own');
  if (resolution.x === 0 || resolution.y === 0) refuse(`<resolution x='${resolution.x}' y='${resolution.y}'> has no picture`);
}

function validatePlace({ model, address }: Video, { definition }: DomainSurroundings, refuse: Refuse): void {
  if (model.type !== 'ramfb') return;
  if (address) refuse("it is on no bus and takes no <address>");
  // ramfb is a device of QEMU's dynamic system bus; the PC of 1984 has none (QEMU 7.2).
  if (definition.os.type.machine === 'isapc') refuse("it does not work with machine 'isapc'");
}
