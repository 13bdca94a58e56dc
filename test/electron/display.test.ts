/** Display windows on a real guest: the picture, the keys, two windows that take over from each other, a guest that comes back. */
import { readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import type { Page } from '@playwright/test';
import { expect, test } from 'vitest';
import type { Client } from '../../core/api/client.ts';
import { bootGuestXml } from '../support/boot-guest.ts';
import { type AppBench, type LaunchedApp, openAppBench } from '../support/electron-app.ts';
import { eventually } from '../support/electron-processes.ts';
import { selectDomain } from '../support/electron-screen.ts';
import { type GuestConsole, guestConsole } from '../support/guest-console.ts';
import { keyboardGreeting, keyboardSectorImage } from '../support/keyboard-sector.ts';

const patientMs = 40_000;
const greets = new RegExp(keyboardGreeting.trim());

async function startGuest(bench: AppBench, backend: Client, devices: string): Promise<GuestConsole> {
  const disk = path.join(bench.layout.root, 'boot.raw');
  await writeFile(disk, keyboardSectorImage());
  await backend.call('domainDefineXML', { xml: bootGuestXml(disk).replace('</devices>', `${devices}</devices>`) });
  await backend.call('domainCreate', { domain: 'boot' });
  const serial = await guestConsole(backend, 'boot', null);
  await serial.waitFor(greets);
  return serial;
}

/** As its user opens it: from the domain's own button in the main window. */
async function openDisplay(app: LaunchedApp): Promise<Page> {
  const main = await app.main();
  await selectDomain(main, 'boot');
  return await app.windowOpenedBy(() => main.getByRole('button', { name: 'Display', exact: true }).click());
}

/** What QEMU itself says is on the screen: three bytes a point. */
async function screendump(bench: AppBench, backend: Client): Promise<Buffer> {
  const filename = path.join(bench.layout.root, 'screen.ppm');
  await backend.call('qemuDomainMonitorCommand', { domain: 'boot', command: JSON.stringify({ execute: 'screendump', arguments: { filename } }) });
  const ppm = await readFile(filename);
  return ppm.subarray(/^P6\s\d+\s\d+\s255\s/.exec(ppm.toString('latin1', 0, 64))![0].length);
}

async function drawn(page: Page): Promise<Buffer> {
  const picture = await page.evaluate(() => (window as unknown as { vireoDisplayPicture?: () => { points: string } | null }).vireoDisplayPicture?.() ?? null);
  return Buffer.from(picture?.points ?? '', 'base64');
}

/** Every point of the window's canvas is the one of QEMU's own screendump. */
async function showsTheScreen(page: Page, bench: AppBench, backend: Client): Promise<void> {
  await eventually('the window shows the screen', async () => (await drawn(page)).equals(await screendump(bench, backend)), patientMs);
}

const says = (page: Page, text: string | RegExp): Promise<void> => page.getByRole('banner').getByRole('status').filter({ hasText: text }).waitFor({ timeout: patientMs });

async function press(page: Page, key: string): Promise<void> {
  await page.locator('.screen-layer canvas').last().focus();
  await page.keyboard.press(key);
}

test("display windows show QEMU's own picture, one has the keys, and a guest that comes back is there again", async () => {
  await using bench = await openAppBench();
  const app = await bench.launch();
  await app.main();
  const backend = await bench.connect();
  await using serial = await startGuest(bench, backend, "<graphics type='vnc'/><video><model type='vga'/></video>");

  const first = await openDisplay(app);
  await first.getByRole('banner').getByRole('heading', { name: /boot/ }).waitFor();
  await says(first, 'You have control');
  await showsTheScreen(first, bench, backend);
  await press(first, 'a');
  await serial.waitFor(/1e 9e /);
  await showsTheScreen(first, bench, backend);
  await first.getByRole('button', { name: 'Send keys' }).click();
  await first.getByRole('menuitem', { name: 'Ctrl+Alt+F2', exact: true }).click();
  await serial.waitFor(/1d 38 3c bc b8 9d /);

  // A guest without a tablet has a mouse: a click gives it the pointer, Ctrl+Alt takes it back.
  await eventually('the guest has the pointer', async () => {
    await (await app.electron.browserWindow(first)).evaluate((window) => window.focus()); // no other window gets a pointer
    await first.locator('.screen-layer canvas').click();
    return await first.getByText('The guest has the pointer.').isVisible();
  }, patientMs);
  await first.keyboard.press('Control+Alt');
  await first.getByText('The guest has the pointer.').waitFor({ state: 'detached' });
  await serial.waitFor(/1d 38 b8 9d /);

  const second = await openDisplay(app);
  await says(second, /^Watching\. window 2 has control since/);
  await showsTheScreen(second, bench, backend);
  await press(second, 'b');
  await second.getByRole('button', { name: 'Request' }).click();
  await first.getByText(/asks for control/).waitFor();
  await first.getByRole('button', { name: 'Decline' }).click();
  await second.getByText(/declined at/).waitFor();
  await second.getByRole('banner').getByRole('button', { name: 'Take over' }).click();
  await says(second, 'You have control');
  await first.getByText(/^window 3 took over at/).waitFor();
  await says(first, /^Watching\. window 3/);
  await press(first, 'c');
  await press(second, 'b');
  await serial.waitFor(/30 b0 /);
  expect(serial.text().slice(keyboardGreeting.length)).toBe('1e 9e 1d 38 3c bc b8 9d 1d 38 b8 9d 30 b0 ');

  await backend.call('domainReset', { domain: 'boot' });
  await serial.waitFor(greets);
  await showsTheScreen(second, bench, backend);
  await backend.call('domainDestroy', { domain: 'boot' });
  await says(second, 'Not running');
  expect((await drawn(second)).length).toBeGreaterThan(0); // its last picture stays
  await second.getByRole('group', { name: 'The guest is not running' }).getByRole('button', { name: 'Start' }).click();
  await says(second, 'You have control');
  await using again = await guestConsole(backend, 'boot', null);
  await again.waitFor(greets);
  await showsTheScreen(second, bench, backend);
  await backend.call('domainDestroy', { domain: 'boot' });
});
