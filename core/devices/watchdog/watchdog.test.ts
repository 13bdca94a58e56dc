import { describe, expect, test } from 'vitest';
import { DeviceWorkbench } from '../../../test/support/device-workbench.ts';

const x86 = await DeviceWorkbench.open();
const s390x = await DeviceWorkbench.open('s390x');

test('a q35 machine has its own watchdog, and an i440fx none', () => {
  expect(x86.devices('watchdog', { devices: '' })).toMatchObject([{ model: 'itco', action: 'reset' }]);
  expect(x86.devices('watchdog', { devices: '', machine: 'pc' })).toEqual([]);
});

test("the board's watchdog does what the others do, and QEMU is told once", () => {
  const parts = { devices: "<watchdog model='i6300esb' action='poweroff'/>" };
  expect(x86.devices('watchdog', parts)).toMatchObject([{ model: 'i6300esb' }, { model: 'itco', action: 'poweroff' }]);
  expect(x86.arguments(parts, /i6300esb|noreboot|^poweroff$/)).toEqual([expect.stringContaining('"driver":"i6300esb"'), 'ICH9-LPC.noreboot=off', 'poweroff']);
});

test('QEMU stops a guest that is to be dumped: the dump is the driver\'s', () => {
  const parts = { devices: "<watchdog model='ib700' action='dump'/>", machine: 'pc' };
  expect(x86.arguments(parts, /ib700|^pause$/)).toEqual(['{"driver":"ib700","id":"watchdog0"}', 'pause']);
});

test('diag288 is part of the CPU of s390x', () => {
  expect(s390x.options({ devices: "<watchdog model='diag288' action='inject-nmi'/>" }, /diag288/)).toEqual([{ driver: 'diag288', id: 'watchdog0' }]);
});

describe('a refusal', () => {
  test.each([
    ["<watchdog model='i6300esb' action='none'/><watchdog model='itco' action='reset'/>", undefined, /action 'none' differs from action 'reset'/],
    ["<watchdog model='itco'/><watchdog model='itco'/>", undefined, /'itco': a domain has one/],
    ["<watchdog model='itco'/>", 'pc', /part of q35 machines/],
    ["<watchdog model='ib700'/>", 'q35', /only machines of type pc/],
    ["<watchdog model='diag288'/>", 'pc', /s390x only/],
    ["<watchdog model='ib700'><address type='isa' iobase='0x10'/></watchdog>", 'pc', /ib700/],
  ])('of %s on %s names model and reason', (devices, machine, reason) => {
    expect(x86.refusal({ devices, ...(machine === undefined ? {} : { machine }) })).toMatch(reason);
  });
});
