import { expect, test } from 'vitest';
import { DeviceWorkbench } from '../../../test/support/device-workbench.ts';

const x86 = await DeviceWorkbench.open();

test('the backend is an object of its own', () => {
  const devices = "<crypto model='virtio' type='qemu'><backend model='builtin' queues='2'/><driver packed='on'/></crypto>";
  expect(x86.options({ devices }, /crypto/)).toMatchObject([
    { 'qom-type': 'cryptodev-backend-builtin', id: 'objcrypto0', queues: 2 },
    { driver: 'virtio-crypto-pci', packed: true, cryptodev: 'objcrypto0', id: 'crypto0' },
  ]);
  expect(x86.written('crypto', { devices })).toBe(devices);
});

test("the kernel's backend is refused by a QEMU that lacks it, and rendered for one that has it", () => {
  const devices = "<crypto model='virtio' type='qemu'><backend model='lkcf'/></crypto>";
  expect(x86.refusal({ devices })).toMatch(/crypto backend 'lkcf'.*cryptodev-backend-lkcf/);
  expect(x86.withEverything().options({ devices }, /lkcf/)).toEqual([{ 'qom-type': 'cryptodev-backend-lkcf', id: 'objcrypto0' }]);
});
