/**
 * Every kind of device, in the order in which libvirt prints them. A kind is its folder plus one line here: a kind that
 * is declared and missing below does not compile.
 */
import type { DeviceDefinition, DeviceKind } from '../conf/device-definition.ts';
import type { DeviceModule } from './device-module.ts';
import { channelModule } from './channel/channel.ts';
import { consoleModule } from './console/console.ts';
import { controllerModule } from './controller/controller.ts';
import { diskModule } from './disk/disk.ts';
import { graphicsModule } from './graphics/graphics.ts';
import { inputModule } from './input/input.ts';
import { interfaceModule } from './interface/interface.ts';
import { memballoonModule } from './memballoon/memballoon.ts';
import { rngModule } from './rng/rng.ts';
import { serialModule } from './serial/serial.ts';
import { videoModule } from './video/video.ts';

type DeviceModules = { readonly [K in DeviceKind]: DeviceModule<K> };

const modules = {
  disk: diskModule,
  controller: controllerModule,
  interface: interfaceModule,
  serial: serialModule,
  console: consoleModule,
  channel: channelModule,
  input: inputModule,
  graphics: graphicsModule,
  video: videoModule,
  memballoon: memballoonModule,
  rng: rngModule,
} as const satisfies DeviceModules;

/** Kinds in libvirt's order of printing. */
export const deviceKinds = Object.keys(modules) as readonly DeviceKind[];

export function isDeviceKind(name: string): name is DeviceKind {
  return Object.hasOwn(modules, name);
}

/** The module of one kind: the one place where a kind and its module are tied by a cast. */
export function moduleOf(device: Pick<DeviceDefinition, 'kind'>): DeviceModule<DeviceKind> {
  return modules[device.kind] as unknown as DeviceModule<DeviceKind>;
}

/** The devices in libvirt's order of kinds; within a kind the given order stays. */
export function inDeviceOrder(devices: readonly DeviceDefinition[]): readonly DeviceDefinition[] {
  return deviceKinds.flatMap((kind) => devices.filter((device) => device.kind === kind));
}

/** The device's own place in the boot order, null for one that has none. */
export function bootOrderOf(device: DeviceDefinition): number | null {
  const { boot } = device as { readonly boot?: { readonly order: number } | null };
  return boot?.order ?? null;
}
