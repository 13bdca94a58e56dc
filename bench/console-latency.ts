/**
 * From a keystroke to its echo: past the host, by a client over the local socket, and in a page of the app, idle and
 * while another console floods. The guest's own share is in the raw rows: it looks at its serial port once a millisecond.
 * Beside the app it takes longer, because its CPU waits for one of the machine's; so there it is taken of each keystroke
 * (guest-share.ts).
 */
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import net from 'node:net';
import path from 'node:path';
import type { ElectronApplication, Page } from '@playwright/test';
import type { Client } from '../core/api/client.ts';
import { connectLocal } from '../core/api/local-client.ts';
import { stateLayout } from '../core/status/state-folder.ts';
import { bootGuestXml } from '../test/support/boot-guest.ts';
import { bootSectorImage, greeting } from '../test/support/boot-sector.ts';
import { guestConsole } from '../test/support/guest-console.ts';
import { qemuProcessesOf } from '../test/support/open-test-host.ts';
import { launch, openDisplay, pageScript } from './ipc.ts';
import { type Bench, type BenchContext, CannotMeasure, type Measurement, type Row } from './bench.ts';
import { watchGuestShare } from './guest-share.ts';
import type { HostProcess } from './host-process.ts';

const keystrokes = 200;
const bootMs = 30_000;
const states = ['idle', 'another floods'] as const;
/** In the app the flood may be shown as well: in a window of its own, which draws all of it. */
const statesInApp = [...states, 'another floods in a window'] as const;
type State = (typeof statesInApp)[number];
const ownShare = "the guest's own";
/** Typed before those that are measured. */
const warmUps = 10;

export const consoleLatency: Bench = {
  name: 'console-latency',
  title: `a keystroke until its echo is there, ${keystrokes} a round`,
  defaultRounds: 3,
  limitMs: 240_000,
  run: measure,
};

type Times = Map<string, { p50: number[]; p99: number[] }>;

async function measure(context: BenchContext): Promise<Measurement> {
  const times: Times = new Map();
  const note = (what: string, ms: readonly number[]): void => {
    const sorted = ms.toSorted((a, b) => a - b);
    const at = (part: number): number => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))]!;
    const row = times.get(what) ?? { p50: [], p99: [] };
    times.set(what, { p50: [...row.p50, at(0.5)], p99: [...row.p99, at(0.99)] });
  };
  const notes = ["in a page, the guest's own: from the byte's way into QEMU's socket until QEMU has logged the answer, or up to a tick of the system's clock (4 ms) less", 'the raw rows are the guest and QEMU alone: the socket, with no host; a flood is read from the other socket meanwhile'];
  await overSocket(context, note);
  try {
    await inWindow(context, note);
  } catch (error) {
    if (!(error instanceof CannotMeasure)) throw error;
    notes.push(`in a window: ${error.message}`);
  }
  return { rows: [...times].flatMap(([what, { p50, p99 }]) => rowsOf(what, p50, p99)), notes };
}

function rowsOf(what: string, p50: readonly number[], p99: readonly number[]): Row[] {
  const bare = `${what.slice(0, what.indexOf(':'))}: raw socket`;
  // What the guest takes is no part of these any more.
  const base = (name: string): { base?: string } => (what === bare || what.includes(ownShare) ? {} : { base: `${bare}, ${name}` });
  const median: Row = { what: `${what}, median`, unit: 'ms', samples: p50, ...base('median') };
  const late: Row = { what: `${what}, 99th percentile`, unit: 'ms', samples: p99, ...base('99th percentile') };
  return what.endsWith(ownShare) ? [late] : [median, late];
}

/** Two guests: one echoes what is typed, the other can flood. */
async function startGuests(client: Client, home: string): Promise<void> {
  for (const name of ['echoes', 'floods']) {
    const disk = path.join(home, `${name}.raw`);
    await writeFile(disk, bootSectorImage());
    await client.call('domainDefineXML', { xml: bootGuestXml(disk, { name }) });
    await client.call('domainCreate', { domain: name });
    await using serial = await guestConsole(client, name, null);
    await serial.waitFor(new RegExp(greeting), bootMs);
  }
}

async function overSocket(context: BenchContext, note: (what: string, ms: readonly number[]) => void): Promise<void> {
  await using host = await context.startHost();
  await host.open();
  let client = await host.connect();
  await startGuests(client, host.home);
  const [echoes, floods] = await Promise.all(['echoes', 'floods'].map((domain) => socketOf(client, domain)));
  for (let round = 0; round < context.rounds; round++) {
    for (const state of states) {
      client = await flood(client, state);
      note(`${state}: a client over the local socket`, await echoesToClient(client));
      client = await calm(client, state);
    }
    client.close();
    await rawRound(host, { echoes: echoes!, floods: floods! }, note);
    client = await host.connect();
  }
  client.close();
}

/** Takes the input by force: who had it may be about to leave. */
async function flood(client: Client, state: State): Promise<Client> {
  if (state === 'idle') return client;
  await using serial = await guestConsole(client, 'floods', null, { from: 'now', force: true });
  await serial.type('F');
  await serial.waitFor(/[0-9a-f]{8}\r\n/, bootMs);
  return client;
}

async function calm(client: Client, state: State): Promise<Client> {
  if (state === 'idle') return client;
  await using serial = await guestConsole(client, 'floods', null, { force: true });
  await serial.type('Sz');
  await serial.waitFor(/z/, bootMs);
  return client;
}

async function echoesToClient(client: Client): Promise<number[]> {
  let came = (): void => {};
  const stream = await client.openStream('domainOpenConsole', { domain: 'echoes', mode: 'write', force: true, from: 'now' }, {
    onBytes(_bytes, _offset, acknowledge) {
      acknowledge();
      came();
    },
    onMessage() {},
    onEnd() {},
  });
  const ms = await typed((listener) => (came = listener), (bytes) => void stream.send(bytes));
  stream.close();
  return ms;
}

/** Past the host, which lets go of both guests meanwhile. */
async function rawRound(host: HostProcess, paths: { readonly echoes: string; readonly floods: string }, note: (what: string, ms: readonly number[]) => void): Promise<void> {
  await host.close();
  const sockets = [net.connect(paths.echoes), net.connect(paths.floods)];
  const [echoes, floods] = sockets as [net.Socket, net.Socket];
  try {
    await Promise.all(sockets.map((socket) => once(socket, 'connect')));
    floods.resume();
    for (const state of states) {
      if (state !== 'idle') floods.write('F');
      let came = (): void => {};
      echoes.removeAllListeners('data').on('data', () => came());
      note(`${state}: raw socket`, await typed((listener) => (came = listener), (bytes) => void echoes.write(bytes)));
    }
    floods.write('S');
    await new Promise((resolve) => setTimeout(resolve, 200)); // QEMU throws away what the guest has not taken when we hang up
  } finally {
    for (const socket of sockets) socket.destroy();
  }
  await host.open();
}

/** One keystroke after the other. */
async function typed(onBytes: (listener: () => void) => void, send: (bytes: Uint8Array) => void): Promise<number[]> {
  const key = Buffer.from('x');
  const ms: number[] = [];
  for (let count = -warmUps; count < keystrokes; count++) {
    const beganMs = performance.now();
    const echoed = new Promise<void>((resolve) => onBytes(resolve));
    send(key);
    await echoed;
    if (count >= 0) ms.push(performance.now() - beganMs); // the first ones are compiled, not measured
  }
  return ms;
}

async function inWindow(context: BenchContext, note: (what: string, ms: readonly number[]) => void): Promise<void> {
  const home = await mkdtemp('/tmp/vireo-');
  await using display = await openDisplay();
  const app = await launch(home, display.name);
  const gone = once(app.process(), 'exit');
  const end = (): void => void app.process().kill('SIGKILL');
  context.signal.addEventListener('abort', end, { once: true });
  try {
    const page = await app.firstWindow();
    await page.waitForLoadState();
    const client = await connectLocal(stateLayout(home).socket, 'the bench', { deadlineMs: 15_000, waitForHost: true, signal: context.signal });
    await startGuests(client, home);
    const share = await watchGuestShare(app, await logOf(client, home));
    await page.evaluate(await pageScript());
    for (let round = 0; round < context.rounds; round++) {
      for (const state of statesInApp) {
        await flood(client, state);
        await using _window = state === 'another floods in a window' ? await openFloodWindow(app, page, client) : null;
        await share.begin();
        const ms = await pageBench(page, 'echoes', keystrokes);
        const guestMs = (await share.end()).slice(warmUps);
        if (guestMs.length !== ms.length) throw new Error(`${guestMs.length} of ${ms.length} keystrokes were seen on their way to QEMU`);
        note(`${state}: in a page of the app`, ms);
        note(`${state}: in a page of the app, less ${ownShare}, each keystroke`, ms.map((each, index) => each - guestMs[index]!));
        note(`${state}: of that ${ownShare}`, guestMs);
        await calm(client, state);
      }
    }
    for (const domain of ['echoes', 'floods']) await client.call('domainDestroy', { domain });
    client.close();
  } finally {
    end();
    await gone;
    for (const pid of await qemuProcessesOf(home)) process.kill(pid, 'SIGKILL'); // where it went wrong, they are there yet
    await rm(home, { recursive: true, force: true, maxRetries: 5 });
  }
}

interface PageBench {
  echoes(count: number): Promise<number[]>;
  openConsole(uuid: string): Promise<void>;
}

async function pageBench<K extends keyof PageBench>(page: Page, name: K, argument: Parameters<PageBench[K]>[0]): Promise<Awaited<ReturnType<PageBench[K]>>> {
  type InPage = { readonly vireoBench: Record<string, (argument: unknown) => Promise<unknown>> };
  const answer = page.evaluate(([method, given]) => (globalThis as unknown as InPage).vireoBench[method]?.(given), [name, argument] as const);
  return (await answer) as Awaited<ReturnType<PageBench[K]>>;
}

/** A window that shows the flood, until it is disposed. @throws when it is drawn by the process of the page that is measured. */
async function openFloodWindow(app: ElectronApplication, page: Page, client: Client): Promise<AsyncDisposable> {
  const { uuid } = await client.call('domainLookup', { domain: 'floods' });
  const opened = app.waitForEvent('window');
  await pageBench(page, 'openConsole', uuid);
  const window = await opened;
  await window.locator('.xterm-screen').first().waitFor();
  const pids = await app.evaluate(({ BrowserWindow }) => BrowserWindow.getAllWindows().map(({ webContents }) => webContents.getOSProcessId()));
  if (new Set(pids).size < 2) throw new Error('both windows are drawn by one process');
  return { [Symbol.asyncDispose]: () => window.close() };
}

/** What QEMU logs of the guest that echoes. */
async function logOf(client: Client, home: string): Promise<string> {
  const { uuid } = await client.call('domainLookup', { domain: 'echoes' });
  return path.join(stateLayout(home).logs, uuid, 'serial0.log');
}

async function socketOf(client: Client, domain: string): Promise<string> {
  const { xml } = await client.call('domainGetXMLDesc', { domain });
  return /<source mode='bind' path='([^']+)'/.exec(xml)?.[1] ?? '';
}
