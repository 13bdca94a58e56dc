/** The clipboard of a display, with an agent's real protocol in a real guest: text goes both ways, and only to who has the input. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type GuestConsole, guestConsole } from '../support/guest-console.ts';
import { openTestHost, type TestHost } from '../support/open-test-host.ts';
import { logIn } from '../support/sample-guest-shell.ts';
import { openClipboardViewer } from '../support/vnc-clipboard.ts';

const patient = { timeout: 40_000, interval: 20 };
/** Four seconds where nobody else works. */
const bootMs = 90_000;
const devices = `<graphics type='vnc'/><video><model type='vga'/></video>
  <channel type='qemu-vdagent'><source><clipboard copypaste='yes'/><mouse mode='client'/></source><target type='virtio' name='com.redhat.spice.0'/></channel>`;

let host: TestHost;
let serial: GuestConsole;

beforeAll(async () => {
  host = await openTestHost();
  await host.client.call('sampleGuestDefine', {});
  const { xml } = await host.client.call('domainGetXMLDesc', { domain: 'sample', inactive: true });
  await host.client.call('domainDefineXML', { xml: xml.replace('</devices>', `${devices}</devices>`) });
  await host.client.call('domainCreate', { domain: 'sample' });
  serial = await guestConsole(host.client, 'sample', null);
  await serial.waitFor(/ready on ttyS0/, bootMs);
  await logIn(serial);
  await serial.type('until [ -p /run/clipboard/copied ]; do sleep 0.1; done; echo clip""board\n');
  await serial.waitFor(/^clipboard/m);
}, bootMs + 60_000);

afterAll(async () => {
  await serial?.[Symbol.asyncDispose]();
  await host?.[Symbol.asyncDispose]();
});

/** Prints what the guest has until it is this. */
async function guestHas(words: string): Promise<void> {
  await serial.type(`until [ "$(clipboard paste)" = '${words}' ]; do sleep 0.1; done; echo ha""ve\n`);
  await serial.waitFor(/^have/m, patient.timeout);
}

test('what is copied in the guest reaches the viewer, and what the viewer copies the guest', async () => {
  using owner = await openClipboardViewer(host.client, 'sample');
  await expect.poll(() => owner.viewer.updates, patient).toBeGreaterThan(0);
  await serial.type("printf 'from the guest: äöü' | clipboard copy\n");
  await expect.poll(() => owner.received.at(-1), patient).toBe('from the guest: äöü');
  await owner.copy('from the viewer: äöü');
  await guestHas('from the viewer: äöü');
  const long = 'long '.repeat(2_000);
  await owner.copy(long);
  await serial.type("until [ $(clipboard paste | wc -c) = 10000 ]; do sleep 0.1; done; clipboard paste | md5sum\n");
  await serial.waitFor(/^[0-9a-f]{32} /m, patient.timeout);
  await serial.type("{ clipboard paste; echo 'and back'; } | clipboard copy\n");
  await expect.poll(() => owner.received.at(-1), patient).toBe(`${long}and back\n`);
});

test('a watcher neither reads the clipboard of the guest nor fills it', async () => {
  using owner = await openClipboardViewer(host.client, 'sample');
  using watcher = await openClipboardViewer(host.host.client('another'), 'sample', { mode: 'watch' });
  await expect.poll(() => Math.min(owner.viewer.updates, watcher.viewer.updates), patient).toBeGreaterThan(0);
  await watcher.copy('not for the guest');
  await serial.type("printf 'for the owner' | clipboard copy\n");
  await expect.poll(() => owner.received.at(-1), patient).toBe('for the owner');
  await owner.copy('the last word');
  await guestHas('the last word');
  expect(watcher.received).toEqual([]);
});
