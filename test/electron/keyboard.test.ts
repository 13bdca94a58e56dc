/** The windows without a mouse, and what a person brings along in the clipboard. */
import type { Page } from '@playwright/test';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Client } from '../../core/api/client.ts';
import { type AppBench, type LaunchedApp, openAppBench } from '../support/electron-app.ts';
import { eventually } from '../support/electron-processes.ts';
import { domainRow, logIn, statusSays, terminalShows, typeLine } from '../support/electron-screen.ts';

let bench: AppBench;
let app: LaunchedApp;
let main: Page;
let backend: Client;

beforeAll(async () => {
  bench = await openAppBench();
  app = await bench.launch();
  main = await app.main();
  backend = await bench.connect();
  await backend.call('sampleGuestDefine', { name: 'sample' });
  await backend.call('sampleGuestDefine', { name: 'other' });
  await domainRow(main, 'sample').waitFor();
});
afterAll(async () => {
  await backend.call('domainDestroy', { domain: 'sample' }).catch(() => {}); // after a failure it may not run
  await bench[Symbol.asyncDispose]();
});

async function state(): Promise<string> {
  return (await backend.call('domainLookup', { domain: 'sample' })).state;
}

test('Ctrl+K searches, and the arrow goes on to what was found', async () => {
  await main.keyboard.press('Control+k');
  await main.keyboard.type('other');
  await domainRow(main, 'sample').waitFor({ state: 'detached' });
  await main.keyboard.press('ArrowDown');
  await main.keyboard.press('ArrowDown');
  await main.getByRole('heading', { name: 'other' }).waitFor();
  await main.keyboard.press('Control+k');
  await main.keyboard.press('Escape');
  await domainRow(main, 'sample').waitFor();
});

test('the menu key opens the menu of a row, which starts the domain', async () => {
  await domainRow(main, 'sample').focus();
  await main.keyboard.press('ContextMenu');
  const menu = main.getByRole('menu', { name: 'Actions for sample' });
  await menu.waitFor();
  await menu.getByRole('menuitem', { name: 'Start' }).and(main.locator(':focus')).waitFor();
  await main.keyboard.press('Enter');
  await eventually('sample runs', async () => (await state()) === 'running', 20_000);
  await domainRow(main, 'sample').filter({ hasText: 'running' }).waitFor();
});

test('Enter on a row opens its console, and 200 KB of paste reach the guest whole', async () => {
  await domainRow(main, 'sample').focus();
  const console = await app.windowOpenedBy(() => main.keyboard.press('Enter'));
  await statusSays(console, 'You are writing');
  await logIn(console);
  const line = 'a line that a person has copied from somewhere else, with sixty-four';
  const text = `${line}\n`.repeat(Math.ceil(200_000 / (line.length + 1)));
  await app.electron.evaluate(({ clipboard }, copied) => clipboard.writeText(copied), text);
  await typeLine(console, 'stty -echo; cat > /tmp/pasted; stty echo; wc -c < /tmp/pasted; sort -u /tmp/pasted | wc -l');
  await console.keyboard.press('Control+Shift+V');
  await console.getByRole('alertdialog').getByRole('button', { name: 'Paste', exact: true }).click();
  await console.getByRole('alertdialog').waitFor({ state: 'detached' });
  await console.locator('.xterm-helper-textarea').focus();
  await console.keyboard.press('Control+d');
  await terminalShows(console, new RegExp(`${text.length}\\s+1\\s`));
});

test('a console whose guest has stopped starts it, and goes on', async () => {
  const console = app.consoles()[0]!;
  await backend.call('domainDestroy', { domain: 'sample' });
  const stopped = console.getByRole('group', { name: 'The guest is not running' });
  await stopped.waitFor();
  expect(await console.getByRole('button', { name: 'Take over' }).count()).toBe(0);
  await stopped.getByRole('button', { name: 'Start' }).press('Enter');
  await statusSays(console, 'You are writing');
  await stopped.waitFor({ state: 'detached' });
  await terminalShows(console, /login:\s*$/);
});
