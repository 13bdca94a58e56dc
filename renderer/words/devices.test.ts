import { expect, it } from 'vitest';
import { definedConsoles, groupDevices, hasAgentChannel } from './devices.ts';

const device = (kind: string, label: string) => ({ kind, label, alias: null });
const serial = device('serial', 'serial port 0');
const secondName = device('console', 'serial console');
const hypervisorConsole = device('console', 'virtio console');

it('a console that is the serial port under another name is not a second console', () => {
  expect(definedConsoles({ devices: [device('disk', 'virtio disk vda'), serial, secondName, hypervisorConsole] })).toEqual([serial, hypervisorConsole]);
  expect(definedConsoles({ devices: [secondName] })).toEqual([secondName]);
});

it('devices stand by what they are for; equal ones are counted, controllers stay apart, and no kind is lost', () => {
  const port = device('redirdev', 'redirected USB port (spicevmc)');
  const grouped = groupDevices([device('tpm', 'TPM 2.0'), device('disk', 'virtio disk vda'), port, port, device('controller', 'pcie-root'), device('teleporter', 'from a newer host')]);
  expect(grouped.groups.map(({ title, devices }) => [title, devices.map(({ label, count }) => `${label} ${count}`)])).toEqual([
    ['Storage', ['virtio disk vda 1']],
    ['From the host', ['redirected USB port (spicevmc) 2']],
    ['System', ['TPM 2.0 1', 'from a newer host 1']],
  ]);
  expect(grouped.controllers.map(({ label }) => label)).toEqual(['pcie-root']);
});

it('an agent is configured by its channel', () => {
  expect([[device('channel', 'channel org.qemu.guest_agent.0')], [device('channel', 'channel com.example')], [serial]].map((devices) => hasAgentChannel({ devices }))).toEqual([true, false, false]);
});
