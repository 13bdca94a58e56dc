/** The multiplexer on QEMU's own character devices: what the fake of the unit tests claims about QEMU must hold here. */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { systemClock } from '../../core/base/clock.ts';
import { silentLog } from '../../core/base/log.ts';
import { ConsoleMux, type ConsoleBackend, type ConsoleDevice, type ConsoleSession } from '../../core/console/console-mux.ts';
import { bootSectorImage, greeting } from '../support/boot-sector.ts';
import { ConsoleReader, eventually } from '../support/console-reader.ts';
import { findLine, FloodLog } from '../support/flood-log.ts';
import { listens } from '../support/listens.ts';

const signal = new AbortController().signal;
const floodBytes = 600_000;
const client = { id: 'test', label: 'test' };

type HeldBackend = Extract<ConsoleBackend, { readonly type: 'unix' | 'pty' }>;

class BootSectorGuest implements AsyncDisposable {
  readonly folder: string;
  readonly device: ConsoleDevice & { readonly backend: HeldBackend };
  readonly #process: ChildProcess;

  private constructor(folder: string, child: ChildProcess, backend: HeldBackend) {
    this.folder = folder;
    this.#process = child;
    this.device = { alias: 'serial0', kind: 'serial', label: 'ttyS0', backend, logFile: path.join(folder, 'log'), runStart: 0 };
  }

  static async start(type: 'unix' | 'pty'): Promise<BootSectorGuest> {
    const folder = await mkdtemp('/tmp/vireo-');
    const [image, socket, log] = ['image', 'c', 'log'].map((name) => path.join(folder, name)) as [string, string, string];
    await mkdir(path.join(folder, 'locks'));
    await writeFile(image, bootSectorImage());
    const backend = type === 'unix' ? `socket,path=${socket},server=on,wait=off` : 'pty';
    const child = spawn('qemu-system-x86_64', [
      ...['-accel', 'tcg', '-machine', 'q35', '-m', '16', '-nodefaults', '-no-user-config', '-display', 'none'],
      ...['-drive', `file=${image},format=raw,if=ide`],
      ...['-chardev', `${backend},id=charserial0,logfile=${log},logappend=on`, '-device', 'isa-serial,chardev=charserial0'],
    ], { stdio: ['ignore', 'pipe', 'inherit'] });
    let said = '';
    child.stdout.on('data', (bytes: Buffer) => {
      said += bytes.toString();
    });
    if (type === 'unix') {
      await listens(socket);
      return new BootSectorGuest(folder, child, { type, path: socket });
    }
    await eventually(() => said.includes('(label charserial0)'));
    return new BootSectorGuest(folder, child, { type, path: /redirected to (\S+)/.exec(said)![1]! });
  }

  createMux(historyBytes = 65_536): ConsoleMux {
    const domain = { name: 'boot-sector', uuid: '6d8bd6a4-4c7e-4f2e-9a53-0d9b4d7a4b01' };
    return new ConsoleMux({ domain, clock: systemClock, log: silentLog, historyBytes, lockFolder: path.join(this.folder, 'locks') });
  }

  async log(): Promise<Buffer> {
    return await readFile(this.device.logFile!);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const ended = this.#process.exitCode === null && this.#process.signalCode === null ? once(this.#process, 'exit') : null;
    this.#process.kill('SIGKILL');
    await ended;
    await rm(this.folder, { recursive: true, force: true });
  }
}

async function send(session: ConsoleSession, text: string): Promise<void> {
  await session.write(Buffer.from(text, 'latin1'));
}

/** What the guest says after its greeting, without what the firmware said before. */
function afterGreeting(bytes: Buffer): Buffer {
  const at = bytes.indexOf(greeting);
  expect(at).toBeGreaterThanOrEqual(0);
  return bytes.subarray(at + greeting.length);
}

/** What QEMU logged of the flood, without the echo of its end. */
async function floodLog(guest: BootSectorGuest): Promise<FloodLog> {
  return new FloodLog(afterGreeting(await guest.log()).subarray(0, -1));
}

describe.each(['unix', 'pty'] as const)('a guest on a %s console', (type) => {
  test('is heard from its first byte to every value, and hears', async () => {
    await using guest = await BootSectorGuest.start(type);
    await using mux = guest.createMux();
    await mux.add(guest.device, signal);
    using session = mux.open('serial0', { client, mode: 'write', force: false });
    const reader = await new ConsoleReader(session).until(({ text }) => text.includes(greeting), 20_000);
    await send(session, 'hello\n');
    await reader.untilText('hello\n');
    await send(session, 'B');
    await reader.until(({ bytes }) => afterGreeting(bytes).length === 6 + 256);
    expect(afterGreeting(reader.bytes).subarray(6)).toEqual(Buffer.from(Uint8Array.from({ length: 256 }, (_, value) => value)));
    expect(reader.gaps).toEqual([]);
  });

  test('that floods is heard exactly, by one who follows and by one who comes to it later', async () => {
    await using guest = await BootSectorGuest.start(type);
    await using mux = guest.createMux();
    await mux.add(guest.device, signal);
    using writer = mux.open('serial0', { client, mode: 'write', force: false });
    using late = mux.open('serial0', { client, mode: 'watch', force: false });
    const reader = await new ConsoleReader(writer).until(({ text }) => text.includes(greeting), 20_000);
    await send(writer, 'F');
    await reader.until(({ bytes }) => bytes.length > floodBytes, 60_000);
    await send(writer, 'Sz');
    await reader.untilText('z');
    const account = (await floodLog(guest)).account(afterGreeting(reader.bytes).subarray(0, -1));
    // A socket takes all that QEMU gives; of a pty's bytes QEMU gives some up, and what it logs again we may have from there.
    if (type === 'unix') expect(account).toMatchObject({ doubled: 0, givenUp: 0 });
    const lateReader = await new ConsoleReader(late).untilText('z', 20_000);
    expect([lateReader.gaps, lateReader.bytes.equals(reader.bytes)]).toEqual([[], true]);
  });

  test('that floods while multiplexers come and go loses nothing and says nothing twice', async () => {
    await using guest = await BootSectorGuest.start(type);
    const heard: Buffer[] = [];
    for (let round = 0; round < 4; round++) {
      await using mux = guest.createMux();
      await mux.add(guest.device, signal);
      using writer = mux.open('serial0', { client, mode: 'write', force: false });
      using live = mux.open('serial0', { client, mode: 'watch', force: false, from: 'now' });
      if (round === 0) {
        await new ConsoleReader(writer).until(({ text }) => text.includes(greeting), 20_000);
        await send(writer, 'F');
      }
      heard.push((await new ConsoleReader(live).until(({ bytes }) => bytes.length > floodBytes / 3, 60_000)).bytes);
      if (round < 3) continue;
      await send(writer, 'Sz');
      using all = mux.open('serial0', { client, mode: 'watch', force: false, from: 0 });
      const reader = await new ConsoleReader(all).untilText('z', 20_000);
      expect(reader.gaps).toEqual([]);
      const log = await floodLog(guest);
      expect(log.account(afterGreeting(reader.bytes).subarray(0, -1)).givenUp).toBeLessThan(type === 'unix' ? 1 : Infinity);
      for (const bytes of heard) {
        const { at, place } = findLine(bytes);
        expect(log.account(bytes.subarray(at), place).givenUp).toBeLessThan(type === 'unix' ? 1 : Infinity);
      }
    }
  });
});

test('a terminal is locked while it is read, and free afterwards', async () => {
  await using guest = await BootSectorGuest.start('pty');
  const locks = path.join(guest.folder, 'locks');
  {
    await using mux = guest.createMux();
    await mux.add(guest.device, signal);
    const name = guest.device.backend.path.slice('/dev/'.length).replaceAll('/', '_');
    expect((await readdir(locks)).toSorted()).toEqual([`LCK.._${name}`, `LCK..${name}`]);
    await using second = guest.createMux();
    await second.add(guest.device, signal);
    expect(second.status()).toMatchObject([{ state: 'connecting', error: expect.stringContaining(`held by process ${process.pid}`) }]);
    using _refused = second.open('serial0', { client, mode: 'write', force: false });
    await eventually(() => second.status()[0]?.writer === null);
    await expect(second.untilWritable('serial0')).resolves.toBeUndefined();
  }
  expect(await readdir(locks)).toEqual([]);
});

test('a console whose QEMU was killed is read to the end, then failed with the reason', async () => {
  await using guest = await BootSectorGuest.start('unix');
  await using mux = guest.createMux();
  await mux.add(guest.device, signal);
  using session = mux.open('serial0', { client, mode: 'write', force: false });
  const reader = await new ConsoleReader(session).until(({ text }) => text.includes(greeting), 20_000);
  await guest[Symbol.asyncDispose]();
  await reader.toEnd(15_000);
  expect(reader.notices).toEqual([{ type: 'notice', what: 'closed', by: null, atMs: expect.any(Number) }]);
  expect(mux.status()[0]).toMatchObject({ state: 'failed', error: expect.stringContaining('ENOENT') });
});
