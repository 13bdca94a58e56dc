/** Guests' screens in the main window: small in the list, larger in the Display tab, with who may look at them. */
import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Page } from '@playwright/test';
import type { Client } from '../../core/api/client.ts';
import { bootSectorImage } from '../support/boot-sector.ts';
import { bootGuestXml } from '../support/boot-guest.ts';
import { type AppBench, type LaunchedApp, openAppBench } from '../support/electron-app.ts';
import { eventually } from '../support/electron-processes.ts';
import { domainRow, selectDomain } from '../support/electron-screen.ts';

const pictureMs = 40_000;

let bench: AppBench;
let app: LaunchedApp;
let main: Page;
let backend: Client;

beforeAll(async () => {
  bench = await openAppBench();
  app = await bench.launch();
  main = await app.main();
  backend = await bench.connect();
  const disk = path.join(bench.layout.root, 'boot.raw');
  await writeFile(disk, bootSectorImage());
  await backend.call('domainDefineXML', { xml: bootGuestXml(disk).replace('</devices>', "<graphics type='vnc'/><video><model type='vga'/></video></devices>") });
  await backend.call('domainDefineXML', { xml: "<domain type='qemu'><name>plain</name><memory unit='MiB'>16</memory><os><type arch='x86_64' machine='pc'>hvm</type></os></domain>" });
});

afterAll(async () => {
  await backend.call('domainDestroy', { domain: 'boot' }).catch(() => {}); // where a test failed early it does not run
  await bench[Symbol.asyncDispose]();
});

test('a guest that is off has no picture, and says what its display will be', async () => {
  await selectDomain(main, 'boot');
  await main.getByRole('tab', { name: 'Display' }).click();
  await main.getByRole('heading', { name: 'It is off' }).waitFor();
  await main.getByRole('region', { name: 'VNC display' }).getByText('a private socket, made at the start').waitFor();
  expect(await domainRow(main, 'boot').locator('.tree-screen').count()).toBe(0);
});

test('one that runs is shown in its row and in the tab, and can be switched off in the list', async () => {
  await main.getByRole('region', { name: 'Screen' }).getByRole('button', { name: 'Start' }).click();
  await main.getByRole('img', { name: 'What boot shows' }).waitFor({ timeout: pictureMs });
  const small = domainRow(main, 'boot').locator('.tree-screen img');
  await small.waitFor({ timeout: pictureMs });
  expect(await small.getAttribute('src')).toMatch(/^data:image\/png;base64,/);
  await main.getByRole('region', { name: 'VNC display' }).getByText('nobody').waitFor({ timeout: pictureMs });
  const setInList = async (): Promise<void> => {
    await main.getByRole('button', { name: 'Menu', exact: true }).click();
    await main.getByRole('menuitem', { name: 'Pictures of screens in the list' }).click();
  };
  await setInList();
  await domainRow(main, 'boot').locator('.tree-screen').waitFor({ state: 'detached' });
  await main.getByRole('menu').waitFor({ state: 'detached' });
  await setInList();
  await small.waitFor({ timeout: pictureMs });
});

test('a window out of sight asks for no pictures, and goes on when it is back', async () => {
  const show = (shown: boolean): Promise<void> => app.electron.evaluate(({ BrowserWindow }, is) => BrowserWindow.getAllWindows().forEach((window) => (is ? window.show() : window.hide())), shown);
  // A guest that is started while nobody looks has no picture until somebody does.
  await backend.call('domainDestroy', { domain: 'boot' });
  await main.getByRole('heading', { name: 'It is off' }).waitFor();
  await show(false);
  await eventually('the window is hidden', () => app.electron.evaluate(({ BrowserWindow }) => BrowserWindow.getAllWindows().every((window) => !window.isVisible())), 20_000);
  await backend.call('domainCreate', { domain: 'boot' });
  await main.getByLabel('Taking a picture of the screen').waitFor({ state: 'attached', timeout: pictureMs });
  for (let taken = 0; taken < 5; taken += 1) await eventually('the host takes one for somebody else', () => backend.call('domainGetThumbnail', { domain: 'boot' }).then(() => true, () => false), 20_000);
  expect(await main.getByRole('img', { name: 'What boot shows' }).count()).toBe(0);
  await show(true);
  await main.getByRole('img', { name: 'What boot shows' }).waitFor({ timeout: pictureMs });
});

test('whoever asks the host for the display gets the window of the app', async () => {
  const opened = await app.windowOpenedBy(() => backend.call('domainShowDisplay', { domain: 'boot' }));
  expect(new URL(opened.url()).pathname).toBe('/display.html');
  await opened.close();
});

test('a domain without a display says what to add', async () => {
  await selectDomain(main, 'plain');
  await main.getByText('This domain has no display').waitFor();
  await main.getByText("<graphics type='vnc'/>").waitFor();
});
