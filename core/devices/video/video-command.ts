/** A graphics card as -device, and the program that draws for it where that is not QEMU. */
import type { QemuCapabilities } from '../../capabilities/qemu-capabilities.ts';
import { devicesOf } from '../../conf/device-definition.ts';
import type { DomainDefinition } from '../../conf/domain-definition.ts';
import { addressProperties, aliasOf } from '../address-properties.ts';
import { type CommandFragment, json, type JsonObject, keyed, withoutNulls } from '../command-fragment.ts';
import type { SideProcess } from '../device-module.ts';
import type { DeviceLaunch, LaunchContext } from '../launch-context.ts';
import { acpiProperties } from '../pci-fields.ts';
import { virtioDriver, virtioProperties } from '../virtio/virtio-device.ts';
import { isPrimaryVideo, type Video, type VideoModel } from './video-definition.ts';

/** -device types of cards that QEMU draws itself: [primary, secondary]; null where the model cannot be one. */
const drivers: Readonly<Record<Exclude<VideoModel, 'none' | 'virtio' | 'xen' | 'vbox' | 'gop'>, readonly [string, string | null]>> = {
  vga: ['VGA', null],
  cirrus: ['cirrus-vga', null],
  vmvga: ['vmware-svga', null],
  qxl: ['qxl-vga', 'qxl'],
  bochs: ['bochs-display', null],
  ramfb: ['ramfb', null],
};

/** Null where there is no such card. */
export function videoDriver(video: Video, definition: DomainDefinition, capabilities: QemuCapabilities): string | null {
  const { type } = video.model;
  if (type === null || type === 'none' || type === 'xen' || type === 'vbox' || type === 'gop') return null;
  const primary = isPrimaryVideo(video, definition);
  if (type === 'virtio') return virtioGpu(video, primary, capabilities);
  const [first, further] = drivers[type];
  return primary ? first : further;
}

/** 3D is a device of its own since QEMU 6.1, a property before; with VGA's registers for firmware where the binary has that, as those for PCs have. */
function virtioGpu({ driver, model, address }: Video, primary: boolean, { deviceTypes }: QemuCapabilities): string {
  if (driver?.name === 'vhostuser') return primary && deviceTypes.has('vhost-user-vga') ? 'vhost-user-vga' : virtioDriver('vhost-user-gpu', address);
  const gl = model.acceleration?.accel3d === true;
  const onPci = address === null || address.type === 'pci';
  if (primary && onPci && deviceTypes.has('virtio-vga')) return gl && deviceTypes.has('virtio-vga-gl') ? 'virtio-vga-gl' : 'virtio-vga';
  const glDriver = virtioDriver('virtio-gpu-gl', address);
  return gl && deviceTypes.has(glDriver) ? glDriver : virtioDriver('virtio-gpu', address);
}

/** QEMU wants the primary card before all others: in place of the first card of the list it is that one's turn. */
export function videoCommandLine(video: Video, launch: DeviceLaunch): readonly CommandFragment[] {
  const cards = devicesOf(launch.definition.devices, 'video');
  const inTurn = cards.toSorted((a, b) => Number(isPrimaryVideo(b, launch.definition)) - Number(isPrimaryVideo(a, launch.definition)));
  return cardFragments(inTurn[cards.indexOf(video)] ?? video, launch);
}

function cardFragments(video: Video, launch: DeviceLaunch): readonly CommandFragment[] {
  const driver = videoDriver(video, launch.definition, launch.capabilities);
  if (driver === null) return [];
  const id = aliasOf(video);
  const properties = {
    driver,
    ...virtioProperties(video.driver),
    id,
    ...modelProperties(video, driver),
    xres: video.model.resolution?.x ?? null,
    yres: video.model.resolution?.y ?? null,
    ...addressProperties(video.address, launch),
    ...acpiProperties(video.acpi),
  };
  const device = json('device', withoutNulls(properties));
  return isVhostUser(video) ? [keyed('chardev', 'socket', { id: gpuChardev(id), path: gpuSocket(id, launch) }), device] : [device];
}

function modelProperties(video: Video, driver: string): JsonObject {
  const { type, heads, ramKiB, vramKiB, vram64KiB, vgamemKiB, blob, acceleration } = video.model;
  const bytes = (sizeKiB: number | null): number | null => (sizeKiB === null ? null : sizeKiB * 1024);
  switch (type) {
    case 'qxl':
      return { max_outputs: heads, ram_size: bytes(ramKiB), vram_size: bytes(vramKiB), vram64_size_mb: mebibytes(vram64KiB), vgamem_mb: mebibytes(vgamemKiB) };
    case 'vga':
    case 'vmvga':
      return { vgamem_mb: mebibytes(vramKiB) };
    case 'bochs':
      return { vgamem: bytes(vramKiB) };
    case 'virtio':
      if (isVhostUser(video)) return { max_outputs: heads, chardev: gpuChardev(aliasOf(video)) };
      return { max_outputs: heads, virgl: acceleration?.accel3d === true && !driver.includes('-gl') ? true : null, blob };
    default:
      return {};
  }
}

function mebibytes(sizeKiB: number | null): number | null {
  return sizeKiB === null ? null : Math.max(1, Math.ceil(sizeKiB / 1024));
}

export function isVhostUser({ driver, model }: Video): boolean {
  return model.type === 'virtio' && driver?.name === 'vhostuser';
}

function gpuChardev(alias: string): string {
  return `chr-vu-${alias}`;
}

function gpuSocket(alias: string, { runFolder }: LaunchContext): string {
  return `${runFolder}/g-${alias}`;
}

/** The program that draws in place of QEMU, for cards whose driver is `vhostuser`. */
export function gpuProcess(video: Video, launch: LaunchContext): readonly SideProcess[] {
  if (!isVhostUser(video)) return [];
  const alias = aliasOf(video);
  const socket = gpuSocket(alias, launch);
  const { acceleration } = video.model;
  const rendernode = acceleration?.rendernode ? [`--render-node=${acceleration.rendernode}`] : [];
  const argv = [`--socket-path=${socket}`, ...(acceleration?.accel3d ? ['--virgl'] : []), ...rendernode];
  return [{ name: `gpu-${alias}`, programs: ['vhost-user-gpu', '/usr/lib/qemu/vhost-user-gpu', '/usr/libexec/vhost-user-gpu'], argv, socket, folders: [] }];
}
