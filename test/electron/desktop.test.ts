/** The manners of the windows: keys that belong to the guest, places that are kept, an end that leaves nothing. */
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { expect, test } from 'vitest';
import { type LaunchedApp, openAppBench } from '../support/electron-app.ts';
import { eventually } from '../support/electron-processes.ts';
import { domainRow, startSample, statusSays } from '../support/electron-screen.ts';

test('Ctrl+Shift+W closes a console window', async () => {
  await using bench = await openAppBench();
  const app = await bench.launch();
  const console = await startSample(app);
  await statusSays(console, 'You are writing');
  await press(app, 'console.html', 'W', ['control', 'shift']);
  await eventually('the console window closes', async () => app.consoles().length === 0, 10_000);
  expect(await app.main()).toBeTruthy();
  const backend = await bench.connect();
  await backend.call('domainDestroy', { domain: 'sample' });
});

test('a plain Ctrl+W leaves a console window open, Ctrl+Shift+Q ends the app and, with no guest, everything', async () => {
  await using bench = await openAppBench();
  const app = await bench.launch();
  const console = await startSample(app);
  await statusSays(console, 'You are writing');
  await press(app, 'console.html', 'W', ['control']);
  await press(app, 'console.html', 'Q', ['control']);
  const backend = await bench.connect();
  await backend.call('domainDestroy', { domain: 'sample' });
  await console.getByRole('group', { name: 'The guest is not running' }).waitFor();
  expect(app.consoles()).toHaveLength(1);
  await press(app, 'console.html', 'Q', ['control', 'shift']);
  await app.gone();
  await eventually('nothing is left', async () => (await bench.processes()).length === 0, 10_000);
});

test('without a tray, closing the last window ends the app, and the next window is where the last one was', async () => {
  await using bench = await openAppBench();
  const first = await bench.launch();
  await first.main();
  // The page is there before its window is on the screen, and showing a window puts it at its first place.
  await eventually('the window is shown', () => first.electron.evaluate(({ BrowserWindow }) => BrowserWindow.getAllWindows()[0]?.isVisible() === true), 10_000);
  const place = { x: 120, y: 90, width: 900, height: 640 };
  await first.electron.evaluate(({ BrowserWindow }, bounds) => BrowserWindow.getAllWindows()[0]?.setBounds(bounds), place);
  await eventually('the window is moved', async () => (await bounds(first)).width === place.width, 10_000);
  const moved = await bounds(first);
  await first.electron.evaluate(({ BrowserWindow }) => BrowserWindow.getAllWindows()[0]?.close());
  await first.gone();
  expect(JSON.parse(await readFile(path.join(bench.layout.root, 'windows.json'), 'utf8'))).toMatchObject({ main: moved });

  const second = await bench.launch();
  await second.main();
  expect(await bounds(second)).toEqual(moved);
});

test('a domain that another window asks for is selected and brought into sight, each time anew', async () => {
  await using bench = await openAppBench();
  const app = await bench.launch();
  const main = await app.main();
  const backend = await bench.connect();
  const define = async (name: string) =>
    (await backend.call('domainDefineXML', { xml: `<domain type='qemu'><name>${name}</name><memory unit='MiB'>64</memory><os><type arch='x86_64' machine='q35'>hvm</type></os></domain>` })).domain.uuid;
  const uuids: string[] = [];
  for (let number = 10; number < 60; number += 1) uuids.push(await define(`guest-${number}`));
  await domainRow(main, 'guest-10').waitFor();
  expect(await domainRow(main, 'guest-59').count()).toBe(0); // only rows in sight are drawn
  for (const [number, uuid] of [[59, uuids[49]], [10, uuids[0]], [59, uuids[49]]] as const) {
    await app.electron.evaluate(async ({ BrowserWindow }, wanted) => {
      const { webContents } = BrowserWindow.getAllWindows()[0]!;
      await webContents.loadURL(`${webContents.getURL().split('#')[0]}#domain=${wanted}`);
    }, uuid);
    await domainRow(main, `guest-${number}`).and(main.locator('[aria-selected=true]')).waitFor();
    await main.getByRole('heading', { name: `guest-${number}` }).waitFor();
  }
});

test('the menu tells what the app is and under which licences it has what it contains', async () => {
  await using bench = await openAppBench();
  const main = await (await bench.launch()).main();
  await main.getByRole('button', { name: 'Menu', exact: true }).click();
  await main.getByRole('menuitem', { name: 'About Vireo' }).click();
  const dialog = main.getByRole('alertdialog', { name: 'About Vireo' });
  await dialog.getByText('Apache License').waitFor();
  await dialog.getByRole('button', { name: 'Licences of other software' }).click();
  const text = await dialog.getByRole('region', { name: 'Licences' }).innerText();
  for (const part of ['@novnc/novnc', 'Mozilla Public License Version 2.0', '@xterm/xterm', 'react', 'zod']) expect(text).toContain(part);
  await main.keyboard.press('Escape');
  await dialog.waitFor({ state: 'detached' });
});

/** Through Electron, because Playwright's own keys do not pass the application's. */
async function press(app: LaunchedApp, page: string, key: string, modifiers: ('control' | 'shift')[]): Promise<void> {
  await app.electron.evaluate(
    ({ webContents }, { page: name, key: keyCode, modifiers: held }) => {
      const contents = webContents.getAllWebContents().find((each) => each.getURL().includes(name));
      contents?.sendInputEvent({ type: 'keyDown', keyCode, modifiers: held });
      contents?.sendInputEvent({ type: 'keyUp', keyCode, modifiers: held });
    },
    { page, key, modifiers },
  );
}

async function bounds(app: LaunchedApp): Promise<{ x: number; y: number; width: number; height: number }> {
  return await app.electron.evaluate(({ BrowserWindow }) => BrowserWindow.getAllWindows()[0]!.getBounds());
}
