/** Displays of real guests, looked at through the contract: one has the keys, everybody has the picture. */
import { readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { bootGuestXml, lookup } from '../support/boot-guest.ts';
import { canMakeCertificates, makeCertificates } from '../support/certificates.ts';
import { freePort } from '../support/free-port.ts';
import { type GuestConsole, guestConsole } from '../support/guest-console.ts';
import { keyboardGreeting, keyboardSectorImage } from '../support/keyboard-sector.ts';
import { openTestHost, type TestHost } from '../support/open-test-host.ts';
import { type VncViewer, keyMessage, openVncViewer } from '../support/vnc-viewer.ts';

const [keyA, keyB, control] = [0x1e, 0x30, 0x1d];
const patient = { timeout: 40_000, interval: 20 };

let host: TestHost;

beforeEach(async () => {
  host = await openTestHost();
});

afterEach(async () => {
  await host[Symbol.asyncDispose]();
});

async function start(graphics: string, name = 'boot'): Promise<GuestConsole> {
  const disk = path.join(host.home, `${name}.raw`);
  await writeFile(disk, keyboardSectorImage());
  await host.client.call('domainDefineXML', { xml: bootGuestXml(disk, { name }).replace('</devices>', `<video><model type='vga'/></video>${graphics}</devices>`) });
  await host.client.call('domainCreate', { domain: name });
  const serial = await guestConsole(host.client, name, null);
  await serial.waitFor(new RegExp(keyboardGreeting.trim()));
  return serial;
}

/** What QEMU itself says is on the screen: three bytes a point. */
async function screendump(domain = 'boot'): Promise<Buffer> {
  const filename = path.join(host.home, 'screen.ppm');
  await host.client.call('qemuDomainMonitorCommand', { domain, command: JSON.stringify({ execute: 'screendump', arguments: { filename } }) });
  const ppm = await readFile(filename);
  return ppm.subarray(/^P6\s\d+\s\d+\s255\s/.exec(ppm.toString('latin1', 0, 64))![0].length);
}

async function showsTheScreen(viewer: VncViewer): Promise<void> {
  await expect.poll(async () => viewer.width > 0 && viewer.picture().equals(await screendump()), patient).toBe(true);
}

test("only its owner's keys reach the guest, everybody has QEMU's own picture, and a take-over leaves nothing pressed", async () => {
  await using serial = await start("<graphics type='vnc'/>");
  using first = await openVncViewer(host.client, 'boot');
  using second = await openVncViewer(host.host.client('another'), 'boot', { mode: 'write-or-watch' });
  expect([first.stream.opened.mode, second.stream.opened.mode]).toEqual(['write', 'watch']);
  await Promise.all([showsTheScreen(first), showsTheScreen(second)]);
  expect(first.width * first.height).toBeGreaterThanOrEqual(320 * 200);
  await expect(openVncViewer(host.client, 'boot')).rejects.toMatchObject({ code: 'OPERATION_FAILED', message: 'operation failed: Active display session exists for this domain', details: { holder: 'the test' } });

  await second.key(keyB, true);
  await first.key(keyA, true);
  await first.key(keyA, false);
  await first.key(control, true);
  await serial.waitFor(/1e 9e 1d /);
  second.stream.message({ type: 'request-write', force: true });
  await expect.poll(() => [first.messages, second.messages], patient).toEqual([
    [{ type: 'notice', what: 'taken-over', by: expect.stringContaining('another'), atMs: expect.any(Number) }, { type: 'mode', mode: 'watch' }],
    [{ type: 'mode', mode: 'write' }],
  ]);
  await serial.waitFor(/9d /);
  await first.key(keyA, true);
  await second.key(keyB, true);
  await second.key(keyB, false);
  await serial.waitFor(/30 b0 /);
  expect(serial.text().slice(keyboardGreeting.length)).toBe('1e 9e 1d 9d 30 b0 ');
  await Promise.all([showsTheScreen(first), showsTheScreen(second)]);

  const [display] = (await lookup(host)).displays;
  expect(display).toMatchObject({ index: 0, type: 'vnc', place: 'private socket', unavailable: null, watchers: 1, writer: { sessionId: second.stream.opened.sessionId, label: expect.stringContaining('another') } });
  second.stream.close();
  await expect.poll(async () => (await lookup(host)).displays[0], patient).toMatchObject({ watchers: 1, writer: null });
});

test('a reset of the guest keeps its viewers, its end ends them, and a host that comes back has them again', async () => {
  await using serial = await start("<graphics type='vnc'/>");
  using viewer = await openVncViewer(host.client, 'boot');
  await showsTheScreen(viewer);
  await host.client.call('domainReset', { domain: 'boot' });
  await serial.waitFor(new RegExp(keyboardGreeting.trim()));
  await showsTheScreen(viewer);
  await viewer.key(keyA, true);
  await serial.waitFor(/1e /);
  expect(viewer.ended).toBeUndefined();

  await host.reopen();
  await expect.poll(() => viewer.ended, patient).not.toBeUndefined();
  using again = await openVncViewer(host.client, 'boot');
  await showsTheScreen(again);
  await host.client.call('domainDestroy', { domain: 'boot' });
  await expect.poll(() => again.ended, patient).toBeNull();
  await expect(openVncViewer(host.client, 'boot')).rejects.toMatchObject({ code: 'OPERATION_INVALID' });
});

test('a viewer who says nonsense ends alone, and one who reads nothing holds up nobody', async () => {
  await using serial = await start(`<graphics type='vnc' port='${await freePort()}' listen='127.0.0.1' passwd='hush'/>`);
  using bad = await openVncViewer(host.client, 'boot', { mode: 'watch' });
  using silent = await openVncViewer(host.client, 'boot', { mode: 'watch', silent: true });
  using owner = await openVncViewer(host.client, 'boot');
  await Promise.all([showsTheScreen(bad), showsTheScreen(owner)]);
  await bad.send(Uint8Array.of(77));
  await expect.poll(() => bad.ended, patient).toMatchObject({ code: 'INVALID_ARG', message: expect.stringContaining('a viewer sends no message of type 77') });
  for (let round = 0; round < 50; round += 1) {
    silent.refresh();
    await owner.send(Buffer.concat([keyMessage(keyA, true), keyMessage(keyA, false)]));
  }
  await serial.waitFor(/(1e 9e ){50}/);
  await showsTheScreen(owner);
  expect(silent.receivedBytes).toBeLessThan(400_000);
  expect(silent.ended).toBeUndefined();
});

test('a display that cannot be shown says why', async () => {
  await using serial = await start("<graphics type='vnc'><listen type='none'/></graphics>");
  expect(serial.ended()).toBe(false);
  await expect(openVncViewer(host.client, 'boot')).rejects.toMatchObject({ code: 'OPERATION_UNSUPPORTED', message: 'Operation not supported: display 0 cannot be shown: it was told to listen nowhere' });
  await expect(host.client.openStream('domainOpenGraphics', { domain: 'boot', display: 3 }, { onBytes() {}, onMessage() {}, onEnd() {} })).rejects.toMatchObject({ code: 'INVALID_ARG' });
});

const hasOpenssl = await canMakeCertificates();

test.skipIf(!hasOpenssl)('a display that speaks TLS and asks for a password is shown without either to the viewer', async () => {
  const vncTlsFolder = path.join(host.home, 'pki');
  await makeCertificates(vncTlsFolder);
  await host.close();
  await writeFile(path.join(host.home, 'settings.json'), JSON.stringify({ vncTls: true, vncTlsFolder }));
  await host.open();
  await using serial = await start(`<graphics type='vnc' port='${await freePort()}' listen='127.0.0.1' passwd='hush'/>`);
  using viewer = await openVncViewer(host.client, 'boot');
  await showsTheScreen(viewer);
  await viewer.key(keyA, true);
  await serial.waitFor(/1e /);
});
