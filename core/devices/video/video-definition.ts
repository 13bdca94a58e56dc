/** `<video>` as a value: the guest's graphics card. */
import { attribute, child, type Infer, object, optional, unlessDefault } from '../../conf/codec/codec.ts';
import { readEmpty, section } from '../../conf/codec/shorthands.ts';
import { oneOf, onOff, someText, unsigned, yesNo } from '../../conf/codec/scalar.ts';
import { type DeviceDefinition, type DeviceOf, devicesOf } from '../../conf/device-definition.ts';
import type { DomainDefinition } from '../../conf/domain-definition.ts';
import { pciFields } from '../pci-fields.ts';
import { virtioFields } from '../virtio/virtio-device.ts';

export const videoModels = ['vga', 'cirrus', 'vmvga', 'xen', 'vbox', 'virtio', 'gop', 'none', 'bochs', 'ramfb', 'qxl'] as const;
export type VideoModel = (typeof videoModels)[number];

const modelCodec = object({
  type: optional(attribute('type', oneOf(videoModels))),
  ramKiB: optional(attribute('ram', unsigned)),
  vramKiB: optional(attribute('vram', unsigned)),
  vram64KiB: optional(attribute('vram64', unsigned)),
  vgamemKiB: optional(attribute('vgamem', unsigned)),
  heads: optional(attribute('heads', unsigned)),
  primary: optional(attribute('primary', yesNo)),
  /** Pictures are handed over as memory of the guest, not copied. */
  blob: optional(attribute('blob', onOff)),
  acceleration: optional(child('acceleration', object({ accel3d: optional(attribute('accel3d', yesNo)), accel2d: optional(attribute('accel2d', yesNo)), rendernode: optional(attribute('rendernode', someText)) }))),
  resolution: optional(child('resolution', object({ x: attribute('x', unsigned), y: attribute('y', unsigned) }))),
});
/** A card about which nothing is said. */
export const noModel = readEmpty(modelCodec);

export const videoCodec = object({
  driver: section('driver', { ...virtioFields, vgaconf: optional(attribute('vgaconf', oneOf(['io', 'on', 'off']))), name: optional(attribute('name', oneOf(['qemu', 'vhostuser']))) }),
  model: unlessDefault(child('model', modelCodec), noModel),
  ...pciFields,
});

declare module '../../conf/device-definition.ts' {
  interface DeviceDefinitions {
    video: Infer<typeof videoCodec>;
  }
}

export type Video = DeviceOf<'video'>;

/** libvirt's order of cards: the one that firmware uses stands first, and so gets the first address and alias. */
export function primaryVideoFirst(devices: readonly DeviceDefinition[]): readonly DeviceDefinition[] {
  const cards = devicesOf(devices, 'video');
  const primary = cards.find(({ model }) => model.primary);
  if (!primary || primary === cards[0]) return devices;
  const next = [primary, ...cards.filter((card) => card !== primary)].values();
  return devices.map((device) => (device.kind === 'video' ? (next.next().value ?? device) : device));
}

/** The card that firmware shows its messages on: the one that says so, or the first. */
export function isPrimaryVideo(video: Video, definition: DomainDefinition): boolean {
  const cards = devicesOf(definition.devices, 'video');
  const chosen = cards.find((card) => card.model.primary) ?? cards[0];
  return chosen === video;
}
