/**
 * The real app for tests: the built files under dist/, the real Electron, a state folder of its own. Whatever a test
 * did, the bench ends all that was started on that folder and fails when a page reported an error or a process stayed.
 */
import { mkdtemp, rm, stat } from 'node:fs/promises';
import path from 'node:path';
import { type ElectronApplication, type Page, _electron } from '@playwright/test';
import type { Client } from '../../core/api/client.ts';
import { connectLocal } from '../../core/api/local-client.ts';
import { type StateLayout, stateLayout } from '../../core/status/state-folder.ts';
import { type FoundProcess, endProcesses, eventually, processesNaming } from './electron-processes.ts';

const projectFolder = path.resolve(import.meta.dirname, '../..');
const launchMs = 30_000;
const goneMs = 15_000;
const screenMs = 20_000;

export interface BenchOptions {
  /** The folder with package.json, dist/ and assets/; where left out VIREO_APP_FOLDER, else the project. */
  readonly appFolder?: string;
}

export interface LaunchOptions {
  readonly env?: Readonly<Record<string, string>>;
  readonly args?: readonly string[];
}

export async function openAppBench(options: BenchOptions = {}): Promise<AppBench> {
  const root = await mkdtemp('/tmp/vireo-'); // short: sockets lie in it
  return new AppBench(root, options.appFolder ?? process.env['VIREO_APP_FOLDER'] ?? projectFolder);
}

export class AppBench implements AsyncDisposable {
  readonly layout: StateLayout;
  /** Errors that pages reported, with the page's address; a test that provokes one takes it out. */
  readonly pageErrors: string[] = [];
  /** Errors that a test provokes and that may be reported at any time after. */
  readonly expectedErrors: RegExp[] = [];
  readonly appFolder: string;
  readonly #apps: LaunchedApp[] = [];
  readonly #clients: Client[] = [];

  constructor(root: string, appFolder: string) {
    this.layout = stateLayout(root);
    this.appFolder = appFolder;
  }

  async launch(options: LaunchOptions = {}): Promise<LaunchedApp> {
    // Unless told otherwise Playwright takes Chromium's sandbox away.
    const electron = await _electron.launch({ ...(await this.#command(options)), chromiumSandbox: isSandboxed(), timeout: launchMs, colorScheme: null });
    const app = new LaunchedApp(electron, this.pageErrors);
    this.#apps.push(app);
    return app;
  }

  /** What Electron is started with, for tests that watch a start that ends by itself. */
  async #command(options: LaunchOptions): Promise<{ executablePath: string; args: string[]; env: Record<string, string>; cwd: string }> {
    return {
      executablePath: await electronProgram(),
      args: [...(isSandboxed() ? [] : ['--no-sandbox']), ...headlessArgs(), this.appFolder, `--home=${this.layout.root}`, ...(options.args ?? [])],
      env: { ...definedEnv(), VIREO_NODE: process.execPath, VIREO_NO_DIALOGS: '1', ...options.env },
      cwd: this.appFolder,
    };
  }

  /** Starts the app without Playwright and waits for its end: for starts that must fail or give way. */
  async launchToEnd(options: LaunchOptions = {}): Promise<{ exitCode: number | null; stderr: string }> {
    const { spawn } = await import('node:child_process');
    const { executablePath, args, env, cwd } = await this.#command(options);
    const child = spawn(executablePath, args, { env, cwd, stdio: ['ignore', 'ignore', 'pipe'] });
    let stderr = '';
    child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr = (stderr + text).slice(-65_536)));
    const late = setTimeout(() => child.kill('SIGKILL'), launchMs);
    const exitCode = await new Promise<number | null>((resolve) => child.once('close', resolve));
    clearTimeout(late);
    return { exitCode, stderr };
  }

  /** A second client, over the local socket of whoever owns the folder. */
  async connect(label = 'the test'): Promise<Client> {
    const client = await connectLocal(this.layout.socket, label, { deadlineMs: 15_000, waitForHost: true });
    this.#clients.push(client);
    return client;
  }

  /** Every process whose command line names the state folder: the app's own, QEMU, a screenless host. */
  processes(): Promise<FoundProcess[]> {
    return processesNaming(this.layout.root);
  }

  async qemuProcesses(): Promise<FoundProcess[]> {
    return (await this.processes()).filter((found) => found.program.includes('qemu-system'));
  }

  async hostProcesses(): Promise<FoundProcess[]> {
    return (await this.processes()).filter((found) => found.words.includes('host') && found.words.some((word) => word.endsWith('vireo.cjs')));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const client of this.#clients) client.close();
    for (const app of this.#apps) await app.quit().catch(() => app.kill()).catch(() => {});
    const isEmpty = async (): Promise<boolean> => (await this.processes()).length === 0;
    await eventually('the processes of the test end', isEmpty, 10_000).catch(() => {});
    const left = await this.processes();
    await endProcesses(left);
    const log = this.#apps.map((app) => app.stderr).join('\n--\n');
    await rm(this.layout.root, { recursive: true, force: true, maxRetries: 5 });
    const complaints = [
      ...left.map((found) => `left behind: ${found.pid} ${found.words.join(' ').slice(0, 300)}`),
      ...this.pageErrors.filter((error) => !this.expectedErrors.some((expected) => expected.test(error))).map((error) => `a page reported: ${error}`),
    ];
    if (complaints.length > 0) throw new Error(`${complaints.join('\n')}\n\nthe app said:\n${log.slice(-8_000)}`);
  }
}

export class LaunchedApp {
  readonly electron: ElectronApplication;
  readonly pid: number;
  stderr = '';
  readonly #ended: Promise<void>;
  #isEnded = false;

  constructor(electron: ElectronApplication, pageErrors: string[]) {
    this.electron = electron;
    const child = electron.process();
    this.pid = child.pid!;
    child.stderr?.setEncoding('utf8').on('data', (text: string) => (this.stderr = (this.stderr + text).slice(-1 << 20)));
    this.#ended = new Promise((resolve) => {
      child.once('exit', () => {
        this.#isEnded = true;
        resolve();
      });
    });
    const watch = (page: Page): void => {
      page.setDefaultTimeout(screenMs); // shorter than a test may take, so that the error says what was waited for
      page.on('console', (message) => {
        if (message.type() === 'error') pageErrors.push(`${page.url()}: ${message.text()}`);
      });
      page.on('pageerror', (error) => pageErrors.push(`${page.url()}: ${error.stack ?? error.message}`));
    };
    for (const page of electron.windows()) watch(page);
    electron.on('window', watch);
  }

  /** The main window, once it is there. */
  async main(): Promise<Page> {
    await eventually('the main window opens', async () => this.#pages('/index.html').length > 0, launchMs);
    return this.#pages('/index.html')[0]!;
  }

  /** The console windows, in the order in which they were opened. */
  consoles(): Page[] {
    return this.#pages('/console.html');
  }

  /** The window that `act` opens. */
  async windowOpenedBy(act: () => Promise<unknown>): Promise<Page> {
    const before = new Set(this.electron.windows());
    await act();
    await eventually('a window opens', async () => this.electron.windows().some((page) => !before.has(page)), launchMs);
    const page = this.electron.windows().find((candidate) => !before.has(candidate))!;
    await page.waitForLoadState('domcontentloaded');
    return page;
  }

  /** Ends the app as its user does. */
  async quit(): Promise<void> {
    if (this.#isEnded) return;
    // Playwright's close() has no time limit of its own; the end of the process is what counts.
    void this.electron.close().catch(() => {});
    await this.gone();
  }

  /** kill -9 of the main process. */
  async kill(): Promise<void> {
    process.kill(this.pid, 'SIGKILL');
    await this.gone();
  }

  /** Resolves once the main process has ended. */
  async gone(): Promise<void> {
    await eventually('the app ends', async () => this.#isEnded, goneMs);
    await this.#ended;
  }

  #pages(name: string): Page[] {
    return this.electron.windows().filter((page) => new URL(page.url()).pathname === name);
  }
}

async function electronProgram(): Promise<string> {
  const folder = process.env['VIREO_ELECTRON_DIST'];
  if (!folder) throw new Error('VIREO_ELECTRON_DIST names no Electron; run these tests with `npm test -- --only electron`');
  const name = { darwin: 'Electron.app/Contents/MacOS/Electron', win32: 'electron.exe' }[process.platform as string] ?? 'electron';
  const program = path.join(folder, name);
  await stat(program);
  return program;
}

/** As root Chromium's sandbox cannot work; everywhere else it stays on. */
export function isSandboxed(): boolean {
  return process.env['VIREO_NO_SANDBOX'] !== '1' && process.getuid?.() !== 0;
}

/** /dev/shm is small in containers; a renderer that cannot get memory there dies. */
function headlessArgs(): string[] {
  return process.platform === 'linux' ? ['--disable-dev-shm-usage'] : [];
}

function definedEnv(): Record<string, string> {
  return Object.fromEntries(Object.entries(process.env).filter((entry): entry is [string, string] => entry[1] !== undefined));
}
