/** The tray and the notifications, on a session bus where the test plays the desktop that shows them. */
import { readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Client } from '../../core/api/client.ts';
import { bootGuestXml } from '../support/boot-guest.ts';
import { bootSectorImage } from '../support/boot-sector.ts';
import { type AppBench, type LaunchedApp, openAppBench } from '../support/electron-app.ts';
import { TestDesktop, labelsOf } from '../support/electron-bus.ts';
import { eventually, isAlive } from '../support/electron-processes.ts';

let desktop: TestDesktop;
let bench: AppBench;
let app: LaunchedApp;
let backend: Client;

beforeAll(async () => {
  desktop = await TestDesktop.open();
  bench = await openAppBench();
  app = await bench.launch();
  backend = await bench.connect();
  await backend.call('sampleGuestDefine', { name: 'sample' });
});
afterAll(async () => {
  await backend.call('domainDestroy', { domain: 'sample' }).catch(() => {}); // after a failure it may not run
  await backend.call('hostHandOver', {}).catch(() => {}); // it goes by itself, too, half a minute later
  await bench[Symbol.asyncDispose]();
  desktop[Symbol.dispose]();
});

async function sample() {
  return await backend.call('domainLookup', { domain: 'sample' });
}

async function stateBecomes(words: string): Promise<void> {
  await eventually(`sample is ${words}`, async () => {
    const { state, reason } = await sample();
    return `${state} (${reason})` === words;
  }, 20_000);
}

/** Starts the guest from the menu and kills its QEMU. */
async function crash(): Promise<void> {
  await desktop.clickMenu('sample (shut off)', 'Start');
  await stateBecomes('running (booted)');
  process.kill((await sample()).pid!, 'SIGKILL');
  await stateBecomes('shut off (crashed)');
}

async function closeWindows(): Promise<void> {
  await app.electron.evaluate(({ BrowserWindow }) => BrowserWindow.getAllWindows().forEach((window) => window.close()));
}

test('the tray has a menu with the counts, each domain with what can be done to it, and Quit', async () => {
  await eventually('the menu has the domain', async () => (await desktop.menu()).length > 4, 20_000);
  expect(labelsOf(await desktop.menu())).toEqual(['0 running, 1 in all', 'Open Vireo', ['sample (shut off)', 'Open', 'Start'], 'Do not disturb', ['When quitting', 'Ask about guests', 'Keep guests running', 'Shut guests down'], 'Quit']);
});

test('Start, Pause and Resume in the menu start, pause and resume the domain', async () => {
  await desktop.clickMenu('sample (shut off)', 'Start');
  await stateBecomes('running (booted)');
  await desktop.clickMenu('sample (running)', 'Pause');
  await stateBecomes('paused (user)');
  await desktop.clickMenu('sample (paused)', 'Resume');
  await stateBecomes('running (unpaused)');
  await backend.call('domainDestroy', { domain: 'sample' });
  expect(desktop.notifications).toEqual([]);
});

test('a crash is told by a notification, whose click shows the domain', async () => {
  await crash();
  await eventually('a notification comes', async () => desktop.notifications.length > 0, 20_000);
  expect(desktop.notifications).toMatchObject([{ title: 'sample crashed', body: 'QEMU ended by itself. The log says more.' }]);
  desktop.clickNotification(desktop.notifications[0]!.id);
  const main = await app.main();
  await main.getByRole('heading', { name: 'sample' }).waitFor();
});

test('what is waited for on a console is told by a notification in its words, whose click shows that console', async () => {
  const before = desktop.notifications.length;
  const disk = path.join(bench.layout.root, 'boot.raw');
  await writeFile(disk, bootSectorImage());
  await backend.call('domainDefineXML', { xml: bootGuestXml(disk) });
  await backend.call('domainSetConsoleTriggers', { domain: 'boot', triggers: [{ pattern: 'sector-ready' }] });
  await backend.call('domainCreate', { domain: 'boot' });
  await eventually('a notification comes', async () => desktop.notifications.length > before, 40_000);
  expect(desktop.notifications.slice(before)).toMatchObject([{ title: 'boot, ttyS0', body: 'BOOT-SECTOR-READY' }]);
  const console = await app.windowOpenedBy(async () => desktop.clickNotification(desktop.notifications[before]!.id));
  expect(app.consoles()).toEqual([console]);
  await console.close();
  await backend.call('domainDestroy', { domain: 'boot' });
  await backend.call('domainUndefine', { domain: 'boot' });
});

test('Do not disturb keeps notifications away, and is remembered', async () => {
  const before = desktop.notifications.length;
  await desktop.clickMenu('Do not disturb');
  await eventually('the menu shows that it is quiet', async () => (await desktop.menu()).some((item) => item.label === 'Do not disturb' && item.checked), 10_000);
  await crash();
  await eventually('the choice is on disk', async () => (await readFile(path.join(bench.layout.root, 'desktop.json'), 'utf8').catch(() => '')).includes('"doNotDisturb": true'), 10_000);
  await desktop.clickMenu('Do not disturb');
  await crash();
  await eventually('the next notification comes', async () => desktop.notifications.length > before, 20_000);
  expect(desktop.notifications.length).toBe(before + 1);
});

test('closing the last window leaves the app in the tray, which opens it again', async () => {
  await closeWindows();
  await eventually('no window is left', async () => app.electron.windows().length === 0, 10_000);
  await desktop.clickMenu('sample (shut off)', 'Start');
  await stateBecomes('running (booted)');
  expect((await backend.call('hostGetStatus', {})).role).toBe('app');
  await desktop.clickMenu('sample (running)', 'Console');
  await eventually('the console opens', async () => app.consoles().length === 1, 20_000);
  await desktop.clickMenu('Open Vireo');
  await (await app.main()).getByRole('treegrid', { name: 'Domains' }).waitFor();
});

test('Quit in the menu ends the app and hands the guest over', async () => {
  const { pid } = await sample();
  await desktop.clickMenu('When quitting', 'Keep guests running');
  await desktop.clickMenu('Quit (guests keep running)');
  await app.gone();
  backend = await bench.connect();
  expect((await backend.call('hostGetStatus', {})).role).toBe('host');
  expect([(await sample()).pid, await isAlive(pid!)]).toEqual([pid, true]);
});

test('without a tray, closing the last window ends the app and hands the guest over', async () => {
  const { pid } = await sample();
  app = await bench.launch();
  await (await app.main()).getByRole('treegrid', { name: 'Domains' }).waitFor();
  await desktop.removeTray();
  await closeWindows();
  await app.gone();
  backend = await bench.connect();
  expect([(await backend.call('hostGetStatus', {})).role, (await sample()).pid]).toEqual(['host', pid]);
});
