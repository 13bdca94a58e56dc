/**
 * What a small call costs from a window: the real app's page and main process, and beside it a bare echo over the same
 * kind of port between the same two processes.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import type { ElectronApplication, Page, _electron } from '@playwright/test';
import type * as Vite from 'vite';
import { connectLocal } from '../core/api/local-client.ts';
import { stateLayout } from '../core/status/state-folder.ts';
import { bootGuestXml } from '../test/support/boot-guest.ts';
import { bootSectorImage } from '../test/support/boot-sector.ts';
import { type Bench, type BenchContext, CannotMeasure, type Measurement, type Row } from './bench.ts';

const count = 1_000;
const pipelineDepth = 64;
const project = process.cwd(); // the bench is bundled elsewhere, and run in the checkout

export const ipc: Bench = {
  name: 'ipc',
  title: `${count} calls on a running domain, from a window of the app`,
  defaultRounds: 5,
  limitMs: 90_000,
  run: measure,
};

interface PageBench {
  open(): Promise<void>;
  openEcho(name: string, message: unknown): Promise<void>;
  repeat(name: string, count: number, inFlight: number): Promise<number>;
}

async function measure(context: BenchContext): Promise<Measurement> {
  const home = await mkdtemp('/tmp/vireo-');
  await using display = await openDisplay();
  const app = await launch(home, display.name);
  const end = (): void => void app.process().kill('SIGKILL');
  context.signal.addEventListener('abort', end, { once: true });
  try {
    const page = await app.firstWindow();
    await page.waitForLoadState();
    const client = await connectLocal(stateLayout(home).socket, 'the bench', { deadlineMs: 15_000, waitForHost: true, signal: context.signal });
    const disk = path.join(home, 'tiny.raw');
    await writeFile(disk, bootSectorImage());
    await client.call('domainDefineXML', { xml: bootGuestXml(disk, { name: 'tiny' }) });
    await client.call('domainCreate', { domain: 'tiny', paused: true });
    const answer = { t: 'result', id: 1, value: await client.call('domainGetInfo', { domain: 'tiny' }) };
    const rows = await measureIn(app, page, answer, context.rounds);
    await client.call('domainDestroy', { domain: 'tiny' });
    client.close();
    return { rows, notes: [`the app runs on Electron ${await app.evaluate(() => process.versions.electron)}; the bare answer is as long as getInfo's own (${JSON.stringify(answer).length} bytes as JSON), and cloned like it`, `pipelined: ${pipelineDepth} calls under way at any time`] };
  } finally {
    const gone = once(app.process(), 'exit');
    end();
    await gone;
    await rm(home, { recursive: true, force: true, maxRetries: 5 });
  }
}

async function measureIn(app: ElectronApplication, page: Page, answer: object, rounds: number): Promise<Row[]> {
  await page.evaluate(await pageScript());
  const inPage = <K extends keyof PageBench>(name: K, args: Parameters<PageBench[K]>): Promise<unknown> =>
    page.evaluate(([method, given]) => (globalThis as unknown as { vireoBench: Record<string, (...all: readonly unknown[]) => Promise<unknown>> }).vireoBench[method as string]?.(...(given as readonly unknown[])), [name, args] as const);
  await inPage('open', []);
  const question = { t: 'call', id: 1, method: 'domainGetInfo', params: { domain: 'tiny' } };
  for (const [name, reply] of [['echo', null], ['same size', answer]] as const) {
    await answerNextPort(app, reply);
    await inPage('openEcho', [name, question]);
  }
  const bare = (way: string): string => `bare answer of the same size, ${way}`;
  const rows = [['one by one', 1], ['pipelined', pipelineDepth]].flatMap(([way, inFlight]) => [
    { what: `bare echo, ${way}`, name: 'echo', inFlight: inFlight as number, base: null },
    { what: bare(way as string), name: 'same size', inFlight: inFlight as number, base: null },
    ...['domainGetInfo', 'domainLookup'].map((name) => ({ what: `${name} from a window, ${way}`, name, inFlight: inFlight as number, base: bare(way as string) })),
  ]);
  const samples = rows.map((): number[] => []);
  for (let round = -1; round < rounds; round++) {
    for (const [index, { name, inFlight }] of rows.entries()) {
      const ms = (await inPage('repeat', [name, count, inFlight])) as number;
      if (round >= 0) samples[index]?.push(ms); // the first of each is compiled, not measured
    }
  }
  return rows.map(({ what, base }, index) => ({ what, unit: 'ms', samples: samples[index] as number[], ...(base === null ? {} : { base }) }));
}

/** Main answers the next port that a page asks for with nothing but `reply`, or with the question where that is null. */
async function answerNextPort(app: ElectronApplication, reply: object | null): Promise<void> {
  await app.evaluate(({ ipcMain }, given) => {
    const served = ipcMain.listeners('vireo:connect') as ((event: Electron.IpcMainEvent) => void)[];
    ipcMain.removeAllListeners('vireo:connect');
    ipcMain.once('vireo:connect', (event) => {
      for (const listener of served) ipcMain.on('vireo:connect', listener);
      const [port] = event.ports;
      port?.on('message', ({ data }) => port.postMessage(given ?? data));
      port?.start();
    });
  }, reply);
}

/** The page's part as one script: pages of the app load none but their own, so it is evaluated. */
export async function pageScript(): Promise<string> {
  const { build } = (await import(/* @vite-ignore */ fileOf('vite/dist/node/index.js'))) as typeof Vite;
  const built = await build({
    root: project,
    configFile: false,
    logLevel: 'warn',
    publicDir: false,
    build: { write: false, minify: false, target: 'chrome130', lib: { entry: path.join(project, 'bench/ipc-page.ts'), formats: ['iife'], name: 'ipcPage', fileName: 'ipc-page' } },
  });
  const [output] = Array.isArray(built) ? built : [built];
  const chunk = output && 'output' in output ? output.output.find((each) => each.type === 'chunk') : undefined;
  if (chunk?.type !== 'chunk') throw new Error("the page's script was not built");
  return chunk.code;
}

function fileOf(file: string): string {
  return pathToFileURL(path.join(project, 'node_modules', file)).href;
}

export async function launch(home: string, display: string | null): Promise<ElectronApplication> {
  const { electronRuntime } = (await import(/* @vite-ignore */ pathToFileURL(path.join(project, 'scripts/setup/electron-runtime.mjs')).href)) as { readonly electronRuntime: () => Promise<{ program: string }> };
  const { buildIfStale } = (await import(/* @vite-ignore */ pathToFileURL(path.join(project, 'scripts/build.mjs')).href)) as { readonly buildIfStale: () => Promise<boolean> };
  const { program } = await electronRuntime();
  await buildIfStale();
  const playwright = createRequire(path.join(project, 'package.json'))('@playwright/test') as { _electron: typeof _electron };
  const isRoot = process.getuid?.() === 0; // Chromium's sandbox cannot work then
  return await playwright._electron.launch({
    executablePath: program,
    args: [...(isRoot ? ['--no-sandbox'] : []), '--disable-dev-shm-usage', project, `--home=${home}`],
    env: { ...(process.env as Record<string, string>), VIREO_NODE: process.execPath, VIREO_NO_DIALOGS: '1', ...(display === null ? {} : { DISPLAY: display }) },
    cwd: project,
    chromiumSandbox: !isRoot,
    timeout: 30_000,
  });
}

/** A virtual screen where there is none. @throws CannotMeasure where there can be none either. */
export async function openDisplay(): Promise<AsyncDisposable & { readonly name: string | null }> {
  if (process.platform !== 'linux' || process.env['DISPLAY']) return { name: null, [Symbol.asyncDispose]: async () => {} };
  const screen = spawn('Xvfb', ['-displayfd', '1', '-screen', '0', '1280x800x24'], { stdio: ['ignore', 'pipe', 'ignore'] });
  const exited = once(screen, 'exit');
  const failed = Promise.race([exited, once(screen, 'error')]).then(() => null, () => null);
  const number = await Promise.race([once(screen.stdout, 'data').then(([chunk]) => (chunk as Buffer).toString().trim()), failed]);
  if (number === null) throw new CannotMeasure('not measured: there is no display, and no Xvfb to make one');
  return {
    name: `:${number}`,
    async [Symbol.asyncDispose]() {
      screen.kill();
      await exited;
    },
  };
}
