/** The terminal of a console window: what is asked before a paste, the log behind the screen, files, and drawing without WebGL. */
import { readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import type { Locator, Page } from '@playwright/test';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Client } from '../../core/api/client.ts';
import { bootGuestXml } from '../support/boot-guest.ts';
import { bootSectorImage, greeting } from '../support/boot-sector.ts';
import { type AppBench, type LaunchedApp, openAppBench } from '../support/electron-app.ts';
import { eventually } from '../support/electron-processes.ts';
import { domainRow, selectDomain, statusSays, terminalShows, terminalText } from '../support/electron-screen.ts';

const screenMs = 30_000;

let bench: AppBench;
let app: LaunchedApp;
let main: Page;
let page: Page;
let backend: Client;

beforeAll(async () => {
  bench = await openAppBench();
  app = await bench.launch();
  main = await app.main();
  backend = await bench.connect();
  const disk = path.join(bench.layout.root, 'boot.raw');
  await writeFile(disk, bootSectorImage());
  await backend.call('domainDefineXML', { xml: bootGuestXml(disk, { name: 'boot' }) });
  await backend.call('domainCreate', { domain: 'boot' });
  await domainRow(main, 'boot').filter({ hasText: 'running' }).waitFor();
  await selectDomain(main, 'boot');
  page = await app.windowOpenedBy(() => main.getByRole('button', { name: 'Console', exact: true }).click());
  await statusSays(page, 'You are writing');
  await terminalShows(page, greeting.trim(), screenMs);
});
afterAll(async () => {
  await backend.call('domainDestroy', { domain: 'boot' }).catch(() => {}); // after a failure it may not run
  await bench[Symbol.asyncDispose]();
});

/** The guest echoes what it gets, except for its own commands, which are capital letters. */
async function typed(text: string): Promise<void> {
  await page.locator('.xterm-helper-textarea').first().focus();
  await page.keyboard.type(text);
}

async function chooseFromMenu(...items: readonly string[]): Promise<void> {
  await page.getByRole('button', { name: 'Menu', exact: true }).click();
  for (const item of items) await page.getByRole('menuitem', { name: item }).click();
}

function dialog(): Locator {
  return page.getByRole('alertdialog');
}

/** Whoever is asked for a file next names this one. */
async function nameFile(name: string): Promise<string> {
  const filePath = path.join(bench.layout.root, name);
  await app.electron.evaluate(({ dialog: dialogs }, chosen) => {
    dialogs.showSaveDialog = () => Promise.resolve({ canceled: false, filePath: chosen });
  }, filePath);
  return filePath;
}

async function fileHolds(file: string, ...parts: readonly string[]): Promise<void> {
  await eventually(`${path.basename(file)} holds ${parts.join(', ')}`, async () => {
    const text = await readFile(file, 'utf8').catch(() => '');
    return parts.every((part) => text.includes(part));
  }, screenMs);
}

/** The terminal's text as the DOM renderer or assistive technology has it. */
async function textOf(selector: string): Promise<string> {
  const texts = await page.locator(selector).allInnerTexts();
  return texts.join('\n').replaceAll('\u00a0', ' ');
}

test('several lines are pasted after a question only, and as one line where that is chosen', async () => {
  await app.electron.evaluate(({ clipboard }, copied) => clipboard.writeText(copied), 'first\nsecond\n');
  await page.locator('.xterm-helper-textarea').first().focus();
  await page.keyboard.press('Control+Shift+V');
  await dialog().getByRole('heading', { name: 'Paste 2 lines?' }).waitFor();
  expect(await dialog().getByLabel('The text').innerText()).toContain('first\nsecond');
  expect(await terminalText(page)).not.toContain('first');
  await dialog().getByRole('button', { name: 'Paste as one line' }).click();
  await terminalShows(page, 'first second', screenMs);
});

test('text is typed key by key at a rate', async () => {
  await app.electron.evaluate(({ clipboard }, copied) => clipboard.writeText(copied), ' keys one by one');
  await chooseFromMenu('Paste as keystrokes');
  await dialog().getByRole('button', { name: 'Type' }).click();
  await terminalShows(page, 'keys one by one', screenMs);
});

test('what has left the screen is found in the whole log, and shown where it stands', async () => {
  await typed(' the needle ');
  await terminalShows(page, 'the needle', screenMs);
  await typed('F');
  await terminalShows(page, /00000200/, screenMs);
  await typed('S');
  await page.keyboard.press('Control+Shift+F');
  await page.getByRole('textbox', { name: 'Find' }).fill('the needle');
  await page.getByRole('button', { name: 'In the whole log' }).click();
  await page.getByRole('option').first().click();
  const history = page.getByRole('region', { name: 'History' });
  await expect.poll(() => history.locator('.terminal-pane').getAttribute('data-text'), { timeout: screenMs }).toContain('the needle');
  await history.getByRole('button', { name: 'Back to now' }).click();
  await history.waitFor({ state: 'detached' });
  await page.getByRole('button', { name: 'Close find' }).click();
});

test('the console is saved as text, and recorded from now on', async () => {
  const saved = await nameFile('saved.txt');
  await page.keyboard.press('Control+Shift+S');
  await dialog().getByRole('button', { name: 'Save…' }).click();
  await fileHolds(saved, greeting.trim(), 'the needle', '00000200');
  const recorded = await nameFile('recorded.cast');
  await chooseFromMenu('Record');
  await page.getByText(/^rec /).waitFor();
  await typed('recorded');
  await fileHolds(recorded, '"version":2');
  await terminalShows(page, 'recorded', screenMs);
  await chooseFromMenu('Stop recording');
  await page.getByText(/^rec /).waitFor({ state: 'detached' });
  const lines = (await readFile(recorded, 'utf8')).trim().split('\n').map((line) => JSON.parse(line) as unknown[]);
  expect(lines.slice(1).filter(([, kind]) => kind === 'o').map(([, , text]) => text).join('')).toContain('recorded');
});

test('a lost WebGL context is followed by the DOM renderer, which shows what comes', async () => {
  const terminal = page.locator('.terminal-pane .xterm').first();
  await eventually('something draws the terminal', async () => (await terminal.getAttribute('data-renderer')) !== null, screenMs);
  // It tries WebGL again soon, so that each change is noted.
  await terminal.evaluate((element) => {
    const note = (): void => element.setAttribute('data-drawn-by', `${element.getAttribute('data-drawn-by') ?? ''} ${element.getAttribute('data-renderer')}`);
    note();
    new MutationObserver(note).observe(element, { attributeFilter: ['data-renderer'] });
    for (const canvas of element.querySelectorAll('canvas')) canvas.getContext('webgl2')?.getExtension('WEBGL_lose_context')?.loseContext();
  });
  await expect.poll(() => terminal.getAttribute('data-drawn-by'), { timeout: screenMs }).toContain('dom');
  await typed(' drawn by the document ');
  await expect.poll(async () => (await terminal.getAttribute('data-renderer')) === 'webgl' || (await textOf('.xterm-rows')).includes('drawn by the document'), { timeout: screenMs }).toBe(true);
  await terminalShows(page, 'drawn by the document', screenMs);
});

test('screen reader mode keeps the screen as text', async () => {
  await chooseFromMenu('Screen reader mode');
  await typed(' spoken aloud ');
  await expect.poll(() => textOf('.xterm-accessibility-tree'), { timeout: screenMs }).toContain('spoken aloud');
  await chooseFromMenu('Screen reader mode');
  await page.locator('.xterm-accessibility').waitFor({ state: 'detached' });
});

test('another encoding reads again what is on the screen', async () => {
  await typed('B'); // every byte value once
  await terminalShows(page, 'xyz{|}~', screenMs);
  expect(await terminalText(page)).not.toContain('╔');
  await page.getByRole('button', { name: /^Encoding/ }).click();
  await dialog().getByLabel('Encoding').selectOption({ label: 'DOS, firmware (code page 437)' });
  await dialog().getByRole('button', { name: 'Done' }).click();
  await terminalShows(page, '╔', screenMs);
  await page.getByRole('button', { name: /^Encoding: DOS/ }).waitFor();
});

test('the main window searches all consoles, and opens one at what it found', async () => {
  await main.bringToFront();
  await main.keyboard.press('Control+Shift+F');
  const search = main.getByRole('dialog', { name: 'Search consoles' });
  await search.getByRole('textbox', { name: 'Text to find' }).press('Escape');
  await search.waitFor({ state: 'detached' });
  await main.keyboard.press('Control+Shift+F');
  await search.getByRole('textbox', { name: 'Text to find' }).fill('the needle');
  await main.keyboard.press('Enter');
  const hit = search.getByRole('option').first();
  await hit.filter({ hasText: 'boot' }).waitFor();
  await hit.click();
  await expect.poll(() => page.getByRole('region', { name: 'History' }).locator('.terminal-pane').getAttribute('data-text'), { timeout: screenMs }).toContain('the needle');
});
