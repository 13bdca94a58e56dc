import { expect, test } from 'vitest';
import type { DeviceKind } from '../conf/device-definition.ts';
import type { DeviceModule } from './device-module.ts';
import { memballoonModule } from './memballoon/memballoon.ts';
import { deviceKinds, moduleOf } from './registry.ts';
import { rngModule } from './rng/rng.ts';

test("kinds stand in libvirt's order of printing, each under its own name", () => {
  expect(deviceKinds).toEqual(['disk', 'controller', 'lease', 'filesystem', 'interface', 'smartcard', 'serial', 'parallel', 'console', 'channel', 'input', 'tpm', 'graphics', 'sound', 'audio', 'video', 'hostdev', 'redirdev', 'redirfilter', 'hub', 'watchdog', 'memballoon', 'rng', 'nvram', 'panic', 'shmem', 'memory', 'crypto', 'iommu', 'vsock', 'pstore']);
  expect(deviceKinds.map((kind) => moduleOf({ kind }).kind)).toEqual(deviceKinds);
});

type Two = { readonly [K in Extract<DeviceKind, 'rng' | 'memballoon'>]: DeviceModule<K> };

test("a kind without a module, or with another kind's, does not compile", () => {
  const whole = { rng: rngModule, memballoon: memballoonModule } satisfies Two;
  // @ts-expect-error memballoon is missing
  const missing = { rng: rngModule } satisfies Two;
  // @ts-expect-error the module of another kind
  const swapped = { rng: memballoonModule, memballoon: memballoonModule } satisfies Two;
  const { hotplug, ...rest } = rngModule;
  // @ts-expect-error a member is left out: what a device cannot do is said, never absent
  const partial: DeviceModule<'rng'> = rest;
  expect([whole, missing, swapped, partial, hotplug]).toHaveLength(5);
});
