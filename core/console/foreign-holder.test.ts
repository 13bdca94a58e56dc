import { open } from 'node:fs/promises';
import { once } from 'node:events';
import { connect, createServer, type AddressInfo } from 'node:net';
import { describe, expect, test } from 'vitest';
import { parseRow, placeAt, programWith } from './foreign-holder.ts';

test("a line of the kernel's table is understood, of either family", () => {
  expect(parseRow('   5: 0100007F:11CB 0100007F:D002 01 00000000:00000000 00:00000000 00000000     0        0 4711 1 0000 20 4 30 10 -1')).toEqual({
    localPort: 4555, remote: '127.0.0.1', remotePort: 53_250, isEstablished: true, inode: '4711',
  });
  const six = (remote: string): string => `  0: 00000000000000000000000001000000:11CB ${remote}:D002 0A 00000000:00000000 00:00000000 00000000 0 0 0 1`;
  expect(parseRow(six('00000000000000000000000001000000'))).toMatchObject({ remote: '::1', isEstablished: false });
  expect(parseRow(six('0000000000000000FFFF00000100007F'))?.remote).toBe('127.0.0.1');
  expect(parseRow('')).toBeNull();
});

describe.runIf(process.platform === 'linux')('on Linux', () => {
  test('a connection that was accepted is taken', async () => {
    const server = createServer();
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    const accepted = once(server, 'connection');
    const client = connect(port, '127.0.0.1');
    await once(client, 'connect');
    await accepted;
    expect(await placeAt({ serverPort: port, clientPort: client.localPort! })).toEqual({ state: 'taken' });
    client.destroy();
    server.close();
    await once(server, 'close');
  });

  test('the program that has a file open is named with its pid', async () => {
    await using file = await open(import.meta.filename, 'r');
    expect(file.fd).toBeGreaterThan(0);
    expect(await programWith([import.meta.filename])).toContain(`(pid ${process.pid})`);
    expect(await programWith([import.meta.filename], () => false)).toBeNull();
    expect(await programWith(['/nobody/has/this'])).toBeNull();
  });
});
