/** What tests do with the app's windows, in the words of whoever sits before them. */
import type { Locator, Page } from '@playwright/test';
import type { LaunchedApp } from './electron-app.ts';
import { eventually } from './electron-processes.ts';

/** The sample guest boots in some seconds under emulation, on a machine that others use too. */
const guestMs = 90_000;
const screenMs = 15_000;

/** The text in the terminal of a console window, from xterm's own buffer. */
export async function terminalText(page: Page): Promise<string> {
  return await page.evaluate(() => (window as { vireoTerminalText?: () => string }).vireoTerminalText?.() ?? '');
}

/** Waits until the terminal holds `text`. */
export async function terminalShows(page: Page, text: string | RegExp, timeoutMs = guestMs): Promise<void> {
  let last = '';
  await eventually(`a terminal shows ${String(text)}`, async () => {
    last = await terminalText(page);
    return typeof text === 'string' ? last.includes(text) : text.test(last);
  }, timeoutMs).catch((error: unknown) => {
    throw new Error(`${String(error)}; it shows:\n${last.slice(-2_000)}`);
  });
}

/** Types into the terminal as a person does, Return at the end. */
export async function typeLine(page: Page, line: string): Promise<void> {
  await page.locator('.xterm-helper-textarea').focus();
  await page.keyboard.type(line);
  await page.keyboard.press('Enter');
}

/** Logs in as root on a console that shows its prompt or nothing yet. */
export async function logIn(page: Page): Promise<void> {
  await terminalShows(page, /login:\s*$/);
  await typeLine(page, 'root');
  await terminalShows(page, /[#$]\s*$/);
}

/** The line that tells whether this window writes or watches. */
export function statusOf(page: Page): Locator {
  return page.getByRole('main').getByRole('status').first();
}

export async function statusSays(page: Page, text: string | RegExp): Promise<void> {
  await page.getByRole('status').filter({ hasText: text }).first().waitFor({ timeout: screenMs });
}

/** Starts the sample guest from its card; the console window that opens. */
export async function startSample(app: LaunchedApp): Promise<Page> {
  const main = await app.main();
  const card = main.getByRole('region', { name: 'Start the sample Linux' });
  return await app.windowOpenedBy(() => card.getByRole('button').click({ timeout: screenMs }));
}

export function domainRow(main: Page, name: string): Locator {
  return main.getByRole('treegrid', { name: 'Domains' }).getByRole('row').filter({ hasText: name });
}

/** Selects a domain and waits until its tabs are there. */
export async function selectDomain(main: Page, name: string): Promise<void> {
  await domainRow(main, name).click({ timeout: screenMs });
  await main.getByRole('tab', { name: 'Overview' }).waitFor({ timeout: screenMs });
}

/** Force off with its question answered. */
export async function forceOff(main: Page, name: string): Promise<void> {
  await selectDomain(main, name);
  await main.getByRole('button', { name: 'More actions' }).click();
  await main.getByRole('menuitem', { name: 'Force off' }).click();
  await main.getByRole('alertdialog').getByRole('button', { name: 'Force off' }).click();
  await domainRow(main, name).filter({ hasText: 'shut off' }).waitFor({ timeout: screenMs });
}
