/**
 * Every kind of device, in the order in which libvirt prints them. A kind is its folder plus one line here: a kind that
 * is declared and missing below does not compile.
 */
import type { DeviceDefinition, DeviceKind } from '../conf/device-definition.ts';
import type { DeviceModule } from './device-module.ts';
import { audioModule } from './audio/audio.ts';
import { channelModule } from './channel/channel.ts';
import { consoleModule } from './console/console.ts';
import { controllerModule } from './controller/controller.ts';
import { cryptoModule } from './crypto/crypto.ts';
import { diskModule } from './disk/disk.ts';
import { filesystemModule } from './filesystem/filesystem.ts';
import { graphicsModule } from './graphics/graphics.ts';
import { hostdevModule } from './hostdev/hostdev.ts';
import { hubModule } from './hub/hub.ts';
import { inputModule } from './input/input.ts';
import { interfaceModule } from './interface/interface.ts';
import { iommuModule } from './iommu/iommu.ts';
import { leaseModule } from './lease/lease.ts';
import { memballoonModule } from './memballoon/memballoon.ts';
import { memoryModule } from './memory/memory.ts';
import { nvramModule } from './nvram/nvram.ts';
import { panicModule } from './panic/panic.ts';
import { parallelModule } from './parallel/parallel.ts';
import { pstoreModule } from './pstore/pstore.ts';
import { redirdevModule } from './redirdev/redirdev.ts';
import { redirfilterModule } from './redirfilter/redirfilter.ts';
import { rngModule } from './rng/rng.ts';
import { serialModule } from './serial/serial.ts';
import { shmemModule } from './shmem/shmem.ts';
import { smartcardModule } from './smartcard/smartcard.ts';
import { soundModule } from './sound/sound.ts';
import { tpmModule } from './tpm/tpm.ts';
import { videoModule } from './video/video.ts';
import { vsockModule } from './vsock/vsock.ts';
import { watchdogModule } from './watchdog/watchdog.ts';

type DeviceModules = { readonly [K in DeviceKind]: DeviceModule<K> };

const modules = {
  disk: diskModule,
  controller: controllerModule,
  lease: leaseModule,
  filesystem: filesystemModule,
  interface: interfaceModule,
  smartcard: smartcardModule,
  serial: serialModule,
  parallel: parallelModule,
  console: consoleModule,
  channel: channelModule,
  input: inputModule,
  tpm: tpmModule,
  graphics: graphicsModule,
  sound: soundModule,
  audio: audioModule,
  video: videoModule,
  hostdev: hostdevModule,
  redirdev: redirdevModule,
  redirfilter: redirfilterModule,
  hub: hubModule,
  watchdog: watchdogModule,
  memballoon: memballoonModule,
  rng: rngModule,
  nvram: nvramModule,
  panic: panicModule,
  shmem: shmemModule,
  memory: memoryModule,
  crypto: cryptoModule,
  iommu: iommuModule,
  vsock: vsockModule,
  pstore: pstoreModule,
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
  return devices.toSorted((a, b) => (placeOfKind.get(a.kind) ?? 0) - (placeOfKind.get(b.kind) ?? 0));
}

const placeOfKind: ReadonlyMap<DeviceKind, number> = new Map(deviceKinds.map((kind, place) => [kind, place]));

/** The device's own place in the boot order, null for one that has none. */
export function bootOrderOf(device: DeviceDefinition): number | null {
  const { boot } = device as { readonly boot?: { readonly order: number } | null };
  return boot?.order ?? null;
}
