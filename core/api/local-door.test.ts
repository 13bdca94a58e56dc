import { once } from 'node:events';
import { mkdtemp, rm, stat, writeFile } from 'node:fs/promises';
import net from 'node:net';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { createLog } from '../base/log.ts';
import { type Channel, protocolVersion } from './channel.ts';
import { localChannel } from './local-channel.ts';
import { connectLocal } from './local-client.ts';
import { type LocalServer, listenLocal } from './local-server.ts';

let folder: string;
let socketPath: string;
let log: string[];
let accepted: Channel[];
let server: LocalServer;
let onAccept: (channel: Channel) => void;

async function listen(): Promise<LocalServer> {
  const accept = (channel: Channel): void => {
    accepted.push(channel);
    onAccept(channel);
  };
  return await listenLocal(socketPath, accept, { log: createLog((line) => log.push(line)) });
}

beforeEach(async () => {
  folder = await mkdtemp('/tmp/vireo-');
  socketPath = `${folder}/api`;
  log = [];
  accepted = [];
  onAccept = () => {};
  server = await listen();
});
afterEach(async () => {
  await server.close();
  await rm(folder, { recursive: true, force: true });
});

async function connectSocket(): Promise<net.Socket> {
  const socket = net.connect(socketPath);
  await once(socket, 'connect');
  await vi.waitFor(() => expect(accepted.length).toBeGreaterThan(0));
  return socket;
}

/** The next message of a channel. */
function nextMessage(channel: Channel): Promise<unknown> {
  return new Promise((resolve) => {
    const subscription = channel.onMessage((message) => {
      subscription[Symbol.dispose]();
      resolve(message);
    });
  });
}

/** What a host says to everybody who comes. */
function welcome(channel: Channel): void {
  channel.onMessage(() => {});
  channel.send({ t: 'welcome', protocol: protocolVersion, version: '0' });
}

describe('the local door', () => {
  test('carries messages and bytes both ways', async () => {
    const near = localChannel(await connectSocket());
    const far = accepted[0]!;
    const atFar = nextMessage(far);
    near.send({ t: 'bytes', id: 3, offset: 2 ** 40, bytes: new Uint8Array([1, 2]) });
    expect(await atFar).toMatchObject({ t: 'bytes', id: 3, offset: 2 ** 40 });
    const atNear = nextMessage(near);
    far.send({ t: 'result', id: 3, value: { text: 'grüß' } });
    expect(await atNear).toEqual({ t: 'result', id: 3, value: { text: 'grüß' } });
    near.close();
  });

  test('is open to its user alone, and gone after the end', async () => {
    expect((await stat(socketPath)).mode & 0o777).toBe(0o600);
    await server.close();
    await expect(stat(socketPath)).rejects.toMatchObject({ code: 'ENOENT' });
  });

  test('opens where a dead owner has left its socket', async () => {
    await server.close();
    await writeFile(socketPath, '');
    server = await listen();
    onAccept = welcome;
    const client = await connectLocal(socketPath, 'test', { deadlineMs: 5_000 });
    client.close();
  });

  test('what was sent before a close arrives', async () => {
    const near = localChannel(await connectSocket());
    const last = nextMessage(near);
    const ended = new Promise<void>((resolve) => near.onClose(resolve));
    accepted[0]!.send({ t: 'error', id: 1, error: { code: 'RPC', message: 'x'.repeat(1 << 20) } });
    accepted[0]!.close();
    expect(await last).toMatchObject({ t: 'error', id: 1 });
    await ended;
  });

  test('a broken message ends the connection, once, with its reason in the log', async () => {
    const socket = await connectSocket();
    accepted[0]!.onMessage(() => {});
    const closed = vi.fn();
    accepted[0]!.onClose(closed);
    socket.write(Buffer.from([0xff, 0xff, 0xff, 0xff]));
    await once(socket, 'close');
    await vi.waitFor(() => expect(closed).toHaveBeenCalledTimes(1));
    expect(log).toEqual([expect.stringContaining('a client on the local socket was dropped client=1 problem=a message of 4294967295 bytes')]);
    expect(server.clients).toBe(0);
  });

  test('a client that does not read is dropped before it takes much memory', async () => {
    const socket = await connectSocket();
    socket.pause();
    const closed = vi.fn();
    accepted[0]!.onClose(closed);
    const bytes = new Uint8Array(1 << 20);
    let sent = 0;
    while (sent < 64 && closed.mock.calls.length === 0) {
      accepted[0]!.send({ t: 'bytes', id: 1, offset: sent++ * bytes.length, bytes });
      await new Promise((resolve) => setImmediate(resolve));
    }
    expect(sent).toBeLessThan(20);
    expect(log).toEqual([expect.stringContaining('the other side does not read')]);
    socket.destroy();
  });
});

describe('a client of the local door', () => {
  test('is told at once that nobody is there', async () => {
    await expect(connectLocal(`${folder}/nobody`, 'test', { deadlineMs: 5_000 })).rejects.toMatchObject({ code: 'SYSTEM_ERROR', details: { errno: 'ENOENT' } });
  });

  test('waits for a host that is about to listen, past one that is about to end', async () => {
    let comers = 0;
    onAccept = (channel) => (++comers === 1 ? channel.close() : welcome(channel));
    const impatient = connectLocal(socketPath, 'test', { deadlineMs: 5_000 });
    await expect(impatient).rejects.toMatchObject({ code: 'SYSTEM_ERROR', details: { errno: 'ECONNRESET' } });
    comers = 0;
    (await connectLocal(socketPath, 'test', { deadlineMs: 10_000, waitForHost: true })).close();
    expect(comers).toBe(2);
    await server.close();
    const connecting = connectLocal(socketPath, 'test', { deadlineMs: 10_000, waitForHost: true });
    server = await listen();
    (await connecting).close();
  });

  test('gives up at its deadline, or when it is told to', async () => {
    const nobody = `${folder}/nobody`;
    await expect(connectLocal(nobody, 'test', { deadlineMs: 30, waitForHost: true })).rejects.toMatchObject({ code: 'OPERATION_TIMEOUT' });
    const stop = new AbortController();
    const connecting = connectLocal(nobody, 'test', { deadlineMs: 10_000, waitForHost: true, signal: stop.signal });
    stop.abort(new Error('enough'));
    await expect(connecting).rejects.toThrow('enough');
  });

  test('does not take a host for there that does not answer, or speaks another protocol', async () => {
    await expect(connectLocal(socketPath, 'test', { deadlineMs: 30 })).rejects.toMatchObject({ code: 'OPERATION_TIMEOUT' });
    onAccept = (channel) => channel.send({ t: 'welcome', protocol: 99, version: '9' });
    await expect(connectLocal(socketPath, 'test', { deadlineMs: 5_000, waitForHost: true })).rejects.toMatchObject({ code: 'RPC', message: 'the host speaks protocol 99, this client 1' });
  });

  test('hears of the end of its host', async () => {
    onAccept = welcome;
    const client = await connectLocal(socketPath, 'test', { deadlineMs: 5_000 });
    const call = client.call('hostGetStatus', {});
    await vi.waitFor(() => expect(accepted).toHaveLength(1));
    await server.close();
    await expect(call).rejects.toMatchObject({ code: 'RPC', message: 'the connection to the Vireo host was closed' });
    expect(client.closed.aborted).toBe(true);
  });
});
