/** The Overview tab's numbers and what belongs to them: curves, the agent's report, a screenshot, a dump, an image that is in use. */
import { stat } from 'node:fs/promises';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Page } from '@playwright/test';
import type { Client } from '../../core/api/client.ts';
import { type AppBench, type LaunchedApp, openAppBench } from '../support/electron-app.ts';
import { domainRow, selectDomain, startSample, statusSays } from '../support/electron-screen.ts';

/** The sample guest boots in some seconds under emulation, on a machine that others use too. */
const guestMs = 90_000;

let bench: AppBench;
let app: LaunchedApp;
let main: Page;
let backend: Client;

beforeAll(async () => {
  bench = await openAppBench();
  app = await bench.launch();
  await statusSays(await startSample(app), 'You are writing');
  main = await app.main();
  backend = await bench.connect();
  await selectDomain(main, 'sample');
});

afterAll(async () => {
  for (const domain of ['sample', 'screen']) await backend.call('domainDestroy', { domain }).catch(() => {}); // a guest whose test failed early does not run
  await bench[Symbol.asyncDispose]();
});

test('what a guest uses is counted while it is looked at; what nobody counts is said and never zero', async () => {
  const usage = main.getByRole('region', { name: 'What it uses' });
  await usage.getByRole('region', { name: 'CPU' }).getByRole('strong').filter({ hasText: /^\d+(\.\d)? %$/ }).waitFor();
  await usage.getByRole('region', { name: 'Memory' }).getByText(/^\d+ MiB$/).first().waitFor();
  await usage.getByRole('region', { name: 'Disk' }).getByText('written').waitFor();
  await usage.getByRole('region', { name: 'Network' }).getByText('not counted for user networking').waitFor();
  await usage.getByRole('img', { name: /^CPU over the last three minutes: at most \d/ }).waitFor();
});

test('the agent tells the host name and how full the file systems are', async () => {
  const inside = main.getByRole('region', { name: 'Inside the guest' });
  await inside.getByText('sample', { exact: true }).waitFor({ timeout: guestMs });
  await inside.getByRole('meter', { name: '/data is filled' }).waitFor();
});

test('a guest that is asked reports what its programs use', async () => {
  const memory = main.getByRole('region', { name: 'Memory' });
  await memory.getByRole('button', { name: 'Ask the guest' }).click();
  await memory.getByText('as the guest reports').waitFor({ timeout: guestMs });
  await memory.getByText(/^\d+ of 256 MiB$/).waitFor();
});

test('a screenshot is shown, and saved where its user says', async () => {
  const file = path.join(bench.layout.root, 'screen.png');
  await app.electron.evaluate(({ dialog }, filePath) => void (dialog.showSaveDialog = () => Promise.resolve({ canceled: false, filePath })), file);
  await backend.call('domainDefineXML', { xml: "<domain type='qemu'><name>screen</name><memory unit='MiB'>16</memory><os><type arch='x86_64' machine='pc'>hvm</type></os><devices><video><model type='vga'/></video></devices></domain>" });
  await backend.call('domainCreate', { domain: 'screen' });
  await selectDomain(main, 'screen');
  await chooseFromMenu('Take screenshot…');
  const dialog = main.getByRole('alertdialog');
  await dialog.getByRole('img', { name: 'What screen shows' }).waitFor();
  await dialog.getByRole('button', { name: 'Save…' }).click();
  await main.getByText('Screenshot saved').waitFor();
  expect((await stat(file)).size).toBeGreaterThan(100);
  await main.keyboard.press('Escape');
  await dialog.waitFor({ state: 'detached' });
});

test('a dump is told with its file and size, and the guest goes on', async () => {
  const file = path.join(bench.layout.root, 'memory.dump');
  await selectDomain(main, 'sample');
  await chooseFromMenu('Dump memory…');
  const dialog = main.getByRole('alertdialog');
  await dialog.getByRole('textbox', { name: 'File' }).fill('memory.dump');
  await dialog.getByText('The path must begin at the root').waitFor();
  expect(await dialog.getByRole('button', { name: 'Dump', exact: true }).isDisabled()).toBe(true);
  await dialog.getByRole('textbox', { name: 'File' }).fill(file);
  await dialog.getByRole('button', { name: 'Dump', exact: true }).click();
  await main.getByText(/^The memory of sample was dumped: \d/).waitFor({ timeout: guestMs });
  expect((await stat(file)).size).toBeGreaterThan(64 << 20);
  await domainRow(main, 'sample').filter({ hasText: 'running' }).waitFor();
});

test('whoever is refused an image is told which domain has it, and goes there', async () => {
  const { xml } = await backend.call('domainGetXMLDesc', { domain: 'sample', inactive: true });
  await backend.call('domainDefineXML', { xml: xml.replace('<name>sample</name>', '<name>twin</name>').replace(/<uuid>.*?<\/uuid>/, '').replace(/<mac [^>]*>/, '') });
  await selectDomain(main, 'twin');
  await main.getByRole('region', { name: 'CPU' }).getByText('it is off').waitFor();
  await main.getByRole('button', { name: 'Start', exact: true }).click();
  await main.getByText(/^It was not started: disk vd.'s image .* is used by domain sample, since/).waitFor();
  await main.getByRole('button', { name: 'Show sample' }).click();
  await main.getByRole('heading', { name: 'sample' }).waitFor();
});

async function chooseFromMenu(item: string): Promise<void> {
  await main.getByRole('button', { name: 'More actions' }).click();
  await main.getByRole('menuitem', { name: item }).click();
}
