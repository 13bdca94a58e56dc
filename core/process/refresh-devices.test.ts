import { expect, test } from 'vitest';
import { type FoundRun, foundRun } from '../../test/support/found-run.ts';
import { refreshDevices } from './refresh-devices.ts';

const cdrom = "<disk type='file' device='cdrom'><driver name='qemu' type='raw'/><source file='/a.iso'/><target dev='sdb' bus='sata'/><readonly/><alias name='sata0-0-1'/></disk>";
const child = (name: string): object => ({ name, type: 'child<x>' });
const drive = (facts: object): object => ({ device: '', qdev: 'sata0-0-1', type: 'unknown', locked: false, removable: true, ...facts });

async function refresh(answers: Readonly<Record<string, unknown>>, devices: string, before: readonly string[] = []): Promise<FoundRun & { readonly told: readonly string[] }> {
  const run = foundRun({ 'qom-list': [], 'query-block': [], ...answers }, devices);
  run.live.peripherals = new Set(before);
  await refreshDevices({ hub: run.hub }, run.domain, run.live, run.monitor);
  return { ...run, told: run.events.filter(({ type }) => type !== 'changed').map(({ type, detail }) => `${type}: ${detail}`) };
}

const aliases = ({ live }: FoundRun): unknown[] => live.definition.devices.map(({ alias }) => alias).filter((alias) => alias !== null);

test('a device that QEMU has no more leaves the definition, and that is told once', async () => {
  const { told, ...run } = await refresh({ 'qom-list': [{ name: 'type', type: 'string' }, child('rng0')] }, "<rng model='virtio'><backend model='random'>/dev/urandom</backend><alias name='rng0'/></rng><input type='tablet' bus='usb'><alias name='input0'/></input>", ['rng0', 'input0', 'gone-long-ago']);
  expect(aliases(run)).toEqual(['rng0']);
  expect(told).toEqual(['device-removed: input0']);
  expect([...run.live.peripherals]).toEqual(['rng0']);
});

test('a device that never had an id in QEMU stays', async () => {
  const { told, ...run } = await refresh({ 'qom-list': [child('rng0')] }, "<memballoon model='none'><alias name='balloon0'/></memballoon>", ['rng0']);
  expect(aliases(run)).toEqual(['balloon0']);
  expect(told).toEqual([]);
});

test('a tray that was opened, and whose medium was taken out, is so in the definition', async () => {
  const { live, told } = await refresh({ 'query-block': [drive({ tray_open: true })] }, cdrom);
  expect(live.definition.devices).toMatchObject([{ target: { tray: 'open' }, backend: { type: 'file', source: null } }]);
  expect(told).toEqual(['tray-change: sdb opened']);
});

test('an open tray keeps its medium until it is taken out', async () => {
  const { live } = await refresh({ 'query-block': [drive({ tray_open: true, inserted: {} })] }, cdrom);
  expect(live.definition.devices).toMatchObject([{ target: { tray: 'open' }, backend: { source: { file: '/a.iso' } } }]);
});

test('a tray that was closed again is closed', async () => {
  const { live, told } = await refresh({ 'query-block': [drive({ tray_open: false, inserted: {} })] }, cdrom.replace("bus='sata'", "bus='sata' tray='open'"));
  expect(live.definition.devices).toMatchObject([{ target: { tray: null } }]);
  expect(told).toEqual(['tray-change: sdb closed']);
});

test('what the balloon gave back is no more the guest\'s', async () => {
  const { live } = await refresh({ 'query-balloon': { actual: 64 * 1024 * 1024 } }, "<memballoon model='virtio'><alias name='balloon0'/></memballoon>");
  expect(live.definition.currentMemoryKiB).toBe(65_536);
});
