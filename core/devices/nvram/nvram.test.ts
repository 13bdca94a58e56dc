import { expect, test } from 'vitest';
import { DeviceWorkbench } from '../../../test/support/device-workbench.ts';

const x86 = await DeviceWorkbench.open();
const ppc64 = await DeviceWorkbench.open('ppc64');

test("a pSeries' variables sit at the register that is asked for", () => {
  expect(ppc64.arguments({ devices: '<nvram/>' }, /nvram/)).toEqual(['spapr-nvram.reg=0x3000']);
  expect(ppc64.arguments({ devices: "<nvram><address type='spapr-vio' reg='0x4000'/></nvram>" }, /nvram/)).toEqual(['spapr-nvram.reg=0x4000']);
});

test.each([
  [x86, '<nvram/>', /only pSeries machines/],
  [ppc64, '<nvram/><nvram/>', /nvram/],
])('is refused with the reason', (bench, devices, reason) => {
  expect(bench.refusal({ devices })).toMatch(reason);
});
