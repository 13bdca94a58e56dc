import { appendFile, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { once } from 'node:events';
import { createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import path from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { eventually } from '../../test/support/console-reader.ts';
import { systemClock } from '../base/clock.ts';
import { silentLog } from '../base/log.ts';
import { ConsoleLog } from './console-log.ts';
import { ConsoleStream } from './console-stream.ts';
import type { ConsoleBackend } from './console-types.ts';
import type { DeviceConnection } from './device-connection.ts';
import { LoggedLink } from './logged-link.ts';

const signal = new AbortController().signal;
let folder: string;
let file: string;
let server: Server;
let clients: Socket[];
let heard: string;
beforeEach(async () => {
  folder = await mkdtemp('/tmp/vireo-');
  file = path.join(folder, 'serial0.log');
  await writeFile(file, 'before');
  clients = [];
  heard = '';
  server = createServer((socket) => {
    clients.push(socket);
    socket.on('data', (bytes: Buffer) => (heard += bytes.toString('latin1')));
    socket.on('error', () => {});
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
});
afterEach(async () => {
  for (const client of clients) client.destroy();
  if (server.listening) await new Promise((resolve) => server.close(resolve));
  await rm(folder, { recursive: true, force: true });
});

class Followed implements AsyncDisposable {
  readonly link: LoggedLink;
  readonly stream: ConsoleStream;
  readonly #log = new ConsoleLog(file, silentLog);
  connection: DeviceConnection | null = null;
  states: string[] = [];

  constructor(backend: ConsoleBackend) {
    this.stream = new ConsoleStream({ clock: systemClock, historyBytes: 1_000, log: this.#log, onRelease: () => {} });
    this.link = new LoggedLink({
      device: { alias: 'serial0', kind: 'serial', label: 'ttyS0', backend, logFile: file, runStart: 0 },
      stream: this.stream,
      clock: systemClock,
      log: silentLog,
      lockFolder: folder,
      onState: (state, connection) => {
        this.connection = connection;
        this.states.push(`${state} ${connection ? 'with' : 'without'}`);
      },
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.link[Symbol.asyncDispose]();
    await this.#log[Symbol.asyncDispose]();
  }
}

const tcp = (telnet = false): ConsoleBackend => ({ type: 'tcp', host: '127.0.0.1', port: (server.address() as AddressInfo).port, telnet });

test('it is connected while somebody writes and not before or after, and the log is all that is read', async () => {
  await using followed = new Followed(tcp(true));
  const { link, stream } = followed;
  await link.connect(signal);
  expect([stream.end, clients.length]).toEqual([6, 0]);
  await Promise.all([link.needsWriter(true), link.needsWriter(true)]);
  expect(clients).toHaveLength(1);
  await followed.connection?.write(Uint8Array.of(0x61, 0xff));
  await eventually(() => heard === 'a\xff\xff', 15_000);
  clients[0]?.write('over the connection');
  await appendFile(file, ' and after');
  await eventually(() => stream.released === 16, 15_000);
  const gone = once(clients[0]!, 'close');
  await link.needsWriter(false);
  await gone;
  expect(followed.states).toEqual(['open without', 'open with', 'open without']);
  await link.needsWriter(true);
  expect(clients).toHaveLength(2);
  expect(stream.end).toBe(16);
});

test('a connection that the other side cuts is made anew when it is needed again', async () => {
  await using followed = new Followed(tcp());
  await followed.link.connect(signal);
  await followed.link.needsWriter(true);
  clients[0]?.destroy();
  await eventually(() => followed.connection === null, 15_000);
  await followed.link.needsWriter(true);
  await followed.connection?.write(Buffer.from('again'));
  await eventually(() => heard === 'again', 15_000);
});

test('a need that ends while the connection is made, or with the console, leaves none', async () => {
  await using followed = new Followed(tcp());
  await followed.link.connect(signal);
  const refused = expect(followed.link.needsWriter(true)).rejects.toMatchObject({ code: 'OPERATION_ABORTED' });
  await followed.link.needsWriter(false);
  await refused;
  await followed.link.needsWriter(true);
  await followed[Symbol.asyncDispose]();
  await eventually(() => clients.every(({ destroyed }) => destroyed), 15_000);
});

test('where nobody listens, and where nobody can write, the reason is told', async () => {
  await using nobody = new Followed(tcp());
  await new Promise((resolve) => server.close(resolve));
  await nobody.link.connect(signal);
  await expect(nobody.link.needsWriter(true)).rejects.toThrow(/ECONNREFUSED/);
  await using watched = new Followed({ type: 'elsewhere', what: 'file /f', why: 'a file gives no input' });
  await watched.link.connect(signal);
  await expect(watched.link.needsWriter(true)).rejects.toMatchObject({ code: 'NO_SUPPORT', message: expect.stringContaining('a file gives no input') });
  await appendFile(file, '!');
  await eventually(() => watched.stream.released === 7, 15_000);
});
