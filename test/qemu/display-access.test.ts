/** Who gets into the displays of a real QEMU and who is told of: passwords, their end, TLS, clients, and small pictures of the screen. */
import { once } from 'node:events';
import { readdir, writeFile } from 'node:fs/promises';
import { type AddressInfo, createServer } from 'node:net';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { AnyMethodResult } from '../../core/api/client.ts';
import { asVireoError } from '../../core/base/errors.ts';
import { Call } from '../../core/job/call.ts';
import { bootGuestXml, lookup } from '../support/boot-guest.ts';
import { bootSectorImage } from '../support/boot-sector.ts';
import { canMakeCertificates, makeCertificates, renewServer } from '../support/certificates.ts';
import { openTestHost, type TestHost } from '../support/open-test-host.ts';
import { logIn } from '../support/vnc-login.ts';

type Display = AnyMethodResult<'domainGetDisplays'>['displays'][number];

const video = "<video><model type='vga'/></video>";

const patienceMs = 30_000;

let host: TestHost;

beforeEach(async () => {
  host = await openTestHost();
});

afterEach(async () => {
  await host[Symbol.asyncDispose]();
});

async function start(devices: string, { paused = true } = {}): Promise<void> {
  const disk = path.join(host.home, 'boot.raw');
  await writeFile(disk, bootSectorImage());
  await host.client.call('domainDefineXML', { xml: bootGuestXml(disk).replace('</devices>', `${devices}</devices>`) });
  await host.client.call('domainCreate', { domain: 'boot', paused });
}

async function settings(values: object): Promise<void> {
  await host.close();
  await writeFile(path.join(host.home, 'settings.json'), JSON.stringify(values));
  await host.open();
}

/** As QEMU tells of it: on a machine that is slow it may not have answered in time. */
async function display(): Promise<Display> {
  const endMs = Date.now() + patienceMs;
  for (;;) {
    const { displays: [first] } = await host.client.call('domainGetDisplays', { domain: 'boot' });
    if (!first) throw new Error('the domain has no display');
    if (first.clients !== null || Date.now() > endMs) return first;
  }
}

/** Asked again where somebody worked with the domain, or QEMU took too long. */
async function thumbnail(options: { readonly maximumWidthPixels: number; readonly known?: string }): Promise<AnyMethodResult<'domainGetThumbnail'>> {
  const endMs = Date.now() + patienceMs;
  for (;;) {
    try {
      return await host.client.call('domainGetThumbnail', { domain: 'boot', ...options });
    } catch (error) {
      if (!['RESOURCE_BUSY', 'OPERATION_TIMEOUT'].includes(asVireoError(error).code) || Date.now() > endMs) throw error;
    }
  }
}

/** Other tests run beside this one, and take whatever ports come first. */
async function freePort(): Promise<number> {
  const server = createServer();
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port: found } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return found;
}

async function port(): Promise<number> {
  const { listen } = await display();
  if (listen.on !== 'tcp' || listen.port === null) throw new Error(`the display listens on ${listen.on}`);
  return listen.port;
}

describe('a small picture of the screen', () => {
  test('comes once, and again only when it has changed', async () => {
    await start(video);
    const first = await thumbnail({ maximumWidthPixels: 160 });
    expect(first.picture).toMatchObject({ widthPixels: 160 });
    expect(first.picture!.screenWidthPixels).toBeGreaterThanOrEqual(640);
    const png = Buffer.from(first.picture!.image, 'base64');
    expect([png.toString('latin1', 1, 4), png.readUInt32BE(16), png.readUInt32BE(20)]).toEqual(['PNG', 160, first.picture!.heightPixels]);
    expect(await thumbnail({ maximumWidthPixels: 160, known: first.version })).toEqual({ version: first.version, picture: null });
    const larger = await thumbnail({ maximumWidthPixels: 320, known: first.version });
    expect(larger.picture).toMatchObject({ widthPixels: 320 });
    expect(await readdir(host.host.driver.find('boot').live!.facts.runFolder)).not.toContainEqual(expect.stringMatching(/^screen-/));
  });

  test('waits for nobody who works with the domain, and is refused where there is no screen', async () => {
    await start(video);
    const { jobs } = host.host.driver.find('boot');
    {
      await using _job = await jobs.begin(new Call({ owner: 'the test', client: 'the test' }), 'modify');
      await expect(host.client.call('domainGetThumbnail', { domain: 'boot' })).rejects.toMatchObject({ code: 'RESOURCE_BUSY' });
    }
    await expect(host.client.call('domainGetThumbnail', { domain: 'boot', screen: 1 })).rejects.toThrow('no such screen ID');
    await host.client.call('domainDestroy', { domain: 'boot' });
    await expect(host.client.call('domainGetThumbnail', { domain: 'boot' })).rejects.toThrow('domain is not running');
  });
});

test('a private socket is told with who is connected to it', async () => {
  await start("<graphics type='vnc'/>");
  const alone = await display();
  expect(alone).toMatchObject({ type: 'vnc', listen: { on: 'socket', path: expect.stringMatching(/\/v$/) }, password: 'none', encryption: 'none', reach: 'private', warning: null, uri: expect.stringMatching(/^vnc\+unix:\/\/\//), clients: [] });
  using login = await logIn({ at: { path: (alone.listen as { path: string }).path } });
  expect(login).toMatchObject({ securityTypes: [1], refusal: null });
  await expect.poll(async () => (await display()).clients, { timeout: patienceMs }).toEqual([{ host: null, service: null, websocket: false, certificate: null, user: null }]);
});

test('the right password lets in, a wrong one and one that has ended do not', async () => {
  await start(`<graphics type='vnc' port='${await freePort()}' listen='127.0.0.1' passwd='hush' passwdValidTo='2099-01-31T23:59:59'/>`);
  expect(await display()).toMatchObject({ password: 'set', passwordValidTo: '2099-01-31T23:59:59', reach: 'computer', warning: null });
  {
    using right = await logIn({ at: { port: await port() }, password: 'hush' });
    using wrong = await logIn({ at: { port: await port() }, password: 'loud' });
    expect([right.securityTypes, right.refusal, wrong.refusal]).toEqual([[2], null, expect.any(String)]);
    await expect.poll(async () => (await display()).clients?.map((client) => client.host), { timeout: patienceMs }).toEqual(['127.0.0.1']);
  }
  const { displays: [secret] } = await host.client.call('domainGetDisplays', { domain: 'boot', secure: true, clients: false });
  expect([secret?.uri, secret?.clients]).toEqual([expect.stringMatching(/^vnc:\/\/:hush@127\.0\.0\.1:\d+$/), null]);
  await host.client.call('domainDestroy', { domain: 'boot' });
  await start(`<graphics type='vnc' port='${await freePort()}' listen='127.0.0.1' passwd='hush' passwdValidTo='2001-01-31T23:59:59'/>`);
  expect((await display()).password).toBe('expired');
  using late = await logIn({ at: { port: await port() }, password: 'hush' });
  expect(late.refusal).not.toBeNull();
});

test('an empty password lets nobody in, not even with an empty one', async () => {
  await start(`<graphics type='vnc' port='${await freePort()}' listen='127.0.0.1' passwd=''/>`);
  expect(await display()).toMatchObject({ password: 'empty', warning: null });
  using refused = await logIn({ at: { port: await port() }, password: '' });
  expect(refused.refusal).not.toBeNull();
});

test('a display that everybody in the network can use is told of, unless the host has a password for it', async () => {
  const open = `<graphics type='vnc' port='${await freePort()}' listen='0.0.0.0'/>`;
  await start(open);
  expect(await display()).toMatchObject({ reach: 'network', warning: expect.stringContaining('asks for no password and is not encrypted'), uri: expect.stringMatching(/^vnc:\/\/localhost:/) });
  expect((await host.client.call('domainGetLog', { domain: 'boot' })).text).toContain('warning: VNC: everybody in the network of 0.0.0.0');
  await host.client.call('domainDestroy', { domain: 'boot' });
  await settings({ vncPassword: 'ours' });
  await start(open);
  expect((await display()).warning).toMatch(/^what the guest shows .* crosses the network in the clear/);
  using right = await logIn({ at: { port: await port() }, password: 'ours' });
  expect([right.securityTypes, right.refusal]).toEqual([[2], null]);
  const { xml } = await host.client.call('domainGetXMLDesc', { domain: 'boot', secure: true });
  expect(xml).not.toContain('ours');
});

const hasOpenssl = await canMakeCertificates();

test.skipIf(!hasOpenssl)('TLS is spoken with the certificates of the host, asks for the password behind it, and takes renewed ones without a restart', async () => {
  const folder = path.join(host.home, 'pki');
  const ca = await makeCertificates(folder);
  await settings({ vncTls: true, vncTlsFolder: folder });
  await start(`<graphics type='vnc' port='${await freePort()}' listen='127.0.0.1' passwd='hush'/>`);
  expect(await display()).toMatchObject({ encryption: 'TLS', password: 'set', warning: null });
  const at = { port: await port() };
  {
    using first = await logIn({ at, password: 'hush', ca });
    using wrong = await logIn({ at, password: 'loud', ca });
    expect(first).toMatchObject({ securityTypes: [19], subtypes: [261], refusal: null, certificateName: 'first' });
    expect(wrong.refusal).not.toBeNull();
  }
  await renewServer(folder, 'second');
  await host.client.call('domainGraphicsReload', { domain: 'boot' });
  using renewed = await logIn({ at, password: 'hush', ca });
  expect(renewed).toMatchObject({ refusal: null, certificateName: 'second' });
});

test.skipIf(!hasOpenssl)('a private socket stays without TLS, and has no certificates to read anew', async () => {
  const folder = path.join(host.home, 'pki');
  await settings({ vncTls: true, vncTlsFolder: folder });
  await start("<graphics type='vnc'/>");
  const { listen, encryption } = await display();
  using login = await logIn({ at: { path: (listen as { path: string }).path } });
  expect([login.securityTypes, login.refusal, encryption]).toEqual([[1], null, 'none']);
  await expect(host.client.call('domainGraphicsReload', { domain: 'boot' })).rejects.toMatchObject({ code: 'OPERATION_UNSUPPORTED' });
});

test('certificates that are missing are told before the start', async () => {
  await settings({ vncTls: true, vncTlsFolder: path.join(host.home, 'nowhere') });
  await expect(start("<graphics type='vnc' autoport='yes' listen='127.0.0.1'/>")).rejects.toThrow(/'vncTls' in settings\.json/);
});

test('spice is told with its addresses, and has its password', async () => {
  await start(`<graphics type='spice' port='${await freePort()}' listen='127.0.0.1' passwd='hush' passwdValidTo='2099-01-31T23:59:59' connected='disconnect'/>`);
  expect(await display()).toMatchObject({ type: 'spice', password: 'set', uri: expect.stringMatching(/^spice:\/\/127\.0\.0\.1:\d+$/), clients: [] });
});

test('sound that goes nowhere or into a file, and a clipboard without spice, are served', async () => {
  const sound = path.join(host.home, 'sound.wav');
  await start(`<graphics type='vnc'/><sound model='ich9'/><audio id='1' type='none'/><audio id='2' type='file' path='${sound}'/><channel type='qemu-vdagent'><source><clipboard copypaste='yes'/><mouse mode='client'/></source><target type='virtio' name='com.redhat.spice.0'/></channel>`, { paused: false });
  expect((await lookup(host)).state).toBe('running');
  const { result } = await host.client.call('qemuDomainMonitorCommand', { domain: 'boot', command: '{"execute":"query-chardev"}' });
  expect(JSON.parse(result)).toMatchObject({ return: expect.arrayContaining([expect.objectContaining({ label: 'charchannel0', filename: 'qemu-vdagent' })]) });
  expect((await host.client.call('domainGetLog', { domain: 'boot' })).text).not.toMatch(/audio.*(error|fail)/i);
});
