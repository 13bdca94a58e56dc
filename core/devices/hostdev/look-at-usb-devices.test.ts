import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { DeviceWorkbench } from '../../../test/support/device-workbench.ts';
import { devicesOf } from '../../conf/device-definition.ts';
import { lookAtUsbDevices } from './look-at-usb-devices.ts';

const x86 = await DeviceWorkbench.open();
let folder: string;

beforeEach(async () => {
  folder = await mkdtemp('/tmp/vireo-');
});

afterEach(async () => {
  await rm(folder, { recursive: true, force: true });
});

async function plugIn(name: string, vendor: string, product: string, bus: number, device: number): Promise<void> {
  await mkdir(`${folder}/${name}`);
  const facts = { idVendor: vendor, idProduct: product, busnum: String(bus), devnum: String(device) };
  for (const [fact, value] of Object.entries(facts)) await writeFile(`${folder}/${name}/${fact}`, `${value}\n`);
}

async function source(inside: string, policy = ''): Promise<unknown> {
  const definition = x86.complete({ devices: `<hostdev mode='subsystem' type='usb'><source${policy}>${inside}</source></hostdev>` });
  const [hostdev] = devicesOf((await lookAtUsbDevices(definition, folder)).devices, 'hostdev');
  return hostdev?.source;
}

const key = "<vendor id='0x1234'/><product id='0xbeef'/>";

test('a device that is named by what it is gets the address that it has', async () => {
  await mkdir(`${folder}/1-1:1.0`);
  await plugIn('1-1', '1234', 'beef', 1, 12);
  await plugIn('1-2', '1234', '0001', 1, 13);
  expect(await source(key)).toMatchObject({ missing: null, address: { bus: 1, device: 12 } });
});

test('of two that are alike one has to be named by its address', async () => {
  await plugIn('1-1', '1234', 'beef', 1, 12);
  await plugIn('2-1', '1234', 'beef', 2, 3);
  await expect(source(key)).rejects.toThrow(/1234:beef.*2 devices are this one; its source needs an address/);
  expect(await source(`${key}<address bus='2' device='3'/>`)).toMatchObject({ address: { bus: 2, device: 3 } });
});

test('one that is not plugged in ends the start, or is waited for where it may be missing', async () => {
  await expect(source(key)).rejects.toMatchObject({ code: 'OPERATION_FAILED', message: expect.stringContaining('is not plugged in') });
  await expect(source(key, " startupPolicy='requisite'")).rejects.toThrow(/not plugged in/);
  expect(await source(key, " startupPolicy='optional'")).toMatchObject({ missing: true, address: null });
  expect(await source("<address bus='1' device='2'/>", " startupPolicy='optional'")).toMatchObject({ missing: true });
});
