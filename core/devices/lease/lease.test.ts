import { expect, test } from 'vitest';
import { DeviceWorkbench } from '../../../test/support/device-workbench.ts';

const x86 = await DeviceWorkbench.open();
const devices = "<lease><lockspace>space</lockspace><key>disk 1</key><target path='/leases' offset='1024'/></lease>";

test('a lease is kept as it is written, and stands on no command line', () => {
  expect(x86.written('lease', { devices })).toBe(devices);
  expect(x86.arguments({ devices }, /lease/)).toEqual([]);
});

test('a start says that nothing here can take it', () => {
  expect(x86.needs('lease', { devices })).toEqual([{ type: 'unsupported', reason: "lease 'disk 1' needs the lock manager sanlock, which this driver does not use" }]);
});
