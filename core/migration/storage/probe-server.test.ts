import net, { type AddressInfo } from 'node:net';
import { afterEach, expect, test } from 'vitest';
import type { NbdAddress } from './nbd-address.ts';
import { probeServer } from './probe-server.ts';

const never = new AbortController().signal;
let server: net.Server;

afterEach(() => new Promise<void>((resolve) => void server.close(() => resolve())));

async function listening(onConnection: (socket: net.Socket) => void): Promise<NbdAddress> {
  server = net.createServer((socket) => {
    socket.on('error', () => {});
    onConnection(socket);
  });
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve));
  return { type: 'inet', host: '127.0.0.1', port: (server.address() as AddressInfo).port };
}

test('a server that greets is one, also in pieces', async () => {
  const address = await listening((socket) => {
    socket.write('NBDMAG');
    setImmediate(() => socket.write('ICIHAVEOPT\0\x03'));
  });
  await probeServer(address, never);
});

test('what says something else, or nothing, is none', async () => {
  await expect(probeServer(await listening((socket) => socket.write('HTTP/1.1 400 Bad Request')), never)).rejects.toThrow(/disks cannot be reached at 127\.0\.0\.1:\d+: what listens there is no NBD server/);
});

test('a connection that is closed or refused is told with its address', async () => {
  const address = await listening((socket) => socket.end());
  await expect(probeServer(address, never)).rejects.toThrow('it closed the connection');
  await new Promise<void>((resolve) => void server.close(() => resolve()));
  await expect(probeServer(address, never)).rejects.toThrow(/cannot be reached at 127\.0\.0\.1:\d+: connect ECONNREFUSED/);
});

test('waiting for one that is silent ends when nobody waits any more', async () => {
  const silent = await listening((socket) => void socket.resume());
  const over = new AbortController();
  const waiting = probeServer(silent, over.signal);
  over.abort(new Error('canceled by client'));
  await expect(waiting).rejects.toThrow('canceled by client');
});
