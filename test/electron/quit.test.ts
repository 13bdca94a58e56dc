/** What becomes of guests that run when the app is quit: the question, the shutting down, those that do not go. */
import { readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import type { Page } from '@playwright/test';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { Client } from '../../core/api/client.ts';
import { bootSectorImage } from '../support/boot-sector.ts';
import { type AppBench, type LaunchedApp, openAppBench } from '../support/electron-app.ts';
import { eventually, isAlive } from '../support/electron-processes.ts';
import { domainRow, logIn, selectDomain, startSample } from '../support/electron-screen.ts';

let bench: AppBench;
let app: LaunchedApp;
let main: Page;
let backend: Client;

async function launch(): Promise<void> {
  app = await bench.launch();
  main = await app.main();
  await main.getByRole('treegrid', { name: 'Domains' }).waitFor();
  backend = await bench.connect();
}

beforeEach(async () => {
  bench = await openAppBench();
});
afterEach(async () => {
  await bench[Symbol.asyncDispose]();
});

/** A guest that hears no button: a boot sector that only talks. */
async function startDeaf(name: string): Promise<number> {
  const disk = path.join(bench.layout.root, `${name}.raw`);
  await writeFile(disk, bootSectorImage());
  const xml = `<domain type='qemu'><name>${name}</name><memory unit='MiB'>16</memory><os><type arch='x86_64' machine='pc'>hvm</type></os><devices><disk type='file' device='disk'><driver name='qemu' type='raw'/><source file='${disk}'/><target dev='hda' bus='ide'/></disk></devices></domain>`;
  await backend.call('domainDefineXML', { xml });
  return (await backend.call('domainCreate', { domain: name })).pid!;
}

async function quitFromMenu(): Promise<void> {
  await main.getByRole('button', { name: 'Menu' }).click();
  await main.getByRole('menuitem', { name: 'Quit' }).click();
}

const dialog = (title: string | RegExp) => main.getByRole('alertdialog', { name: title });
const settings = async (): Promise<Record<string, unknown>> => JSON.parse(await readFile(path.join(bench.layout.root, 'desktop.json'), 'utf8')) as Record<string, unknown>;

async function endHost(): Promise<void> {
  const host = await bench.connect();
  for (const { name, id } of (await host.call('connectListAllDomains', {})).domains) if (id !== null) await host.call('domainDestroy', { domain: name });
  await host.call('hostHandOver', {}).catch(() => {});
}

test('quitting with a guest asks; Cancel stays, Keep running hands the guest over and is remembered', async () => {
  await launch();
  const pid = await startDeaf('web');
  await quitFromMenu();
  await dialog('Quit Vireo while 1 guest runs?').getByRole('button', { name: 'Cancel' }).click();
  await dialog(/Quit Vireo/).waitFor({ state: 'detached' });
  expect((await backend.call('hostGetStatus', {})).role).toBe('app');

  await quitFromMenu();
  await dialog(/Quit Vireo/).getByText('Remember my choice').click();
  await dialog(/Quit Vireo/).getByRole('button', { name: 'Keep running' }).click();
  await app.gone();
  expect([(await settings())['onQuit'], await isAlive(pid)]).toEqual(['keep', true]);

  await launch();
  await domainRow(main, 'web').filter({ hasText: 'running' }).waitFor();
  await quitFromMenu(); // nobody asks any more
  await app.gone();
  expect(await isAlive(pid)).toBe(true);
  await endHost();
});

test('Shut down asks a real guest to power off, shows how far it is, and quits when it is off', async () => {
  await launch();
  const console = await startSample(app);
  await logIn(console);
  await quitFromMenu();
  await dialog(/Quit Vireo/).getByRole('button', { name: 'Shut down' }).click();
  await dialog('Shutting guests down').getByRole('listitem').filter({ hasText: 'sample' }).waitFor();
  await app.gone();
  await eventually('nothing is left', async () => (await bench.processes()).length === 0, 15_000);
});

test('guests that do not go are put before the user: cancelled, waited for, forced off', async () => {
  await writeFile(path.join(bench.layout.root, 'desktop.json'), JSON.stringify({ theme: 'system', onQuit: 'shutdown', shutdownS: 2 }));
  await launch();
  const pids = [await startDeaf('deaf-1'), await startDeaf('deaf-2')];
  await backend.call('domainSuspend', { domain: 'deaf-2' });
  await quitFromMenu();
  const left = dialog('2 guests did not shut down');
  await left.getByRole('listitem').filter({ hasText: 'deaf-2' }).filter({ hasText: 'cannot be asked' }).waitFor();
  await left.getByRole('listitem').filter({ hasText: 'deaf-1' }).filter({ hasText: 'shutting down' }).waitFor();
  await left.getByRole('button', { name: 'Cancel quitting' }).click();
  await left.waitFor({ state: 'detached' });
  expect(await Promise.all(pids.map(isAlive))).toEqual([true, true]);

  await quitFromMenu();
  await left.getByRole('button', { name: 'Wait longer' }).click();
  await dialog('Shutting guests down').waitFor();
  await left.getByRole('button', { name: 'Force off' }).click();
  await app.gone();
  expect(await Promise.all(pids.map(isAlive))).toEqual([false, false]);
  await eventually('nothing is left', async () => (await bench.processes()).length === 0, 15_000);
});

test('a signal asks nobody and shuts nothing down, whatever is remembered', async () => {
  await writeFile(path.join(bench.layout.root, 'desktop.json'), JSON.stringify({ theme: 'system', onQuit: 'shutdown' }));
  await launch();
  const pid = await startDeaf('web');
  process.kill(app.pid, 'SIGTERM');
  await app.gone();
  expect(await isAlive(pid)).toBe(true);
  await endHost();
});

test('marked guests can be started when the user logs in, by a host without a window', async () => {
  const config = path.join(bench.layout.root, 'config');
  app = await bench.launch({ env: { XDG_CONFIG_HOME: config } });
  main = await app.main();
  const entry = path.join(config, 'autostart', 'vireo-guests.desktop');
  const toggle = async (): Promise<void> => {
    await main.getByRole('button', { name: 'Menu' }).click();
    await main.getByRole('menuitem', { name: 'Start marked guests when I log in' }).click();
    await main.getByRole('menu', { name: 'Vireo' }).waitFor({ state: 'detached' });
  };
  await toggle();
  await eventually('the session has the entry', async () => (await readFile(entry, 'utf8').catch(() => '')).includes('Exec='), 10_000);
  expect(await readFile(entry, 'utf8')).toMatch(new RegExp(`^Exec=\\S+ \\S+vireo\\.cjs host --home ${bench.layout.root}$`, 'm'));
  await toggle();
  await eventually('the entry is gone', async () => (await readFile(entry).catch(() => null)) === null, 10_000);
});

test('a guest is marked to start with the session, and gets keys, from the window', async () => {
  await launch();
  await startDeaf('web');
  await selectDomain(main, 'web');
  await main.getByText("Start with this computer's session").click();
  await eventually('the driver has the mark', async () => (await backend.call('domainGetInfo', { domain: 'web' })).autostart, 10_000);
  await main.getByRole('checkbox', { name: "Start with this computer's session" }).and(main.locator(':checked')).waitFor({ state: 'attached' });
  await main.getByRole('button', { name: 'More actions' }).click();
  await main.getByRole('menuitem', { name: "Start with this computer's session" }).click();
  await eventually('the mark is gone', async () => !(await backend.call('domainGetInfo', { domain: 'web' })).autostart, 10_000);

  await main.getByRole('button', { name: 'More actions' }).click();
  await main.getByRole('menuitem', { name: 'Send keys' }).click();
  await main.getByRole('menuitem', { name: 'Ctrl+Alt+F2' }).click();
  await main.getByRole('menu').first().waitFor({ state: 'detached' });
  expect(await main.getByRole('alert').count()).toBe(0);
  await backend.call('domainDestroy', { domain: 'web' });
});
