/**
 * Consoles whose host side is not ours, on a real QEMU: they are followed in the log whoever has them, and connected
 * while somebody writes. Foreign programs come and go beside us as they like.
 */
import { execFile, spawn } from 'node:child_process';
import { createSocket, type Socket as DatagramSocket } from 'node:dgram';
import { once } from 'node:events';
import { readFile, writeFile } from 'node:fs/promises';
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import path from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { bootGuestXml, lookup } from '../support/boot-guest.ts';
import { bootSectorImage, greeting } from '../support/boot-sector.ts';
import { eventually } from '../support/console-reader.ts';
import { guestConsole } from '../support/guest-console.ts';
import { openTestHost, type TestHost } from '../support/open-test-host.ts';

const patienceMs = 30_000;
let host: TestHost;
let disk: string;

beforeAll(async () => {
  host = await openTestHost();
  disk = path.join(host.home, 'boot.raw');
  await writeFile(disk, bootSectorImage());
});

afterAll(async () => {
  await host[Symbol.asyncDispose]();
});

class Guest implements AsyncDisposable {
  readonly name: string;

  private constructor(name: string) {
    this.name = name;
  }

  static async start(name: string, devices: string): Promise<Guest> {
    const xml = bootGuestXml(disk, { name, serial: false }).replace('<memballoon', `${devices}<memballoon`);
    await host.client.call('domainDefineXML', { xml });
    await host.client.call('domainCreate', { domain: name });
    return new Guest(name);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if ((await lookup(host, this.name)).id !== null) await host.client.call('domainDestroy', { domain: this.name });
    await host.client.call('domainUndefine', { domain: this.name });
  }
}

/** Below the ports that the system gives to those who connect. */
async function freePort(): Promise<number> {
  for (;;) {
    const server = createServer();
    const port = 20_000 + Math.floor(Math.random() * 10_000);
    const isFree = await new Promise<boolean>((resolve) => {
      server.once('error', () => resolve(false));
      server.listen(port, '127.0.0.1', () => resolve(true));
    });
    if (!isFree) continue;
    server.close();
    await once(server, 'close');
    return port;
  }
}

/** A program that is not Vireo, at one end of a socket. */
class Foreign {
  readonly socket: Socket;
  heard = '';

  constructor(socket: Socket) {
    this.socket = socket;
    socket.on('data', (bytes: Buffer) => (this.heard += bytes.toString('latin1')));
    socket.on('error', () => {});
  }

  static async connect(port: number): Promise<Foreign> {
    const socket = connect({ host: '127.0.0.1', port });
    await once(socket, 'connect');
    return new Foreign(socket);
  }

  async leave(): Promise<void> {
    if (this.socket.closed) return;
    const closed = once(this.socket, 'close');
    this.socket.destroy();
    await closed;
  }
}

/** Opens it for writing as soon as the program before has gone; QEMU takes a moment to notice. */
async function writerOf(domain: string): ReturnType<typeof guestConsole> {
  const endMs = Date.now() + patienceMs;
  for (;;) {
    try {
      return await guestConsole(host.client, domain, null, { mode: 'write' });
    } catch (error) {
      if (Date.now() > endMs) throw error;
    }
  }
}

test('a TCP port is followed whoever has it, belongs to a writer while he writes, and to a foreign program otherwise', async () => {
  const port = await freePort();
  await using _guest = await Guest.start('tcp', `<serial type='tcp'><source mode='bind' host='127.0.0.1' service='${port}'/></serial>`);
  expect((await lookup(host, 'tcp')).consoles).toMatchObject([{ label: 'ttyS0', backend: `tcp 127.0.0.1:${port}, QEMU listens`, readOnly: null, state: 'open' }]);
  await using watcher = await guestConsole(host.client, 'tcp', null, { mode: 'watch' });
  await watcher.waitFor(new RegExp(greeting), patienceMs);

  const foreign = await Foreign.connect(port);
  foreign.socket.write('foreign');
  await eventually(() => foreign.heard.includes('foreign'), patienceMs);
  await watcher.waitFor(/foreign/, patienceMs);
  await expect(guestConsole(host.client, 'tcp', null, { mode: 'write' })).rejects.toMatchObject({
    code: 'OPERATION_FAILED',
    details: { holder: expect.stringContaining(`from 127.0.0.1:${foreign.socket.localPort}`) },
  });
  expect((await lookup(host, 'tcp')).consoles).toMatchObject([{ writer: null, state: 'open', watchers: 1 }]);
  await foreign.leave();

  const writer = await writerOf('tcp');
  await writer.type('ours');
  await watcher.waitFor(/ours/, patienceMs);
  await writer.waitFor(/ours/, patienceMs);
  await writer[Symbol.asyncDispose]();

  const next = await Foreign.connect(port);
  next.socket.write('againQ');
  await eventually(() => watcher.ended(), patienceMs);
  await next.leave();
  expect(watcher.text()).toMatch(new RegExp(`${greeting}foreignoursagain$`));
});

test('a telnet port gets every byte as it was typed', async () => {
  const port = await freePort();
  await using _guest = await Guest.start('telnet', `<serial type='tcp'><source mode='bind' host='127.0.0.1' service='${port}'/><protocol type='telnet'/></serial>`);
  await using writer = await guestConsole(host.client, 'telnet', null, { mode: 'write' });
  await writer.waitFor(new RegExp(greeting), patienceMs);
  await writer.typeBytes(Uint8Array.of(0xff, 0xff, 0xf4, 0x61, 0xff));
  await writer.type('end');
  await writer.waitFor(/end/, patienceMs);
  const log = await readFile(path.join(host.home, 'logs', (await lookup(host, 'telnet')).uuid, 'serial0.log'));
  expect(log.subarray(log.indexOf(greeting) + greeting.length)).toEqual(Buffer.from([0xff, 0xff, 0xf4, 0x61, 0xff, ...Buffer.from('end')]));
});

test('a pipe is written to while no foreign program has it', async () => {
  const pipe = path.join(host.home, 'pipe');
  await promisify(execFile)('mkfifo', [`${pipe}.in`, `${pipe}.out`]);
  await using _guest = await Guest.start('pipe', `<serial type='pipe'><source path='${pipe}'/></serial>`);
  await using watcher = await guestConsole(host.client, 'pipe', null, { mode: 'watch' });
  await watcher.waitFor(new RegExp(greeting), patienceMs);
  const foreign = spawn('cat', [`${pipe}.out`], { stdio: ['ignore', 'pipe', 'inherit'] });
  let read = '';
  foreign.stdout.on('data', (bytes: Buffer) => (read += bytes.toString('latin1')));
  await eventually(() => read.includes(greeting), patienceMs);
  await expect(guestConsole(host.client, 'pipe', null, { mode: 'write' })).rejects.toMatchObject({ code: 'OPERATION_FAILED', details: { holder: `cat (pid ${foreign.pid})` } });
  const ended = once(foreign, 'exit');
  foreign.kill('SIGKILL');
  await ended;
  await using writer = await writerOf('pipe');
  await writer.type('through the pipe');
  await watcher.waitFor(/through the pipe/, patienceMs);
});

test('a file, datagrams and nothing are only watched, with the reason why, and the agent is not even read', async () => {
  await using receiver = await Datagrams.bind();
  await using _guest = await Guest.start(
    'watched',
    `<serial type='file'><source path='${path.join(host.home, 'out')}'/></serial>
     <serial type='udp'><source mode='connect' host='127.0.0.1' service='${receiver.port}'/></serial>
     <serial type='null'/><serial type='vc'/><parallel type='file'><source path='${path.join(host.home, 'lp')}'/></parallel><parallel type='stdio'/>
     <channel type='unix'><target type='virtio' name='org.qemu.guest_agent.0'/></channel>
     <channel type='unix'><target type='virtio' name='com.example.channel'/></channel>`,
  );
  const { consoles } = await lookup(host, 'watched');
  expect(consoles.map(({ label, state, readOnly }) => [label, state, readOnly])).toEqual([
    ['ttyS0', 'open', expect.stringContaining('a file gives no input')],
    ['ttyS1', 'open', expect.stringContaining('no address for datagrams')],
    ['ttyS2', 'open', expect.stringContaining('thrown away')],
    ['ttyS3', 'open', expect.stringContaining("QEMU's own display")],
    ['lp0', 'open', expect.stringContaining('a file gives no input')],
    ['lp1', 'open', expect.stringContaining('where nobody is')],
    ['org.qemu.guest_agent.0', 'open', "the guest agent's channel: Vireo speaks on it"],
    ['com.example.channel', 'open', null],
  ]);
  await using watcher = await guestConsole(host.client, 'watched', 'ttyS0', { mode: 'watch' });
  await watcher.waitFor(new RegExp(greeting), patienceMs);
  expect(await readFile(path.join(host.home, 'out'), 'latin1')).toContain(greeting);
  await expect(guestConsole(host.client, 'watched', 'ttyS0', { mode: 'write' })).rejects.toMatchObject({ code: 'OPERATION_DENIED', message: expect.stringContaining('a file gives no input') });
});

test.each(['unix', 'tcp'] as const)('QEMU calls a %s server again that went away and came back, and all it said meanwhile is there', async (type) => {
  const socketPath = path.join(host.home, 'server');
  const first = await Serving.listen(type, socketPath, 0);
  const source = type === 'unix' ? `path='${socketPath}'` : `host='127.0.0.1' service='${first.port}'`;
  await using _guest = await Guest.start(`calls-${type}`, `<serial type='${type}'><source mode='connect' ${source}><reconnect enabled='yes' timeout='1'/></source></serial>`);
  await using watcher = await guestConsole(host.client, `calls-${type}`, null, { mode: 'watch' });
  await watcher.waitFor(new RegExp(greeting), patienceMs);
  const one = await first.client(patienceMs);
  one.socket.write('one');
  await watcher.waitFor(/one/, patienceMs);
  one.socket.write('F');
  await watcher.waitFor(/00000064\r\n/, patienceMs);
  await first.close();
  await watcher.waitFor(/00000800\r\n/, patienceMs);

  await using second = await Serving.listen(type, socketPath, first.port);
  const two = await second.client(patienceMs);
  two.socket.write('Stwo');
  await watcher.waitFor(/two/, patienceMs);
  expect((await lookup(host, `calls-${type}`)).consoles[0]).toMatchObject({ readOnly: expect.stringContaining('its input comes from') });
});

/** A server that QEMU calls. */
class Serving implements AsyncDisposable {
  readonly port: number;
  readonly #server: Server;
  readonly #clients: Foreign[] = [];

  private constructor(server: Server, port: number) {
    this.#server = server;
    this.port = port;
    server.on('connection', (socket) => this.#clients.push(new Foreign(socket)));
  }

  static async listen(type: 'unix' | 'tcp', socketPath: string, port: number): Promise<Serving> {
    const server = createServer();
    if (type === 'unix') server.listen(socketPath);
    else server.listen(port, '127.0.0.1');
    await once(server, 'listening');
    return new Serving(server, type === 'unix' ? 0 : (server.address() as AddressInfo).port);
  }

  async client(withinMs: number): Promise<Foreign> {
    await eventually(() => this.#clients.length > 0, withinMs);
    return this.#clients[0]!;
  }

  async close(): Promise<void> {
    if (!this.#server.listening) return;
    for (const { socket } of this.#clients) socket.destroy();
    this.#server.close();
    await once(this.#server, 'close');
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}

/** Takes datagrams, so that QEMU's are not refused. */
class Datagrams implements AsyncDisposable {
  readonly #socket: DatagramSocket;

  private constructor(socket: DatagramSocket) {
    this.#socket = socket;
  }

  static async bind(): Promise<Datagrams> {
    const socket = createSocket('udp4');
    socket.bind(0, '127.0.0.1');
    await once(socket, 'listening');
    return new Datagrams(socket);
  }

  get port(): number {
    return this.#socket.address().port;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#socket.close();
    await once(this.#socket, 'close');
  }
}
