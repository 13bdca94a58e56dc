/** Saving a guest from the window: its progress and Cancel, the saved state and what can be done with it, a file and back. */
import { chmod, mkdir, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import type { Page } from '@playwright/test';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Client } from '../../core/api/client.ts';
import { bootGuestXml } from '../support/boot-guest.ts';
import { bootSectorImage } from '../support/boot-sector.ts';
import { type AppBench, type LaunchedApp, openAppBench } from '../support/electron-app.ts';
import { domainRow, selectDomain } from '../support/electron-screen.ts';

let bench: AppBench;
let app: LaunchedApp;
let main: Page;
let backend: Client;
/** While it is there, whoever is to write an image reads nothing. */
let stuck: string;

beforeAll(async () => {
  bench = await openAppBench();
  const { root } = bench.layout;
  const programs = path.join(root, 'bin');
  stuck = path.join(root, 'stuck');
  await mkdir(programs, { recursive: true });
  await writeFile(path.join(programs, 'zstd'), `#!/bin/sh\n[ -e ${stuck} ] && exec sleep 600\nexec cat\n`);
  await chmod(path.join(programs, 'zstd'), 0o755);
  await writeFile(path.join(root, 'settings.json'), JSON.stringify({ saveImageFormat: 'zstd' }));
  await writeFile(path.join(root, 'boot.raw'), bootSectorImage());
  app = await bench.launch({ env: { PATH: `${programs}:${process.env['PATH']}` } });
  main = await app.main();
  backend = await bench.connect();
  await backend.call('domainDefineXML', { xml: bootGuestXml(path.join(root, 'boot.raw'), { memoryMiB: 512 }) });
  await backend.call('domainCreate', { domain: 'boot' });
  await selectDomain(main, 'boot');
});
afterAll(async () => {
  await bench[Symbol.asyncDispose]();
});

async function choose(item: string): Promise<void> {
  await main.getByRole('button', { name: 'More actions' }).click();
  await main.getByRole('menuitem', { name: item, exact: true }).click();
}

async function isNow(state: string): Promise<void> {
  await domainRow(main, 'boot').filter({ hasText: state }).waitFor();
}

test('a save shows how far it is, and Cancel lets the guest go on', async () => {
  await isNow('running');
  await writeFile(stuck, '');
  await choose('Save');
  await main.getByRole('progressbar', { name: "The job's progress" }).waitFor();
  await main.getByRole('main').getByRole('button', { name: 'Cancel' }).click();
  await isNow('running');
  expect(await backend.call('domainLookup', { domain: 'boot' })).toMatchObject({ state: 'running', reason: 'save canceled', hasManagedSave: false });
  await rm(stuck);
});

test('a saved guest goes on with Start, or starts fresh once that is confirmed', async () => {
  await choose('Save');
  await isNow('saved');
  await main.getByRole('status', { name: 'State' }).filter({ hasText: 'saved' }).waitFor();
  await main.getByRole('button', { name: 'Start', exact: true }).click();
  await isNow('running');
  expect(await backend.call('domainLookup', { domain: 'boot' })).toMatchObject({ reason: 'restored', hasManagedSave: false });
  await choose('Save');
  await isNow('saved');
  await choose('Start fresh');
  await main.getByRole('alertdialog', { name: 'Start fresh boot?' }).getByRole('button', { name: 'Start fresh' }).click();
  await isNow('running');
  expect(await backend.call('domainLookup', { domain: 'boot' })).toMatchObject({ reason: 'booted', hasManagedSave: false });
});

test('a guest is saved to a file that is named, and restored from one that is chosen; a saved state can be discarded', async () => {
  const file = path.join(bench.layout.root, 'boot.save');
  await app.electron.evaluate(({ dialog }, chosen) => {
    dialog.showSaveDialog = () => Promise.resolve({ canceled: false, filePath: chosen });
    dialog.showOpenDialog = () => Promise.resolve({ canceled: false, filePaths: [chosen] });
  }, file);
  await choose('Save to file…');
  const dialog = main.getByRole('alertdialog', { name: 'Save boot to a file' });
  await dialog.getByRole('button', { name: 'Choose…' }).click();
  await dialog.getByRole('button', { name: 'Save', exact: true }).click();
  await isNow('shut off');
  await main.getByText('boot was saved').waitFor();
  await main.getByRole('button', { name: 'New' }).first().click();
  await main.getByRole('menuitem', { name: 'Restore a saved guest' }).click();
  await isNow('running');
  await choose('Save');
  await isNow('saved');
  await choose('Discard saved state');
  await main.getByRole('alertdialog', { name: 'Discard saved state boot?' }).getByRole('button', { name: 'Discard saved state' }).click();
  await isNow('shut off');
  expect(await backend.call('domainLookup', { domain: 'boot' })).toMatchObject({ hasManagedSave: false });
});
