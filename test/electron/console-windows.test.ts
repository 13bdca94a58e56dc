/** Console windows with the real app and real QEMUs: who writes, tabs and splits, and what outlives a page. */
import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import type { Page } from '@playwright/test';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Client } from '../../core/api/client.ts';
import type { ConsoleSummary } from '../../core/domain/domain-summary.ts';
import { bootGuestXml } from '../support/boot-guest.ts';
import { bootSectorImage } from '../support/boot-sector.ts';
import { type AppBench, type LaunchedApp, openAppBench } from '../support/electron-app.ts';
import { eventually } from '../support/electron-processes.ts';
import { domainRow, selectDomain, statusSays, terminalShows, terminalText } from '../support/electron-screen.ts';
import { guestConsole } from '../support/guest-console.ts';

const screenMs = 30_000;

let bench: AppBench;
let app: LaunchedApp;
let main: Page;
let backend: Client;

beforeAll(async () => {
  bench = await openAppBench();
  await launch();
  for (const name of ['one', 'two']) {
    const disk = path.join(bench.layout.root, `${name}.raw`);
    await writeFile(disk, bootSectorImage());
    await backend.call('domainDefineXML', { xml: bootGuestXml(disk, { name }) });
    await backend.call('domainCreate', { domain: name });
    await eventually(`${name} has greeted`, async () => (await consoleOf(name)).position > 10, screenMs);
  }
});
afterAll(async () => {
  backend = await bench.connect();
  for (const name of ['one', 'two']) await backend.call('domainDestroy', { domain: name }).catch(() => {}); // after a failure it may not run
  await bench[Symbol.asyncDispose]();
});

async function launch(): Promise<void> {
  app = await bench.launch();
  main = await app.main();
  backend = await bench.connect();
}

async function consoleOf(domain: string): Promise<ConsoleSummary> {
  return (await backend.call('domainLookup', { domain })).consoles.find(({ alias }) => alias === 'serial0')!;
}

/** One more window on the console of a domain, from the main window. */
async function openConsole(domain: string): Promise<Page> {
  await domainRow(main, domain).filter({ hasText: 'running' }).waitFor();
  await selectDomain(main, domain);
  return await app.windowOpenedBy(() => main.getByRole('button', { name: 'Console', exact: true }).click());
}

/** The panes of a window from left to right, by the name of their console. */
async function panes(page: Page): Promise<(string | null)[]> {
  return await page.locator('.console-pane').evaluateAll((all) => all.map((pane) => pane.getAttribute('aria-label')));
}

const pane = (page: Page, name: string) => page.getByRole('region', { name, exact: true });

/** The text of a pane by its number, focused or not. */
async function paneText(page: Page, paneId: string): Promise<string> {
  return await page.evaluate((id) => (window as { vireoTerminalText?: (id: string) => string }).vireoTerminalText?.(id) ?? '', paneId);
}

async function paneShows(page: Page, paneId: string, text: string): Promise<void> {
  await eventually(`pane ${paneId} shows ${text}`, async () => (await paneText(page, paneId)).includes(text), screenMs);
}

test('two windows ask for the input, hand it over, decline, withdraw and take it, and each is told', async () => {
  const first = await openConsole('one');
  await statusSays(first, 'You are writing');
  await terminalShows(first, 'BOOT-SECTOR-READY', screenMs);
  await first.keyboard.type('typed-by-the-first.');
  await terminalShows(first, 'typed-by-the-first.', screenMs);

  const second = await openConsole('one');
  await statusSays(second, /Watching.*window 2 writes/);
  await terminalShows(second, 'typed-by-the-first.', screenMs);
  await second.keyboard.type('x');
  await second.getByText('You are watching. What you type is not sent.').waitFor();
  await second.getByRole('button', { name: 'Request' }).click();
  await second.getByText(/^Asked window 2 at .*, waiting$/).waitFor();
  await first.getByRole('alert').filter({ hasText: 'window 3 asks to write' }).getByRole('button', { name: 'Hand over' }).click();
  await statusSays(second, 'You are writing');
  await second.getByText(/^window 2 handed the input to you/).waitFor();
  await first.getByText(/^You handed the input to window 3/).waitFor();
  await second.keyboard.type('typed-by-the-second.');
  await terminalShows(first, 'typed-by-the-second.', screenMs);

  await first.getByRole('button', { name: 'Request' }).click();
  await second.getByRole('alert').filter({ hasText: 'window 2 asks to write' }).getByRole('button', { name: 'Decline' }).click();
  await first.getByText(/^window 3 declined at/).waitFor();
  await first.getByRole('button', { name: 'Request' }).click();
  const asked = second.getByRole('alert').filter({ hasText: 'window 2 asks to write' });
  await asked.waitFor();
  await first.getByRole('button', { name: 'Withdraw' }).click();
  await asked.waitFor({ state: 'detached' });

  await first.getByRole('button', { name: 'Take over' }).click();
  await statusSays(first, 'You are writing');
  await second.getByText(/^window 2 took over at/).waitFor();
  expect((await consoleOf('one')).sessions.map(({ label, mode }) => [label, mode])).toEqual([['window 2', 'write'], ['window 3', 'watch']]);
  await first.getByRole('button', { name: /who is on this console/ }).click();
  await first.getByRole('dialog', { name: 'Who is on this console' }).getByText('window 3').waitFor();
  await first.keyboard.press('Escape');
  await second.keyboard.press('Control+Shift+W').catch(() => {}); // the page may be gone before the key is up
  await eventually('the second window is closed', async () => app.consoles().length === 1, screenMs);
});

test('a split takes another console in, types into several on purpose only, and comes back from a reload as it was', async () => {
  const window = app.consoles()[0]!;
  await window.locator('.xterm-helper-textarea').focus();
  await window.keyboard.press('Control+Shift+D');
  await window.getByRole('searchbox', { name: 'Console' }).waitFor();
  await window.keyboard.type('two tty');
  await window.getByRole('option', { name: /^two/ }).click();
  await eventually('both panes stand beside each other', async () => (await panes(window)).join() === 'one / ttyS0,two / ttyS0', screenMs);
  await pane(window, 'two / ttyS0').getByText('writing').waitFor();
  await eventually('the new pane is typed into', () => window.evaluate(() => document.activeElement?.closest('section')?.getAttribute('aria-label') === 'two / ttyS0'), screenMs);
  await window.keyboard.type('only-two.');
  await paneShows(window, 'p2', 'only-two.');

  await window.getByRole('button', { name: 'Tabs and splits' }).click();
  await window.getByRole('menuitem', { name: 'Broadcast input…' }).click();
  const question = window.getByRole('alertdialog', { name: 'Broadcast input' });
  await question.getByText('one / ttyS0').click();
  await question.getByRole('button', { name: 'Broadcast' }).click();
  const bar = window.getByRole('alert').filter({ hasText: 'What you type goes to 2 consoles' });
  await bar.waitFor();
  await question.waitFor({ state: 'detached' });
  await eventually('the terminal is typed into again', () => window.evaluate(() => document.activeElement?.closest('section')?.getAttribute('aria-label') === 'two / ttyS0'), screenMs);
  await window.keyboard.type('to-both.');
  for (const id of ['p1', 'p2']) await paneShows(window, id, 'to-both.');

  const before = [await paneText(window, 'p1'), await paneText(window, 'p2')];
  await window.evaluate(() => document.body.setAttribute('data-before', 'reload'));
  await app.electron.evaluate(({ BrowserWindow }) => BrowserWindow.getAllWindows().find((each) => each.webContents.getURL().includes('console.html'))?.webContents.reload());
  await eventually('the page is another', () => window.evaluate(() => document.body?.hasAttribute('data-before') === false).catch(() => false), screenMs);
  await eventually('both panes show the same text again, and nothing else', async () => (await paneText(window, 'p1')) === before[0] && (await paneText(window, 'p2')) === before[1], screenMs);
  expect(await panes(window)).toEqual(['one / ttyS0', 'two / ttyS0']);
  for (const name of ['one / ttyS0', 'two / ttyS0']) await pane(window, name).getByText('writing').waitFor();
  expect(await bar.count()).toBe(0);
  await window.keyboard.press('Control+Shift+ArrowLeft');
  await eventually('the left pane is typed into', () => window.evaluate(() => document.activeElement?.closest('section')?.getAttribute('aria-label') === 'one / ttyS0'), screenMs);
  await window.keyboard.type('only-one.');
  await paneShows(window, 'p1', 'only-one.');
  expect([before[0]!.includes('only-two.'), (await paneText(window, 'p2')).includes('only-one.')]).toEqual([false, false]);
});

test('a page that dies frees its inputs, and its window comes back with both panes', async () => {
  const before = (await consoleOf('two')).writer!.sessionId;
  await app.electron.evaluate(({ BrowserWindow }) => {
    BrowserWindow.getAllWindows().find((each) => each.webContents.getURL().includes('console.html'))?.webContents.forcefullyCrashRenderer();
  });
  for (const name of ['one', 'two']) {
    await eventually(`${name} has one session, another than before`, async () => {
      const { sessions } = await consoleOf(name);
      return sessions.length === 1 && sessions[0]!.mode === 'write' && sessions[0]!.sessionId !== before;
    }, screenMs);
  }
});

/** The text of a pane, asked through Electron: Playwright has lost a page that died once. */
async function textAfterCrash(paneId: string): Promise<string> {
  return await app.electron.evaluate(async ({ BrowserWindow }, id) => {
    const window = BrowserWindow.getAllWindows().find((each) => each.webContents.getURL().includes('console.html'));
    return String(await window?.webContents.executeJavaScript(`window.vireoTerminalText('${id}')`));
  }, paneId);
}

test('a page that stands still costs nobody else anything, and has missed nothing when it goes on', async () => {
  const pid = await app.electron.evaluate(({ BrowserWindow }) => BrowserWindow.getAllWindows().find((each) => each.webContents.getURL().includes('console.html'))!.webContents.getOSProcessId());
  process.kill(pid, 'SIGSTOP');
  try {
    await using other = await guestConsole(backend, 'one', null, { force: true });
    await other.type('past-the-frozen-page.');
    await other.waitFor(/past-the-frozen-page\./);
  } finally {
    process.kill(pid, 'SIGCONT');
  }
  await eventually('the page shows what was printed meanwhile', async () => (await textAfterCrash('p1')).includes('past-the-frozen-page.'), screenMs);
  expect(await textAfterCrash('p2')).toContain('to-both.');
});

test('a window with several panes is found again when its console is opened after a restart, and a pane moves out', async () => {
  await app.quit();
  await launch();
  const window = await openConsole('one');
  await eventually('both panes are there', async () => (await panes(window)).join() === 'one / ttyS0,two / ttyS0', screenMs);
  await paneShows(window, 'p1', 'past-the-frozen-page.');
  await paneShows(window, 'p2', 'to-both.');
  await pane(window, 'one / ttyS0').getByText('writing').waitFor();
  await window.getByRole('button', { name: 'Tabs and splits' }).click();
  const moved = await app.windowOpenedBy(() => window.getByRole('menuitem', { name: 'Move to own window' }).click());
  await statusSays(moved, 'You are writing');
  await terminalShows(moved, 'past-the-frozen-page.', screenMs);
  expect(await panes(window)).toEqual(['two / ttyS0']);
  expect(await terminalText(window)).toContain('to-both.');
  expect((await consoleOf('one')).sessions).toHaveLength(1);
});
