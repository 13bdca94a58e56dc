/** Clients in processes of their own at the local door, which die and freeze while they write to a console. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { buildProgram } from '../../test/support/build-program.ts';
import { ConsoleReader, eventually } from '../../test/support/console-reader.ts';
import { FakeChardev } from '../../test/support/fake-chardev.ts';
import { makeSummary } from '../../test/support/make-summary.ts';
import { systemClock } from '../base/clock.ts';
import { Emitter } from '../base/events.ts';
import { silentLog } from '../base/log.ts';
import { ConsoleMux, type ConsoleSession } from '../console/console-mux.ts';
import type { Domain } from '../domain/domain.ts';
import { consoleService } from './console-service.ts';
import { type LocalServer, listenLocal } from './local-server.ts';
import { serve } from './server.ts';

const withinMs = 30_000;
const me = { client: { id: 'window 1', label: 'window 1' }, force: true } as const;

let programs: string;
let program: string;
let folder: string;
let server: LocalServer;
let fake: FakeChardev;
let mux: ConsoleMux;
const clients: ChildProcess[] = [];

beforeAll(async () => {
  programs = await mkdtemp('/tmp/vireo-');
  program = await buildProgram(new URL('../../test/support/console-client-main.ts', import.meta.url).pathname, programs, 'client');
}, 60_000);
afterAll(() => rm(programs, { recursive: true, force: true }));

beforeEach(async () => {
  folder = await mkdtemp('/tmp/vireo-');
  fake = await FakeChardev.start();
  mux = new ConsoleMux({ domain: { name: 'fedora', uuid: '6d8bd6a4-4c7e-4f2e-9a53-0d9b4d7a4b01' }, clock: systemClock, log: silentLog });
  await mux.add(fake.device, AbortSignal.timeout(withinMs));
  await eventually(() => fake.connected, withinMs);
  const domain = { uuid: 'fedora', summary: () => makeSummary() } as Partial<Domain> as Domain;
  const openConsole = consoleService({
    openConsole: async (_call, _reference, _device, options) => ({ domain, alias: 'serial0', label: 'ttyS0', runStart: 0, position: 0, session: mux.open('serial0', options) }),
    gapTimes: (_uuid, _alias, { from, to }) => Promise.resolve({ fromMs: from, toMs: to }),
    sendBreak: () => Promise.resolve(),
  });
  server = await listenLocal(`${folder}/api`, (channel, { number }) => {
    serve(channel, { methods: {}, implementation: {}, streams: { domainOpenConsole: openConsole }, events: new Emitter(), version: '0', log: silentLog, nameClient: (hint) => `${hint} #${number}` });
  });
});

afterEach(async () => {
  for (const client of clients.splice(0)) {
    const exited = client.exitCode === null && client.signalCode === null ? once(client, 'exit') : null;
    client.kill('SIGKILL');
    await exited;
  }
  await server.close();
  await mux[Symbol.asyncDispose]();
  await fake[Symbol.asyncDispose]();
  await rm(folder, { recursive: true, force: true });
});

interface ClientProcess {
  readonly process: ChildProcess;
  readonly said: () => string;
}

/** A client that owns the input and types `a` as fast as the guest takes it. */
async function typist(): Promise<ClientProcess> {
  const client = spawn(process.execPath, [program, `${folder}/api`, 'typist'], { stdio: ['ignore', 'pipe', 'inherit'] });
  clients.push(client);
  let said = '';
  client.stdout.on('data', (bytes: Buffer) => (said += bytes.toString()));
  await eventually(() => said.includes('open') && fake.heard.length > 0, withinMs);
  return { process: client, said: () => said };
}

function writer(): string | null {
  return mux.status()[0]?.writer?.client ?? null;
}

/** Types, and waits until the guest has it. */
async function type(session: ConsoleSession, text: string): Promise<void> {
  await session.write(Buffer.from(text));
  await eventually(() => fake.heard.toString('latin1').endsWith(text), withinMs);
}

test.each(['reads', 'does not read'])('a client that is killed while it writes to a guest that %s leaves the input free', { timeout: 3 * withinMs }, async (guest) => {
  const client = await typist();
  expect(writer()).toBe('typist #1');
  if (guest === 'does not read') fake.stopReading();
  client.process.kill('SIGKILL');
  await eventually(() => writer() === null && mux.status()[0]?.sessions.length === 0, withinMs);
  using next = mux.open('serial0', { ...me, mode: 'write', force: false });
  if (guest === 'reads') await type(next, 'b');
  expect(fake.heard.toString('latin1')).toMatch(/^a+b?$/);
});

test('a client that is frozen holds nobody up, and nothing of it reaches the guest once it has lost the input', { timeout: 3 * withinMs }, async () => {
  const client = await typist();
  client.process.kill('SIGSTOP');
  const output = Buffer.alloc(1_000_000, 'the guest goes on\n');
  using watcher = mux.open('serial0', { ...me, mode: 'watch', from: 0 });
  fake.say(output);
  const read = await new ConsoleReader(watcher).until(({ bytes }) => bytes.length === output.length, withinMs);
  expect([read.bytes.equals(output), read.gaps]).toEqual([true, []]);
  expect(() => mux.open('serial0', { ...me, mode: 'write', force: false })).toThrow('Active console session exists');
  using taker = mux.open('serial0', { ...me, mode: 'write' });
  await type(taker, 'b');
  client.process.kill('SIGCONT');
  await eventually(() => client.said().includes('taken-over by window 1') && client.said().includes('refused'), withinMs);
  await type(taker, 'bb');
  expect(fake.heard.toString('latin1')).toMatch(/^a+bbb$/);
});

test('a request is met when the writer, frozen, is killed', { timeout: 3 * withinMs }, async () => {
  using first = mux.open('serial0', { ...me, mode: 'write' });
  await type(first, 'b');
  first.release();
  const client = await typist();
  using asking = mux.open('serial0', { ...me, mode: 'watch' });
  asking.ask();
  client.process.kill('SIGSTOP');
  expect(asking.mode).toBe('watch');
  client.process.kill('SIGKILL');
  await eventually(() => asking.mode === 'write', withinMs);
  await type(asking, 'b');
});
