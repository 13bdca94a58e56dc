/**
 * Logs of consoles on the disk: cut while a real QEMU writes them, and a disk that is full under them. The full one is a
 * small file system in memory, which only root can mount.
 */
import { execFile } from 'node:child_process';
import { appendFile, mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import type { Client } from '../../core/api/client.ts';
import { createLog } from '../../core/base/log.ts';
import { ConsoleLog } from '../../core/console/console-log.ts';
import { LogRotation } from '../../core/console/log-rotation.ts';
import { bootGuestXml, defineBootGuest, lookup } from '../support/boot-guest.ts';
import { bootSectorImage, floodedBytes, greeting } from '../support/boot-sector.ts';
import { canPunchHoles } from '../support/can-punch.ts';
import { eventually } from '../support/console-reader.ts';
import { CountedConsole } from '../support/counted-console.ts';
import { openTestHost } from '../support/open-test-host.ts';

const run = promisify(execFile);
const canMount = await mounts();

async function mounts(): Promise<boolean> {
  const folder = await mkdtemp('/tmp/vireo-');
  try {
    await mount(folder, 65_536);
    await run('umount', [folder]);
    return true;
  } catch {
    return false;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function mount(folder: string, bytes: number): Promise<AsyncDisposable> {
  await run('mount', ['-t', 'tmpfs', '-o', `size=${bytes}`, 'tmpfs', folder]);
  return { [Symbol.asyncDispose]: async () => void (await run('umount', ['-l', folder])) };
}

/**
 * What QEMU 7.2 has to log while its connection is full for a moment overwrites the reason of that (hw/char/serial.c reads
 * errno after chardev/char.c has logged), so that with a full disk it gives up bytes: not ours to find again. What we were
 * given is what counts.
 */
test.runIf(canMount)('a guest whose log finds no room goes on, and a late reader has it from memory or is told exactly what is gone', async () => {
  await using host = await openTestHost();
  await defineBootGuest(host);
  const { uuid } = await lookup(host);
  const folder = path.join(host.home, 'logs', uuid);
  await mkdir(folder, { recursive: true });
  await using _small = await mount(folder, 98_304);
  await host.client.call('domainCreate', { domain: 'boot' });
  using live = await CountedConsole.open(host.client, 'boot');
  await live.until(({ tail }) => tail.includes(greeting.trim()));
  await live.type('F');
  await live.until(({ received }) => received > 450_000, 60_000);
  await live.type('S');
  for (let attempt = 1; !live.tail.endsWith('z'); attempt++) {
    await live.type('z');
    await live.until(({ tail }) => tail.endsWith('z'), 5_000).catch((error: unknown) => {
      if (attempt === 8) throw error;
    });
  }

  expect(live.stretches).toHaveLength(1);
  const [{ offset: start, bytes: all } = { offset: 0, bytes: Buffer.alloc(0) }] = live.stretches;
  const end = start + all.length;
  const late = await readBetween(host.client, start, end);
  // What no log has is kept in memory for longer than what one has, but not for ever.
  if (late.gaps[0]) expect(late.gaps[0].from).toBeGreaterThan(start);
  let at = start;
  for (const { offset, bytes } of late.pieces) {
    if (offset !== at) expect(late.gaps).toContainEqual({ from: at, to: offset });
    expect(bytes.equals(all.subarray(offset - start, offset - start + bytes.length))).toBe(true);
    at = offset + bytes.length;
  }
  expect(at).toBe(end);
});

interface LateReading {
  readonly pieces: readonly { readonly offset: number; readonly bytes: Buffer }[];
  readonly gaps: readonly { readonly from: number; readonly to: number }[];
}

/** As one who comes late reads it. */
async function readBetween(client: Client, from: number, end: number): Promise<LateReading> {
  const pieces: { offset: number; bytes: Buffer }[] = [];
  const gaps: { from: number; to: number }[] = [];
  let last = from;
  const stream = await client.openStream('domainOpenConsole', { domain: 'boot', mode: 'watch', from }, {
    onBytes(bytes, offset, acknowledge) {
      pieces.push({ offset, bytes: Buffer.from(bytes) });
      last = offset + bytes.length;
      acknowledge();
    },
    onMessage: (message) => void (message.type === 'gap' && gaps.push({ from: message.from, to: message.to })),
    onEnd: () => {},
  });
  await eventually(() => last >= end, 30_000);
  stream.close();
  return { pieces, gaps };
}

test.runIf(canMount)('a log whose archive finds no room stays whole, and is archived when there is', async () => {
  const folder = await mkdtemp('/tmp/vireo-');
  try {
    await using _small = await mount(folder, 1_441_792);
    const file = path.join(folder, 'serial0.log');
    await writeFile(file, floodedBytes(1_100_000));
    const filler = path.join(folder, 'filler');
    await writeFile(filler, Buffer.alloc(300_000));
    const said: string[] = [];
    const journal = createLog((line) => void said.push(line));
    await using log = new ConsoleLog(file, journal);
    const rotation = new LogRotation({ log, bounds: { logBytes: 1_048_576, archives: 3 }, journal });
    await rotation.rotate('in use');
    await rotation.rotate('in use');
    expect(said.filter((line) => line.includes('ENOSPC'))).toHaveLength(1);
    expect((await readdir(folder)).toSorted()).toEqual(['filler', 'serial0.log']);
    expect((await log.read(0, 10)).toString()).toBe('00000001\r\n');
    await rm(filler);
    await writeFile(filler, '');
    await rotation.rotate('in use').then(() => rotation.rotate('in use'));
    expect((await log.read(0, 10)).toString()).toBe('00000001\r\n');
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
});

/** As the guest would say it; the log is all that is known of what it said to others. */
const told = (from: number, bytes: number): Buffer => floodedBytes(from + bytes).subarray(from);

test.runIf(await canPunchHoles())('a log is cut while QEMU writes it, and every offset stays what it was, over a change of drivers', async () => {
  await using host = await openTestHost();
  await writeFile(path.join(host.home, 'settings.json'), JSON.stringify({ consoleLogBytes: 1_048_576, consoleLogArchives: 1 }));
  await host.reopen();
  const disk = path.join(host.home, 'boot.raw');
  await writeFile(disk, bootSectorImage());
  const pipe = path.join(host.home, 'pipe');
  await run('mkfifo', [`${pipe}.in`, `${pipe}.out`]);
  await host.client.call('domainDefineXML', { xml: bootGuestXml(disk, { serial: false }).replace('<memballoon', `<serial type='pipe'><source path='${pipe}'/></serial><memballoon`) });
  await host.client.call('domainCreate', { domain: 'boot' });
  const { uuid } = await lookup(host);
  const folder = path.join(host.home, 'logs', uuid);
  const file = path.join(folder, 'serial0.log');
  await until(async () => (await readFile(file, 'latin1')).includes(greeting));
  const start = (await stat(file)).size;
  await appendFile(file, told(0, 1_200_000));
  const archives = async (): Promise<string[]> => (await readdir(folder)).filter((name) => /^serial0\.log\.\d+-\d+$/.test(name));
  await until(async () => (await archives()).length === 1);
  await until(async () => (await stat(file)).blocks * 512 < 800_000);

  const typed = await CountedConsole.open(host.client, 'boot');
  await typed.until(({ received }) => received > 0);
  await typed.type('after');
  await typed.until(({ tail }) => tail.endsWith('after'));
  typed[Symbol.dispose]();
  const end = start + 1_200_000 + 'after'.length;
  expect((await stat(file)).size).toBe(end);
  const truth = Buffer.concat([told(0, 1_200_000), Buffer.from('after')]);
  for (const drivers of ['the same', 'another']) {
    if (drivers === 'another') await host.reopen().then(() => host.host.driver.reconnected);
    const { pieces, gaps } = await readBetween(host.client, start, end);
    expect(gaps).toEqual([]);
    expect(Buffer.concat(pieces.map(({ bytes }) => bytes)).equals(truth)).toBe(true);
  }
  await appendFile(file, told(1_200_000, 800_000));
  await until(async () => (await archives()).every((name) => !name.startsWith('serial0.log.0-')));
  const { gaps } = await readBetween(host.client, 0, end);
  expect(gaps).toEqual([{ from: 0, to: Number(/log\.(\d+)-/.exec((await archives())[0] ?? '')?.[1]) }]);
});

async function until(holds: () => Promise<boolean>, withinMs = 30_000): Promise<void> {
  for (const endMs = Date.now() + withinMs; !(await holds()); await new Promise((resolve) => setTimeout(resolve, 20))) {
    if (Date.now() > endMs) throw new Error(`did not come true within ${withinMs} ms: ${holds.toString()}`);
  }
}
