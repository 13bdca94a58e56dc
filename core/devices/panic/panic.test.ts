import { expect, test } from 'vitest';
import { DeviceWorkbench } from '../../../test/support/device-workbench.ts';

const x86 = await DeviceWorkbench.open();
const s390x = await DeviceWorkbench.open('s390x');
const ppc64 = await DeviceWorkbench.open('ppc64');
const aarch64 = await DeviceWorkbench.open('aarch64');

test('a model that is not named is that of the machine', () => {
  expect([x86, s390x, ppc64, aarch64].map((bench) => bench.devices('panic', { devices: '<panic/>' })[0]?.model)).toEqual(['isa', 's390', 'pseries', 'pvpanic']);
});

test('machines whose firmware reports a crash have it without asking', () => {
  expect([x86, s390x, ppc64, aarch64].map((bench) => bench.devices('panic', { devices: '' }).length)).toEqual([0, 1, 1, 0]);
});

test('only isa and pvpanic are devices', () => {
  const devices = "<panic model='isa'><address type='isa' iobase='0x505'/></panic><panic model='pvpanic'/><panic model='hyperv'/>";
  expect(x86.options({ devices }, /pvpanic/)).toEqual([{ driver: 'pvpanic', id: 'panic0', ioport: 0x505 }, expect.objectContaining({ driver: 'pvpanic-pci', bus: 'pcie.0' })]);
  expect(x86.arguments({ devices }, /hv-crash/)).toHaveLength(1);
  expect(s390x.arguments({ devices: '<panic/>' }, /panic/)).toEqual([]);
});

test.each([
  [x86, "<panic model='isa'/><panic model='isa'/>", /'isa': a domain has one/],
  [x86, "<panic model='pseries'/>", /only pSeries machines/],
  [x86, "<panic model='s390'/>", /s390x only/],
  [x86, "<panic model='hyperv'><address type='isa' iobase='0x505'/></panic>", /'hyperv'.*no address/],
  [aarch64, "<panic model='isa'/>", /no ISA bus/],
  [aarch64, "<panic model='hyperv'/>", /x86 only/],
])('is refused with the reason', (bench, devices, reason) => {
  expect(bench.refusal({ devices })).toMatch(reason);
});
