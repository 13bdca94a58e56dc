/** Displays of a real QEMU: ports that nobody named, passwords that stand nowhere, a bus of their own. */
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { createConnection, type Socket } from 'node:net';
import { once } from 'node:events';
import path from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { bootGuestXml, lookup } from '../support/boot-guest.ts';
import { bootSectorImage } from '../support/boot-sector.ts';
import { openTestHost, qemuProcessesOf, type TestHost } from '../support/open-test-host.ts';

let host: TestHost;

beforeEach(async () => {
  host = await openTestHost();
});

afterEach(async () => {
  await host[Symbol.asyncDispose]();
});

async function start(name: string, devices: string): Promise<void> {
  const disk = path.join(host.home, `${name}.raw`);
  await writeFile(disk, bootSectorImage());
  await host.client.call('domainDefineXML', { xml: bootGuestXml(disk, { name }).replace('</devices>', `${devices}</devices>`) });
  await host.client.call('domainCreate', { domain: name, paused: true });
}

async function graphicsOf(domain: string, inactive = false): Promise<string> {
  const { xml } = await host.client.call('domainGetXMLDesc', { domain, inactive });
  return /<graphics[^>]*>/.exec(xml)?.[0] ?? '';
}

async function vncPort(domain: string): Promise<number> {
  return Number(/ port='(\d+)'/.exec(await graphicsOf(domain))?.[1]);
}

/** Plays a VNC client up to the list of what it may authenticate with: 1 is nothing, 2 a password. */
async function securityTypes(port: number): Promise<readonly number[]> {
  const socket: Socket = createConnection(port, '127.0.0.1');
  try {
    const received: Buffer[] = [];
    const bytes = (): Buffer => Buffer.concat(received);
    socket.on('data', (chunk: Buffer) => void received.push(chunk));
    await once(socket, 'connect');
    await expect.poll(() => bytes().length, { timeout: 10_000 }).toBeGreaterThanOrEqual(12);
    socket.write(bytes().subarray(0, 12));
    await expect.poll(() => bytes().length, { timeout: 10_000 }).toBeGreaterThan(13);
    return [...bytes().subarray(13)];
  } finally {
    socket.destroy();
  }
}

test('two domains that take any port get one each, which the live document tells and the definition does not', async () => {
  const display = "<graphics type='vnc' port='-1' autoport='yes' listen='127.0.0.1'/>";
  await start('one', display);
  await start('two', display);
  const ports = [await vncPort('one'), await vncPort('two')];
  expect(new Set(ports).size).toBe(2);
  for (const port of ports) expect(await securityTypes(port)).toEqual([1]);
  expect(await graphicsOf('one', true)).toContain("port='-1' autoport='yes'");
}, 60_000);

test('a password is asked for, and stands in no command line', async () => {
  await start('one', "<graphics type='vnc' autoport='yes' listen='127.0.0.1' passwd='hush' passwdValidTo='2099-01-31T23:59:59'/>");
  expect(await securityTypes(await vncPort('one'))).toEqual([2]);
  const pids = await qemuProcessesOf(host.home);
  expect(pids).toHaveLength(1);
  const logs = await readdir(host.home, { recursive: true, withFileTypes: true });
  const texts = await Promise.all(logs.filter((entry) => entry.isFile() && entry.name.endsWith('.log')).map((entry) => readFile(path.join(entry.parentPath, entry.name), 'utf8')));
  expect(texts.join('\n')).not.toContain('hush');
  expect(await graphicsOf('one')).not.toContain('hush');
}, 60_000);

test('a display on D-Bus gets a bus of its own, which ends with the domain', async () => {
  await start('one', "<graphics type='dbus'/>");
  expect(await lookup(host, 'one')).toMatchObject({ state: 'paused' });
  const address = /address='unix:path=([^']+)'/.exec(await graphicsOf('one'))?.[1] ?? '';
  const bus = createConnection(address);
  await once(bus, 'connect');
  const closed = once(bus, 'close');
  await host.client.call('domainDestroy', { domain: 'one' });
  await closed;
}, 60_000);
