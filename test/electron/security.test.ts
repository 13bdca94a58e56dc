/** What a page of the app cannot do, tried from within the page and from beside it. */
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import type { Page } from '@playwright/test';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { contentPolicy } from '../../electron/app-files.ts';
import { type AppBench, type LaunchedApp, isSandboxed, openAppBench } from '../support/electron-app.ts';
import { eventually } from '../support/electron-processes.ts';

let bench: AppBench;
let app: LaunchedApp;
let page: Page;

beforeAll(async () => {
  bench = await openAppBench();
  app = await bench.launch();
  page = await app.main();
  await page.getByRole('treegrid', { name: 'Domains' }).waitFor();
});
afterAll(() => bench[Symbol.asyncDispose]());

/** A refusal is an error on the page's console; those that a test provokes are its own. */
async function provoking<T>(work: () => Promise<T>): Promise<T> {
  const before = bench.pageErrors.length;
  const result = await work();
  bench.pageErrors.splice(before);
  return result;
}

test('a page has nothing of Node and one function of the app', async () => {
  const seen = await page.evaluate(() => {
    const all = globalThis as Record<string, unknown>;
    return { node: ['require', 'process', 'module', 'Buffer', 'global', '__dirname'].filter((name) => name in all), vireo: Object.keys(all['vireo'] as object) };
  });
  expect(seen).toEqual({ node: [], vireo: ['connect'] });
});

test('pages run sandboxed, isolated and without Node', async () => {
  const preferences = await app.electron.evaluate(({ BrowserWindow }) => {
    const contents = BrowserWindow.getAllWindows()[0]!.webContents as unknown as { getLastWebPreferences(): Record<string, unknown> };
    const { sandbox, contextIsolation, nodeIntegration, webviewTag, webSecurity } = contents.getLastWebPreferences();
    return { sandbox, contextIsolation, nodeIntegration, webviewTag, webSecurity };
  });
  expect(preferences).toEqual({ sandbox: true, contextIsolation: true, nodeIntegration: false, webviewTag: false, webSecurity: true });
});

test.runIf(isSandboxed())("Chromium's own sandbox is on", async () => {
  expect(await app.electron.evaluate(({ app: electron }) => electron.commandLine.hasSwitch('no-sandbox'))).toBe(false);
  // A page's process has no more than its system calls allow: seccomp filters them (2 in /proc).
  const pid = await app.electron.evaluate(({ BrowserWindow }) => BrowserWindow.getAllWindows()[0]!.webContents.getOSProcessId());
  expect(await readFile(`/proc/${pid}/status`, 'utf8')).toMatch(/^Seccomp:\s+2$/m);
});

test('every answer of app:// carries the content policy, a refusal too, and nothing outside the pages is served', async () => {
  const answers = await app.electron.evaluate(async ({ net }) => {
    const ask = async (address: string) => {
      const response = await net.fetch(address);
      return [response.status, response.headers.get('content-security-policy')] as const;
    };
    return [await ask('app://vireo/index.html'), await ask('app://vireo/console.html'), await ask('app://vireo/..%2felectron%2fmain.js'), await ask('app://vireo/none.js')];
  });
  expect(answers).toEqual([[200, contentPolicy], [200, contentPolicy], [404, contentPolicy], [404, contentPolicy]]);
});

test('inline scripts, frames and requests to elsewhere are refused', async () => {
  const done = await provoking(() =>
    page.evaluate(async () => {
      const script = document.createElement('script');
      script.textContent = 'window.inlineRan = true';
      document.head.append(script);
      const frame = document.createElement('iframe');
      frame.src = 'https://example.com/';
      document.body.append(frame);
      const fetched = await fetch('https://example.com/').then(() => 'fetched', () => 'refused');
      script.remove();
      frame.remove();
      return { inline: 'inlineRan' in window, fetched };
    }),
  );
  expect(done).toEqual({ inline: false, fetched: 'refused' });
});

test('a page cannot navigate away nor open a window', async () => {
  const before = page.url();
  const opened = await provoking(() =>
    page.evaluate(() => {
      location.href = 'https://example.com/';
      return window.open('https://example.com/') === null;
    }),
  );
  expect(opened).toBe(true);
  await eventually('the refusal is in the log', async () => app.stderr.includes('a page tried to navigate'), 5_000);
  // Playwright's locators would wait for the navigation that never happens.
  const after = await page.evaluate(() => ({ address: location.href, whole: document.querySelector('[role=treegrid]') !== null }));
  expect({ ...after, windows: app.electron.windows().length }).toEqual({ address: before, whole: true, windows: 1 });
});

test('a page gets no permission', async () => {
  const answers = await provoking(() =>
    page.evaluate(async () => ({
      notifications: await Notification.requestPermission(),
      clipboard: await navigator.clipboard.readText().then(() => 'read', () => 'refused'),
      microphone: await navigator.mediaDevices.getUserMedia({ audio: true }).then(() => 'open', () => 'refused'),
    })),
  );
  expect(answers).toEqual({ notifications: 'denied', clipboard: 'refused', microphone: 'refused' });
});

test('a port from contents that are no window of the app is closed unheard', async () => {
  bench.expectedErrors.push(/nothing-here/); // the page that is not there is an error of that window
  const heard = await app.electron.evaluate(async ({ BrowserWindow }, preloadFile) => {
    const foreign = new BrowserWindow({ show: false, webPreferences: { preload: preloadFile, sandbox: true } });
    await foreign.loadURL('app://vireo/nothing-here.html');
    const outcome: unknown = await foreign.webContents.executeJavaScript(`new Promise((resolve) => {
      window.addEventListener('message', (event) => {
        const [port] = event.ports;
        if (!port) return;
        port.addEventListener('message', () => resolve('answered'));
        port.addEventListener('close', () => resolve('closed'));
        port.start();
        port.postMessage({ t: 'hello', protocol: 1, label: 'foreign' });
      });
      window.vireo.connect();
    })`);
    foreign.destroy();
    return outcome;
  }, path.join(bench.appFolder, 'dist/electron/preload.cjs'));
  expect(heard).toBe('closed');
  expect(app.stderr).toContain('a port was refused');
});
