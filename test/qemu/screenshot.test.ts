/** Pictures of real screens, through the contract and by the command. */
import { readFile, readdir, writeFile } from 'node:fs/promises';
import { expect, test } from 'vitest';
import type { Client } from '../../core/api/client.ts';
import { type CommandOutcome, runCommand } from '../cli/command-run.ts';
import { FakeHost } from '../cli/fake-host.ts';
import { bootGuestXml, defineBootGuest, lookup } from '../support/boot-guest.ts';
import { bootSectorImage } from '../support/boot-sector.ts';
import { openTestHost } from '../support/open-test-host.ts';

const video = "<video><model type='vga'/></video>";

test('a screen is a PNG of its size, of a guest that runs or stands still, and nothing of it is left behind', async () => {
  await using host = await openTestHost();
  await writeFile(`${host.home}/boot.raw`, bootSectorImage());
  await host.client.call('domainDefineXML', { xml: bootGuestXml(`${host.home}/boot.raw`).replace('</devices>', `${video}</devices>`) });
  await expect(host.client.call('domainScreenshot', { domain: 'boot' })).rejects.toThrow('domain is not running');
  await host.client.call('domainCreate', { domain: 'boot', paused: true });
  const picture = await host.client.call('domainScreenshot', { domain: 'boot' });
  expect(picture).toMatchObject({ mediaType: 'image/png', widthPixels: expect.any(Number), heightPixels: expect.any(Number) });
  expect(picture.widthPixels).toBeGreaterThanOrEqual(640);
  expect(Buffer.from(picture.image, 'base64').subarray(1, 4).toString()).toBe('PNG');
  expect((await lookup(host)).state).toBe('paused');
  await host.client.call('domainResume', { domain: 'boot' });
  const [first, second] = await Promise.all([host.client.call('domainScreenshot', { domain: 'boot' }), host.client.call('domainScreenshot', { domain: 'boot', screen: 0 })]);
  expect([first.mediaType, second.mediaType]).toEqual(['image/png', 'image/png']);
  await expect(host.client.call('domainScreenshot', { domain: 'boot', screen: 1 })).rejects.toThrow('no such screen ID');
  expect(await readdir(host.host.driver.find('boot').live!.facts.runFolder)).not.toContainEqual(expect.stringMatching(/^screen-/));
});

test('a domain without a screen has no picture', async () => {
  await using host = await openTestHost();
  await defineBootGuest(host);
  await host.client.call('domainCreate', { domain: 'boot' });
  await expect(host.client.call('domainScreenshot', { domain: 'boot' })).rejects.toThrow('no screens to take screenshot from');
});

test('the command writes pictures and numbers of a real guest', async () => {
  await using host = await openTestHost();
  const connect = (_folder: string, label: string): Promise<Client> => Promise.resolve(host.host.client(label));
  const vireo = (...words: string[]): Promise<CommandOutcome> => runCommand(new FakeHost(), words, { folder: host.home, hosts: { connect, connectIfThere: connect } });
  const printed = (text: RegExp): object => ({ exitCode: 0, stdout: expect.stringMatching(text), stderr: '' });
  await writeFile(`${host.home}/boot.raw`, bootSectorImage());
  await writeFile(`${host.home}/boot.xml`, bootGuestXml(`${host.home}/boot.raw`).replace('</devices>', `<interface type='user'><mac address='52:54:00:00:00:01'/></interface>${video}</devices>`));
  expect(await vireo('create', 'boot.xml')).toMatchObject({ exitCode: 0 });
  expect(await vireo('screenshot', 'boot', 'picture.png')).toEqual({ exitCode: 0, stdout: 'Screenshot saved to picture.png, with type of image/png\n\n', stderr: '' });
  expect((await readFile(`${host.home}/picture.png`)).subarray(1, 4).toString()).toBe('PNG');
  expect([
    await vireo('domstats', '--state', '--block', 'boot'),
    await vireo('dommemstat', 'boot'),
    await vireo('domblkstat', 'boot', 'sda'),
    await vireo('domblkstat', 'boot', '--human'),
    await vireo('domblkinfo', 'boot', 'sda'),
    await vireo('domblkinfo', 'boot', '--all', '--human'),
    await vireo('domblklist', 'boot', '--details'),
    await vireo('domiflist', 'boot'),
    await vireo('domif-getlink', 'boot', '52:54:00:00:00:01'),
    await vireo('cpu-stats', 'boot', '--total'),
    await vireo('vcpuinfo', 'boot'),
    await vireo('vcpucount', 'boot'),
    await vireo('iothreadinfo', 'boot'),
    await vireo('domdirtyrate-calc', 'boot'),
    await vireo('dominfo', 'boot'),
  ]).toEqual([
    printed(/^Domain: 'boot'\n {2}state\.state=1\n {2}state\.reason=1\n {2}block\.count=1\n {2}block\.0\.name=sda\n/),
    printed(/^rss \d+\n\n$/),
    printed(/^sda rd_req \d+\nsda rd_bytes \d+\nsda wr_req 0\nsda wr_bytes 0\nsda flush_operations \d+\n/),
    printed(/^Device: \n number of read operations: {6}\d+\n/),
    printed(/^Capacity: {7}1048576\nAllocation: {5}\d+\nPhysical: {7}\d+\n\n$/),
    printed(/^ Target +Capacity +Allocation +Physical\n-+\n sda +1\.000 MiB /),
    printed(/^ Type +Device +Target +Source\n-+\n file +disk +sda +\/tmp\/vireo-\w+\/boot\.raw\n/),
    printed(/^ Interface +Type +Source +Model +MAC\n-+\n - +user +- +\S+ +52:54:00:00:00:01\n/),
    printed(/^52:54:00:00:00:01 up\n/),
    printed(/^Total:\n\tcpu_time +\d+\.\d{9} seconds\n\tuser_time /),
    printed(/^VCPU: {11}0\nCPU: {12}\d+\nState: {10}running\n/),
    printed(/^maximum +live +1\ncurrent +live +1\n\n$/),
    printed(/^No IOThreads found for the domain\n/),
    printed(/^Start to calculate domain's memory dirty rate successfully\.\n/),
    printed(/\nMax memory: {5}16384 KiB\nUsed memory: {4}16384 KiB\n/),
  ]);
  expect(await vireo('domifstat', 'boot', 'vnet0')).toEqual({ exitCode: 1, stdout: '\n', stderr: "error: Failed to get interface stats boot vnet0\nerror: invalid argument: 'vnet0' is not an interface of the domain\n" });
});
