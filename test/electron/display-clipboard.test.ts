/** A display window on a guest with a clipboard agent, over TLS and a password: the picture, and text that goes both ways. */
import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { expect, test } from 'vitest';
import { canMakeCertificates, makeCertificates } from '../support/certificates.ts';
import { openAppBench } from '../support/electron-app.ts';
import { eventually } from '../support/electron-processes.ts';
import { selectDomain } from '../support/electron-screen.ts';
import { freePort } from '../support/free-port.ts';
import { guestConsole } from '../support/guest-console.ts';
import { logIn } from '../support/sample-guest-shell.ts';

const patientMs = 40_000;
/** Four seconds where nobody else works. */
const bootMs = 90_000;
const hasOpenssl = await canMakeCertificates();

test.skipIf(!hasOpenssl)('a display on TCP with TLS and a password is shown without asking for either, and shares its clipboard where that is switched on', async () => {
  await using bench = await openAppBench();
  const vncTlsFolder = path.join(bench.layout.root, 'pki');
  await makeCertificates(vncTlsFolder);
  await writeFile(path.join(bench.layout.root, 'settings.json'), JSON.stringify({ vncTls: true, vncTlsFolder }));
  const app = await bench.launch();
  const main = await app.main();
  const backend = await bench.connect();
  const port = await freePort();
  const devices = `<graphics type='vnc' port='${port}' listen='127.0.0.1' passwd='hush'/><video><model type='vga'/></video>
    <channel type='qemu-vdagent'><source><clipboard copypaste='yes'/></source><target type='virtio' name='com.redhat.spice.0'/></channel>`;
  await backend.call('sampleGuestDefine', {});
  const { xml } = await backend.call('domainGetXMLDesc', { domain: 'sample', inactive: true });
  await backend.call('domainDefineXML', { xml: xml.replace('</devices>', `${devices}</devices>`) });
  await backend.call('domainCreate', { domain: 'sample' });
  await using serial = await guestConsole(backend, 'sample', null);

  await selectDomain(main, 'sample');
  const page = await app.windowOpenedBy(() => main.getByRole('button', { name: 'Display', exact: true }).click());
  await page.getByRole('banner').getByRole('status').filter({ hasText: 'You have control' }).waitFor({ timeout: patientMs });
  await eventually('there is a picture', async () => (await page.evaluate(() => (window as unknown as { vireoDisplayPicture?: () => { width: number } | null }).vireoDisplayPicture?.()?.width ?? 0)) > 0, patientMs);
  const displays = async () => (await backend.call('domainGetDisplays', { domain: 'sample' })).displays;
  expect(await displays()).toMatchObject([{ type: 'vnc', listen: { on: 'tcp', address: '127.0.0.1', port }, password: 'set', encryption: 'TLS', reach: 'computer', warning: null, uri: `vnc://127.0.0.1:${port - 5_900}` }]);
  // A QEMU that is busy is not asked, and then nobody knows.
  await eventually('the app is connected to it', async () => (await displays())[0]?.clients?.[0]?.host === '127.0.0.1', patientMs);

  await serial.waitFor(/ready on ttyS0/, bootMs);
  await logIn(serial);
  await serial.type('until [ -p /run/clipboard/copied ]; do sleep 0.1; done; echo clip""board\n');
  await serial.waitFor(/^clipboard/m);
  const clipboard = (): Promise<string> => app.electron.evaluate(({ clipboard: kept }) => kept.readText());
  await app.electron.evaluate(({ clipboard: kept }) => kept.writeText('from the computer: äöü'));
  await page.getByRole('button', { name: 'Menu', exact: true }).click();
  await page.getByRole('menuitem', { name: 'Send the clipboard once' }).click();
  await serial.type(`until [ "$(clipboard paste)" = 'from the computer: äöü' ]; do sleep 0.1; done; echo ha""ve\n`);
  await serial.waitFor(/^have/m, patientMs);
  expect(await clipboard()).toBe('from the computer: äöü');

  await page.getByRole('button', { name: 'Menu', exact: true }).click();
  await page.getByRole('menuitemcheckbox', { name: 'Copy from the guest' }).click();
  await page.keyboard.press('Escape');
  await serial.type("printf 'from the guest: äöü' | clipboard copy\n");
  await eventually('it is on the clipboard of this computer', async () => (await clipboard()) === 'from the guest: äöü', patientMs);
  await backend.call('domainDestroy', { domain: 'sample' });
}, 240_000);
