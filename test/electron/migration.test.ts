/**
 * A guest is moved from the window to another host of this computer: refused, steered, cancelled, and moved with its disk.
 * The other host has a mount namespace of its own, in which the folder of images is another one: else both would have the
 * same disk, and there would be nothing to copy.
 */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import type { Page } from '@playwright/test';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { Client } from '../../core/api/client.ts';
import { connectLocal } from '../../core/api/local-client.ts';
import { stateLayout } from '../../core/status/state-folder.ts';
import { dirtySectorImage } from '../support/dirty-sector.ts';
import { type AppBench, type LaunchedApp, openAppBench } from '../support/electron-app.ts';
import { eventually } from '../support/electron-processes.ts';
import { selectDomain } from '../support/electron-screen.ts';

const waitMs = 40_000;

let bench: AppBench;
let app: LaunchedApp;
let main: Page;
let here: Client;
let there: Client;
let host: ChildProcess;

function hasNamespaces(): boolean {
  try {
    execFileSync('unshare', ['--mount', 'true'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

const home = (): string => path.join(bench.layout.root, 'b');
const images = (): string => path.join(bench.layout.root, 'images');

/** Its images are in a folder of its own, under the same name. */
async function startOtherHost(): Promise<void> {
  const own = path.join(bench.layout.root, 'images-of-b');
  await mkdir(own);
  const command = path.join(bench.appFolder, 'dist/vireo.cjs');
  host = spawn('unshare', ['--mount', 'sh', '-c', 'mount --bind "$1" "$2" && shift 2 && exec "$@"', 'sh', own, images(), process.execPath, command, '--home', home(), 'host'], { stdio: 'ignore' });
  there = await connectLocal(stateLayout(home()).socket, 'the test', { deadlineMs: waitMs, waitForHost: true });
}

beforeEach(async () => {
  bench = await openAppBench();
  await mkdir(images());
  app = await bench.launch();
  main = await app.main();
  await main.getByRole('treegrid', { name: 'Domains' }).waitFor();
  here = await bench.connect();
}, 90_000);
afterEach(async () => {
  for (const client of [here, there].filter(Boolean)) {
    for (const { uuid, id } of (await client.call('connectListAllDomains', {}).catch(() => ({ domains: [] }))).domains) if (id !== null) await client.call('domainDestroy', { domain: uuid }).catch(() => {});
  }
  await there?.call('hostHandOver', {}).catch(() => {});
  there?.close();
  if (host?.exitCode === null) host.kill('SIGTERM');
  await bench[Symbol.asyncDispose]();
}, 90_000);

/** A guest that changes its memory without end, from a disk that the other host does not have. */
async function startGuest(name: string): Promise<void> {
  const disk = path.join(images(), `${name}.raw`);
  await writeFile(disk, dirtySectorImage());
  const xml = `<domain type='qemu'><name>${name}</name><memory unit='MiB'>48</memory><os><type arch='x86_64' machine='q35'>hvm</type></os><devices><disk type='file' device='disk'><driver name='qemu' type='raw'/><source file='${disk}'/><target dev='sda' bus='sata'/></disk><controller type='usb' model='none'/><serial type='pty'/><memballoon model='none'/></devices></domain>`;
  await here.call('domainDefineXML', { xml });
  await here.call('domainCreate', { domain: name });
}

const dialog = () => main.getByRole('alertdialog', { name: /^Migrate / });
const panel = () => main.getByRole('region', { name: 'Migration of web' });
const migrate = () => dialog().getByRole('button', { name: 'Migrate', exact: true }).click();

test.skipIf(!hasNamespaces())('a guest is refused, steered, cancelled, and moved with its disk, all from the window', async () => {
  await startOtherHost();
  await startGuest('web');
  await selectDomain(main, 'web');

  // Nothing is copied, and over there is no such image: what failed is told where it was asked for.
  await main.keyboard.press('Control+Shift+M');
  await dialog().getByText('Another Vireo host on this computer').click();
  await dialog().getByRole('textbox', { name: /^State folder/ }).fill(home());
  await dialog().getByRole('button', { name: 'Ask whether it answers' }).click();
  await dialog().locator('.reach.good').waitFor();
  await migrate();
  await dialog().getByRole('alert').getByText('web was not moved').waitFor();
  expect((await here.call('domainLookup', { domain: 'web' })).state).toBe('running');

  // Slow enough to be watched.
  await dialog().locator('select').last().selectOption('all');
  const limit = dialog().getByRole('textbox', { name: /^Speed limit/ });
  await limit.fill('2');
  await limit.blur();
  await migrate();
  await dialog().waitFor({ state: 'detached', timeout: waitMs });
  await panel().getByText(/^Copying memory, pass/).waitFor({ timeout: waitMs });
  await panel().getByRole('listitem').filter({ hasText: 'sda' }).getByText('done, mirroring').waitFor();
  expect(Number(await panel().getByRole('progressbar', { name: 'Memory' }).getAttribute('aria-valuenow'))).toBeGreaterThanOrEqual(0);
  await main.getByRole('row').filter({ hasText: 'web' }).getByText(/^migrating \d+ %$/).waitFor();

  const speed = panel().getByRole('textbox', { name: 'Speed limit' });
  await speed.fill('3');
  await speed.press('Enter');
  const shown = async () => (await here.call('domainGetMigration', { domain: 'web' })).migration;
  await eventually('the driver has the new limit', async () => (await shown())?.bandwidthMiBps === 3, waitMs);
  expect(await here.call('domainMigrateGetMaxSpeed', { domain: 'web' })).toEqual({ bandwidthMiBps: 3 });
  expect(await shown()).toMatchObject({ side: 'source', outcome: 'running', disks: [{ target: 'sda', state: 'mirroring' }] });

  await panel().getByRole('button', { name: 'Cancel' }).click();
  await panel().getByText('The guest is on this computer, as it was before.').waitFor({ timeout: waitMs });
  expect(await here.call('domainLookup', { domain: 'web' })).toMatchObject({ state: 'running', jobs: { async: null } });
  await eventually('nothing of it is left over there', async () => (await there.call('connectListAllDomains', {})).domains.length === 0, waitMs);

  // The other host is remembered, and chosen by itself.
  await panel().getByRole('button', { name: 'Migrate again…' }).click();
  await dialog().getByRole('combobox', { name: /^Destination/ }).waitFor();
  await dialog().locator('select').last().selectOption('all');
  // The limit that was steered to is the domain's own since then.
  const again = dialog().getByRole('textbox', { name: /^Speed limit/ });
  await eventually('the field has the limit', async () => (await again.inputValue()) === '3', waitMs);
  await again.fill('0');
  await again.blur();
  const pause = dialog().getByRole('textbox', { name: /^Longest pause/ });
  await pause.fill('2000');
  await pause.blur();
  await migrate();
  await dialog().waitFor({ state: 'detached', timeout: waitMs });
  await main.getByRole('region', { name: 'Ended migrations' }).getByText(/The guest runs on/).waitFor({ timeout: waitMs });
  expect((await there.call('domainLookup', { domain: 'web' })).state).toBe('running');
  const { migration } = await here.call('connectListMigrations', {}).then(({ migrations }) => ({ migration: migrations[0] }));
  expect(migration).toMatchObject({ name: 'web', outcome: 'completed', percent: 100, disks: [{ target: 'sda', state: 'done' }] });
  expect(migration?.downtimeMs).toBeGreaterThan(0);
  expect((await here.call('connectListAllDomains', {})).domains).toEqual([]);
  expect((await there.call('domainGetMigration', { domain: 'web' })).migration).toMatchObject({ side: 'destination', outcome: 'completed' });
}, 180_000);
