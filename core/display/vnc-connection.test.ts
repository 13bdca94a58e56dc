import { mkdtemp, rm } from 'node:fs/promises';
import { type Socket, createServer } from 'node:net';
import { once } from 'node:events';
import { afterEach, expect, test } from 'vitest';
import { answerChallenge } from './vnc-authentication.ts';
import { connectVnc } from './vnc-connection.ts';

const undo: (() => Promise<unknown>)[] = [];

afterEach(async () => {
  for (const each of undo.splice(0).reverse()) await each();
});

/** A server that says its words one by one, each after the viewer has said something. */
async function serverThatSays(...words: readonly Buffer[]): Promise<{ readonly path: string; readonly heard: Buffer[] }> {
  const folder = await mkdtemp('/tmp/vireo-');
  const heard: Buffer[] = [];
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    const left = [...words];
    const next = (): void => {
      const word = left.shift();
      if (word) socket.write(word);
      else socket.end();
    };
    next();
    socket.on('error', () => {});
    socket.on('data', (bytes) => {
      heard.push(bytes);
      next();
    });
  });
  server.listen(`${folder}/v`);
  await once(server, 'listening');
  undo.push(() => rm(folder, { recursive: true }), async () => {
    for (const socket of sockets) socket.destroy();
    await new Promise((resolve) => server.close(resolve));
  });
  return { path: `${folder}/v`, heard };
}

const version = Buffer.from('RFB 003.008\n');
const ok = Buffer.alloc(4);
const no = (reason: string): Buffer => Buffer.concat([Buffer.from([0, 0, 0, 1, 0, 0, 0, reason.length]), Buffer.from(reason)]);
const connect = (path: string, password: string | null = null, signal = AbortSignal.timeout(10_000)) => connectVnc({ place: { type: 'unix', path }, password, certificates: null }, signal);

test('a display that asks for nothing is open at once', async () => {
  const { path, heard } = await serverThatSays(version, Buffer.of(2, 2, 1), ok);
  const connection = await connect(path, 'hush');
  connection.destroy();
  expect(heard).toEqual([version, Buffer.of(1)]);
});

test("the password is proved by DES, as QEMU's own viewers do", async () => {
  const challenge = Buffer.from('000102030405060708090a0b0c0d0e0f', 'hex');
  const { path, heard } = await serverThatSays(version, Buffer.of(1, 2), challenge, ok);
  (await connect(path, 'COW')).destroy();
  expect(heard.slice(1)).toEqual([Buffer.of(2), answerChallenge(challenge, 'COW')]);
  // DES's textbook answer for the key 133457799bbcdff1, whose bits VNC reads from the other end; the lowest do not count.
  const password = Buffer.from('482c6a1e593d7b0f', 'hex').toString('latin1');
  expect(answerChallenge(Buffer.from('0123456789abcdef'.repeat(2), 'hex'), password).toString('hex')).toBe('85e813540f0ab405'.repeat(2));
});

test.each<readonly [string, readonly Buffer[], object]>([
  ['lets nobody in', [version, Buffer.concat([Buffer.of(0), Buffer.from([0, 0, 0, 5]), Buffer.from('no, 1')])], { code: 'OPERATION_FAILED', message: 'operation failed: the display let nobody in: no, 1' }],
  ['refuses the password', [version, Buffer.of(1, 2), Buffer.alloc(16), no('Authentication failed')], { code: 'OPERATION_FAILED', message: 'operation failed: the display let nobody in: Authentication failed' }],
  ['wants TLS that nobody gave it', [version, Buffer.of(1, 19)], { code: 'OPERATION_UNSUPPORTED', details: { securityTypes: [19] } }],
  ['is too old', [Buffer.from('RFB 003.003\n')], { code: 'OPERATION_UNSUPPORTED' }],
  ['is something else', [Buffer.from('SSH-2.0-OpenSSH_9')], { code: 'RPC', message: 'what listens at the display is no VNC server' }],
  ['hangs up', [version], { code: 'RPC', message: 'the display hung up before it was open' }],
])('a display that %s is told as that', async (_name, words, error) => {
  const { path } = await serverThatSays(...words);
  await expect(connect(path, 'hush')).rejects.toMatchObject(error);
});

test('a password that nobody knows, a display that says nothing, and one that is not there end in errors', async () => {
  const asking = await serverThatSays(version, Buffer.of(1, 2), Buffer.alloc(16), ok);
  await expect(connect(asking.path)).rejects.toMatchObject({ code: 'OPERATION_FAILED', message: 'operation failed: the display asks for a password that this host does not know' });
  const silent = await serverThatSays(Buffer.from('RFB'));
  const enough = new AbortController();
  const waiting = connect(silent.path, null, enough.signal);
  enough.abort(new Error('enough'));
  await expect(waiting).rejects.toThrow('enough');
  await expect(connect('/tmp/vireo-not-there')).rejects.toMatchObject({ code: 'SYSTEM_ERROR' });
});
