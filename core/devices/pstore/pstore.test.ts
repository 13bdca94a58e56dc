import { expect, test } from 'vitest';
import { DeviceWorkbench } from '../../../test/support/device-workbench.ts';

const x86 = await DeviceWorkbench.open();

test('a store without a path lies in the folder of the domain', () => {
  const paths = (inside: string): readonly unknown[] => x86.options({ devices: `<pstore backend='acpi-erst'>${inside}<size unit='KiB'>64</size></pstore>` }, /mempstore0/);
  expect(paths('')[0]).toEqual({ 'qom-type': 'memory-backend-file', id: 'mempstore0', 'mem-path': '/var/log/vireo/golden/state/pstore.raw', size: 65_536, share: true });
  expect(paths('<path>/p</path>')).toMatchObject([{ 'mem-path': '/p' }, { driver: 'acpi-erst', id: 'pstore0', memdev: 'mempstore0' }]);
});

test.each([
  ["<pstore backend='acpi-erst'><size unit='KiB'>3</size></pstore>", /size 3 KiB is not a power of 2/],
  ["<pstore backend='acpi-erst'><size unit='KiB'>48</size></pstore>", /power of 2/],
  ["<pstore backend='acpi-erst'/>", /Missing element 'size'/],
])('%s is refused', (devices, reason) => {
  expect(x86.refusal({ devices })).toMatch(reason);
});
