/** Chains of images that qemu-img made, as a real QEMU runs them and as the run shows them (L1). */
import { execFile, spawn } from 'node:child_process';
import { mkdir, rename, symlink, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { bootSectorImage } from '../support/boot-sector.ts';
import { bootGuestXml, lookup } from '../support/boot-guest.ts';
import { openTestHost, type TestHost } from '../support/open-test-host.ts';

const run = promisify(execFile);
let host: TestHost;

beforeEach(async () => {
  host = await openTestHost();
  await writeFile(path.join(host.home, 'boot.raw'), bootSectorImage());
});
afterEach(() => host[Symbol.asyncDispose]());

async function image(name: string, format: string, ...options: readonly string[]): Promise<void> {
  await run('qemu-img', ['create', '-q', '-f', format, ...options, name, '1M'], { cwd: host.home });
}

async function overlay(name: string, backing: string, format: string): Promise<void> {
  await image(name, 'qcow2', '-u', '-b', backing, '-F', format);
}

function disk(file: string, dev: string, type = 'qcow2', below = ''): string {
  return `<disk type='file' device='disk'><driver name='qemu' type='${type}'/><source file='${host.home}/${file}'/>${below}<target dev='${dev}' bus='virtio'/></disk>`;
}

async function define(disks: string): Promise<void> {
  await host.client.call('domainDefineXML', { xml: bootGuestXml(`${host.home}/boot.raw`, { serial: false }).replace('<controller', `${disks}<controller`) });
}

async function start(): Promise<void> {
  await host.client.call('domainCreate', { domain: 'boot', paused: true });
}

/** What QEMU opened, by node name: the files of every format node. */
async function opened(): Promise<readonly string[]> {
  const answer = JSON.parse((await host.client.call('qemuDomainMonitorCommand', { domain: 'boot', command: 'query-named-block-nodes' })).result) as { readonly return: readonly { readonly 'node-name': string; readonly file: string; readonly drv: string }[] };
  return answer.return.filter(({ 'node-name': name }) => name.endsWith('-storage')).map(({ file }) => file.replace(host.home, '')).sort();
}

async function xml(inactive = false): Promise<string> {
  return (await host.client.call('domainGetXMLDesc', { domain: 'boot', inactive })).xml;
}

function chainShown(text: string): readonly string[] {
  return (text.match(/<disk |<backingStore.*?>|<format .*?>|<source [^>]*?>/g) ?? []).map((element) => element.replace(host.home, '').replaceAll("'", '').replace(/ ?\/?>/, '>'));
}

test('a chain is found through links and folders, given to QEMU by name and shown in the run’s XML alone', async () => {
  await mkdir(`${host.home}/deep/inner`, { recursive: true });
  await symlink(`${host.home}/deep/inner`, `${host.home}/link`);
  await image('deep/base.raw', 'raw');
  await image('deep/inner/middle.qcow2', 'qcow2', '-b', '../base.raw', '-F', 'raw');
  await overlay('top.qcow2', 'link/middle.qcow2', 'qcow2');
  await define(disk('top.qcow2', 'vda'));
  await start();
  expect(await opened()).toEqual(['/boot.raw', '/deep/base.raw', '/link/middle.qcow2', '/top.qcow2']);
  expect(chainShown(await xml())).toEqual([
    '<disk ', '<source file=/boot.raw index=1>', '<backingStore>',
    '<disk ', '<source file=/top.qcow2 index=2>',
    '<backingStore type=file index=3>', '<format type=qcow2>', '<source file=/link/middle.qcow2>',
    '<backingStore type=file index=4>', '<format type=raw>', '<source file=/deep/base.raw>', '<backingStore>',
  ]);
  expect(await xml(true)).not.toContain('backingStore');
  await host.client.call('domainDestroy', { domain: 'boot' });
  expect(await xml()).not.toContain('backingStore');
});

test('json:, a data file, other formats and a server of network storage are what QEMU opens, too', async () => {
  await image('base.raw', 'raw');
  await image('json-base.qcow2', 'qcow2');
  const file = (name: string): object => ({ driver: 'file', filename: `${host.home}/${name}` });
  await overlay('json.qcow2', `json:${JSON.stringify({ driver: 'qcow2', file: file('json-base.qcow2'), backing: null })}`, 'qcow2');
  await image('map.qcow2', 'qcow2', '-o', 'data_file=data.raw');
  await image('over.vmdk', 'vmdk');
  await image('over.qed', 'qed', '-b', 'base.raw', '-F', 'raw');
  const socket = `${host.home}/nbd`;
  const server = spawn('qemu-nbd', ['-f', 'raw', '-k', socket, '-x', 'disk', '--persistent', '-r', '-e', '8', `${host.home}/base.raw`], { stdio: 'ignore' });
  try {
    await expect.poll(() => run('qemu-img', ['info', '--image-opts', `driver=nbd,server.type=unix,server.path=${socket},export=disk`]).then(() => true, () => false), { timeout: 10_000 }).toBe(true);
    await overlay('remote.qcow2', `nbd+unix:///disk?socket=${socket}`, 'raw');
    await define([disk('json.qcow2', 'vda'), disk('map.qcow2', 'vdb'), disk('over.vmdk', 'vdc', 'vmdk'), disk('over.qed', 'vdd', 'qed'), disk('remote.qcow2', 'vde')].join(''));
    await start();
    expect(await opened()).toEqual(expect.arrayContaining(['/json-base.qcow2', '/data.raw', '/map.qcow2', '/over.vmdk', '/base.raw', `nbd+unix:///disk?socket=${socket}`.replace(host.home, '')]));
    const shown = await xml();
    expect(shown).toMatch(/<dataStore type='file'>[\s\S]*?data\.raw/);
    expect(shown).toMatch(/<backingStore type='network' index='\d+'>\s*<format type='raw'\/>\s*<source protocol='nbd' name='disk'>/);
    await host.client.call('domainDestroy', { domain: 'boot' });
  } finally {
    server.kill('SIGKILL');
  }
});

test('a chain that cannot be opened is told with disk and file before QEMU runs, and in the domain’s log', async () => {
  await overlay('lost.qcow2', 'gone.raw', 'raw');
  await define(disk('lost.qcow2', 'vda'));
  const text = `disk 'vda': '${host.home}/gone.raw', which lies below '${host.home}/lost.qcow2', does not exist`;
  await expect(start()).rejects.toThrow(text);
  const { text: log } = await host.client.call('domainGetLog', { domain: 'boot' });
  expect(log).toMatch(/^\d{4}-\d\d-\d\d [\d:.]+\+0000: the start failed \(images\): operation failed: disk 'vda': /m);
  expect(log).not.toContain('starting up');
  await image('gone.raw', 'raw');
  await start();
});

test('a run whose chain cannot be read any more is kept by the next driver, with the chain as it was', async () => {
  await image('base.raw', 'raw');
  await image('top.qcow2', 'qcow2', '-b', 'base.raw', '-F', 'raw');
  await define(disk('top.qcow2', 'vda'));
  await start();
  const before = await xml();
  const { pid } = await lookup(host);
  await host.close();
  await rename(`${host.home}/base.raw`, `${host.home}/elsewhere.raw`);
  await host.open();
  await expect.poll(() => lookup(host), { timeout: 20_000 }).toMatchObject({ pid, state: 'paused', control: { state: 'ok' } });
  expect(await xml()).toBe(before);
  await host.client.call('domainDestroy', { domain: 'boot' });
  await expect(start()).rejects.toThrow("base.raw', which lies below");
});
