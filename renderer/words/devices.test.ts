import { expect, it } from 'vitest';
import { definedConsoles, hasAgentChannel } from './devices.ts';

const device = (kind: string, label: string) => ({ kind, label, alias: null });
const serial = device('serial', 'serial port 0');
const secondName = device('console', 'serial console');
const hypervisorConsole = device('console', 'virtio console');

it('a console that is the serial port under another name is not a second console', () => {
  expect(definedConsoles({ devices: [device('disk', 'virtio disk vda'), serial, secondName, hypervisorConsole] })).toEqual([serial, hypervisorConsole]);
  expect(definedConsoles({ devices: [secondName] })).toEqual([secondName]);
});

it('an agent is configured by its channel', () => {
  expect([[device('channel', 'channel org.qemu.guest_agent.0')], [device('channel', 'channel com.example')], [serial]].map((devices) => hasAgentChannel({ devices }))).toEqual([true, false, false]);
});
