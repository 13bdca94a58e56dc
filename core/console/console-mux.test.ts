import { describe, expect, test } from 'vitest';
import { ConsoleReader, eventually } from '../../test/support/console-reader.ts';
import { FakeChardev } from '../../test/support/fake-chardev.ts';
import { systemClock } from '../base/clock.ts';
import { silentLog } from '../base/log.ts';
import { ConsoleMux, type ConsoleSession, type ConsoleStatus, type OpenConsoleOptions } from './console-mux.ts';

const signal = new AbortController().signal;
const domain = { name: 'fedora', uuid: '6d8bd6a4-4c7e-4f2e-9a53-0d9b4d7a4b01' };

function createMux(historyBytes = 65_536): ConsoleMux {
  return new ConsoleMux({ domain, clock: systemClock, log: silentLog, historyBytes });
}

function as(label: string, mode: 'write' | 'watch' = 'watch', more: Partial<OpenConsoleOptions> = {}): OpenConsoleOptions {
  return { client: { id: label, label }, mode, force: false, ...more };
}

async function connected(fake: FakeChardev, mux: ConsoleMux): Promise<void> {
  await mux.add(fake.device, signal);
  await eventually(() => fake.connected);
}

describe('reading', () => {
  test('every reader sees every byte, whatever the value', async () => {
    await using fake = await FakeChardev.start();
    await using mux = createMux();
    await connected(fake, mux);
    using one = mux.open('serial0', as('one'));
    using two = mux.open('serial0', as('two', 'write'));
    const all = Uint8Array.from({ length: 256 }, (_, value) => value);
    fake.say(all);
    for (const session of [one, two]) {
      const reader = await new ConsoleReader(session).until(({ bytes }) => bytes.length === 256);
      expect(reader.bytes).toEqual(Buffer.from(all));
    }
    expect(mux.status()[0]).toMatchObject({ state: 'open', position: 256, watchers: 1 });
  });

  test('a late reader begins at a line that memory still holds', async () => {
    await using fake = await FakeChardev.start();
    await using mux = createMux(32);
    await connected(fake, mux);
    fake.say('the first line, which is long\nsecond line\nlogin: ');
    await eventually(() => mux.status()[0]?.position === fake.said.length);
    using session = mux.open('serial0', as('late'));
    expect((await new ConsoleReader(session).untilText('login: ')).text).toBe('second line\nlogin: ');
  });

  test('history begins with this run of the guest, also after the driver was away', async () => {
    await using fake = await FakeChardev.start();
    fake.say('of an earlier run\nlogin: ');
    const runStart = fake.said.length;
    {
      await using mux = createMux();
      await mux.add({ ...fake.device, runStart: null }, signal);
      await eventually(() => fake.connected);
      expect(mux.status()[0]).toMatchObject({ runStart, position: runStart });
      fake.say('booting\n');
      using session = mux.open('serial0', as('first'));
      expect((await new ConsoleReader(session).untilText('booting\n')).text).toBe('booting\n');
    }
    await eventually(() => !fake.connected);
    await using mux = createMux();
    await mux.add({ ...fake.device, runStart }, signal);
    using session = mux.open('serial0', as('later'));
    expect((await new ConsoleReader(session).untilText('booting\n')).text).toBe('booting\n');
  });

  test('a reader from now sees nothing old, one from an offset begins there', async () => {
    await using fake = await FakeChardev.start();
    await using mux = createMux();
    fake.say('old');
    await connected(fake, mux);
    using now = mux.open('serial0', as('now', 'watch', { from: 'now' }));
    using middle = mux.open('serial0', as('middle', 'watch', { from: 1 }));
    fake.say('new');
    expect((await new ConsoleReader(now).untilText('new')).text).toBe('new');
    expect((await new ConsoleReader(middle).untilText('new')).text).toBe('ldnew');
  });

  test('a reader that lags is served from the log although QEMU doubled bytes there', async () => {
    await using fake = await FakeChardev.start();
    await using mux = createMux(65_536);
    await connected(fake, mux);
    using session = mux.open('serial0', as('slow'));
    for (let line = 0; line < 20_000; line++) {
      if (line % 1_000 === 999) fake.stutter('x');
      fake.say(`line ${line}\r\n`);
      if (line % 200 === 0) await eventually(() => fake.said.length - (mux.status()[0]?.position ?? 0) < 100);
    }
    const reader = await new ConsoleReader(session).until(({ bytes, gaps }) => bytes.length >= fake.said.length || gaps.length > 0);
    expect(reader.gaps).toEqual([]);
    expect(reader.bytes.equals(fake.said)).toBe(true);
  });

  test('without a log a reader that lags is told exactly what it missed', async () => {
    await using fake = await FakeChardev.start({ logged: false });
    await using mux = createMux(100);
    await connected(fake, mux);
    using session = mux.open('serial0', as('slow'));
    fake.say('0123456789'.repeat(30));
    await eventually(() => mux.status()[0]?.position === 300);
    const reader = await new ConsoleReader(session).until(({ bytes }) => bytes.length === 100);
    expect(reader.items).toEqual([
      { type: 'gap', from: 0, to: 200 },
      { type: 'bytes', offset: 200, bytes: Buffer.from('0123456789'.repeat(10)) },
    ]);
  });

  test('an aborted read loses nothing', async () => {
    await using fake = await FakeChardev.start();
    await using mux = createMux();
    await connected(fake, mux);
    using session = mux.open('serial0', as('reader'));
    const stop = new AbortController();
    const reading = session.read(stop.signal);
    stop.abort(new Error('enough'));
    await expect(reading).rejects.toThrow('enough');
    fake.say('still here');
    expect((await new ConsoleReader(session).untilText('still here')).text).toBe('still here');
  });
});

describe('the input', () => {
  test('belongs to one session; a second is refused and told who, and since when', async () => {
    await using fake = await FakeChardev.start();
    await using mux = createMux();
    await connected(fake, mux);
    using owner = mux.open('serial0', as('window 1', 'write'));
    await owner.write(Buffer.from('root\n'));
    await eventually(() => fake.heard.toString() === 'root\n');
    expect(() => mux.open('serial0', as('window 2', 'write'))).toThrow(
      expect.objectContaining({
        code: 'OPERATION_FAILED',
        message: 'operation failed: Active console session exists for this domain',
        domain,
        details: { alias: 'serial0', holder: 'window 1', sinceMs: expect.any(Number), sessionId: owner.id },
      }),
    );
    using watcher = mux.open('serial0', as('window 2'));
    await expect(watcher.write(Buffer.from('x'))).rejects.toMatchObject({ code: 'OPERATION_DENIED' });
    expect(() => watcher.requestWrite(false)).toThrow('Active console session');
    expect(mux.status()[0]).toMatchObject({ writer: { sessionId: owner.id, client: 'window 1' }, watchers: 1 });
  });

  test('a channel is refused in its own words', async () => {
    await using fake = await FakeChardev.start();
    await using mux = createMux();
    await mux.add({ ...fake.device, alias: 'channel0', kind: 'channel' }, signal);
    using _owner = mux.open('channel0', as('window 1', 'write'));
    expect(() => mux.open('channel0', as('window 2', 'write'))).toThrow('operation failed: Active channel stream exists for this domain');
  });

  test('taken by force is told to its owner by name, between the bytes before and after', async () => {
    await using fake = await FakeChardev.start();
    await using mux = createMux();
    await connected(fake, mux);
    using owner = mux.open('serial0', as('window 1', 'write'));
    using watcher = mux.open('serial0', as('window 3'));
    fake.say('before');
    await eventually(() => mux.status()[0]?.position === 6);
    using thief = mux.open('serial0', as('window 2', 'write', { force: true }));
    fake.say('after');
    const told = await new ConsoleReader(owner).untilText('after');
    expect(told.items.map((item) => (item.type === 'bytes' ? Buffer.from(item.bytes).toString() : item))).toEqual([
      'before',
      { type: 'notice', what: 'taken-over', by: 'window 2', atMs: expect.any(Number) },
      'after',
    ]);
    expect((await new ConsoleReader(watcher).untilText('after')).notices).toEqual([{ type: 'notice', what: 'writer-changed', by: 'window 2', atMs: expect.any(Number) }]);
    expect([owner.mode, thief.mode]).toEqual(['watch', 'write']);
    await expect(owner.write(Buffer.from('x'))).rejects.toMatchObject({ code: 'OPERATION_DENIED', details: { holder: 'window 2' } });
    await thief.write(Buffer.from('mine'));
    await eventually(() => fake.heard.toString() === 'mine');
  });

  test('is free, and nobody else has it, when its owner leaves', async () => {
    await using fake = await FakeChardev.start();
    await using mux = createMux();
    await connected(fake, mux);
    const changes: ConsoleStatus['writer'][] = [];
    using _subscription = mux.changes.on(({ writer }) => void changes.push(writer));
    const owner = mux.open('serial0', as('window 1', 'write'));
    using watcher = mux.open('serial0', as('window 2'));
    owner[Symbol.dispose]();
    expect(watcher.mode).toBe('watch');
    expect(mux.status()[0]).toMatchObject({ writer: null, watchers: 1 });
    const told = await new ConsoleReader(watcher).until(({ notices }) => notices.length === 1);
    expect(told.notices).toEqual([{ type: 'notice', what: 'released', by: 'window 1', atMs: expect.any(Number) }]);
    watcher.requestWrite(false);
    expect(watcher.mode).toBe('write');
    watcher.release();
    expect(watcher.mode).toBe('watch');
    expect(changes.map((writer) => writer?.client ?? null)).toEqual(['window 1', 'window 1', null, 'window 2', null]);
  });

  test('changes hands however often: who does not read keeps the newest hundred changes, and reads what the guest said', async () => {
    await using fake = await FakeChardev.start();
    await using mux = createMux();
    await connected(fake, mux);
    using frozen = mux.open('serial0', as('frozen'));
    using one = mux.open('serial0', as('one'));
    using other = mux.open('serial0', as('other'));
    for (let round = 0; round < 1_000; round++) (round % 2 === 0 ? one : other).requestWrite(true);
    fake.say('after');
    const { notices } = await new ConsoleReader(frozen).untilText('after');
    expect(notices).toHaveLength(100);
    expect(notices.at(-1)).toMatchObject({ what: 'writer-changed', by: 'other' });
  });

  test('is nobody’s once the device is gone, whoever had it', async () => {
    await using fake = await FakeChardev.start();
    await using mux = createMux();
    await connected(fake, mux);
    using owner = mux.open('serial0', as('window 1', 'write'));
    using asking = mux.open('serial0', as('window 2'));
    asking.ask();
    await mux.remove('serial0');
    expect([owner.mode, asking.mode]).toEqual(['watch', 'watch']);
    const told = await new ConsoleReader(asking).toEnd();
    expect(told.items).toMatchObject([{ type: 'request', state: 'waiting', by: 'window 1' }, { type: 'request', state: 'moot', by: null }, { type: 'notice', what: 'closed' }]);
    expect(() => asking.requestWrite(true)).toThrow('not connected');
  });

  test('a guest that does not listen holds up the writer only, and what waited is given back on a takeover', async () => {
    await using fake = await FakeChardev.start();
    await using mux = createMux();
    await connected(fake, mux);
    fake.stopReading();
    using owner = mux.open('serial0', as('window 1', 'write'));
    const outcome = owner.write(Buffer.alloc(1_000_000)).catch((error: unknown) => error);
    await expect(owner.write(Buffer.alloc(1_000_000))).rejects.toMatchObject({ code: 'RESOURCE_BUSY' });
    fake.say('still read');
    await new ConsoleReader(owner).untilText('still read');
    using _thief = mux.open('serial0', as('window 2', 'write', { force: true }));
    expect(await outcome).toMatchObject({ code: 'OPERATION_ABORTED' });
  });
});

describe('the connection', () => {
  test('a new multiplexer has what was said while nobody was connected, once', async () => {
    await using fake = await FakeChardev.start();
    {
      await using first = createMux();
      await connected(fake, first);
      fake.say('first\n');
      await eventually(() => first.status()[0]?.position === 6);
    }
    await eventually(() => !fake.connected);
    fake.say('alone\n');
    await using second = createMux();
    await connected(fake, second);
    fake.say('second\n');
    using session = second.open('serial0', as('window'));
    expect((await new ConsoleReader(session).untilText('second\n')).text).toBe('first\nalone\nsecond\n');
    expect(second.status()[0]).toMatchObject({ position: fake.said.length });
  });

  test('what was logged between looking and connecting is read without waiting for more', async () => {
    await using fake = await FakeChardev.start();
    await using mux = createMux();
    await connected(fake, mux);
    using session = mux.open('serial0', as('window'));
    fake.sayToLogOnly('login: ');
    expect((await new ConsoleReader(session).untilText('login: ')).text).toBe('login: ');
    fake.say('root');
    expect((await new ConsoleReader(session).untilText('root')).text).toBe('root');
  });

  test('a dropped connection is made again, and what was said meanwhile comes in order', async () => {
    await using fake = await FakeChardev.start();
    await using mux = createMux();
    await connected(fake, mux);
    using session = mux.open('serial0', as('window', 'write'));
    const reader = new ConsoleReader(session);
    fake.say('one ');
    await reader.untilText('one ');
    fake.stutter('t');
    fake.say('wo ');
    fake.hangUp();
    fake.say('three ');
    await eventually(() => mux.status()[0]?.state === 'connecting');
    await eventually(() => mux.status()[0]?.state === 'open' && fake.connected);
    fake.say('four');
    await reader.untilText('four');
    expect(reader.text).toBe('one two three four');
    await session.write(Buffer.from('ok'));
    await eventually(() => fake.heard.toString() === 'ok');
  });

  test('one that cannot be made is an error, and a status that names the reason', async () => {
    await using fake = await FakeChardev.start();
    await fake.stopListening();
    await using mux = createMux();
    await expect(mux.add(fake.device, signal)).rejects.toMatchObject({ code: 'SYSTEM_ERROR', domain });
    expect(mux.status()[0]).toMatchObject({ state: 'failed', error: expect.stringContaining('ENOENT') });
    await fake.listen();
    await mux.add(fake.device, signal);
    expect(mux.status()[0]).toMatchObject({ state: 'open', error: null });
  });

  test('a removed device is read to its last byte, then says that it closed', async () => {
    await using fake = await FakeChardev.start();
    await using mux = createMux();
    await connected(fake, mux);
    using session = mux.open('serial0', as('window'));
    fake.say('goodbye');
    await eventually(() => mux.status()[0]?.position === 7);
    await mux.remove('serial0');
    const reader = await new ConsoleReader(session).toEnd();
    expect([reader.text, reader.notices]).toEqual(['goodbye', [{ type: 'notice', what: 'closed', by: null, atMs: expect.any(Number) }]]);
    expect(() => mux.open('serial0', as('window'))).toThrow("device not found: no console device 'serial0'");
  });
});

test('a session that was disposed reads nothing more, also while it waits', async () => {
  await using fake = await FakeChardev.start();
  await using mux = createMux();
  await connected(fake, mux);
  const session: ConsoleSession = mux.open('serial0', as('window'));
  const reading = session.read(signal);
  session[Symbol.dispose]();
  expect(await reading).toBeNull();
});
