import { createHash } from 'node:crypto';
import { appendFile, mkdir, mkdtemp, readdir, readFile, rm, stat, truncate, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { canPunchHoles } from '../../test/support/can-punch.ts';
import { settled, VirtualClock } from '../../test/support/virtual-clock.ts';
import { systemClock } from '../base/clock.ts';
import { createLog, silentLog } from '../base/log.ts';
import { ConsoleLog } from './console-log.ts';
import { ConsoleStream } from './console-stream.ts';
import { cutIdleLogs, LogRotation, type PunchHole } from './log-rotation.ts';

const mebibyte = 1_048_576;
const half = mebibyte / 2;
const bounds = { logBytes: mebibyte, archives: 2 };
const cannot: PunchHole = () => Promise.reject(new Error('not supported'));

let folder: string;
let file: string;
let said: string[];
beforeEach(async () => {
  folder = await mkdtemp('/tmp/vireo-');
  file = path.join(folder, 'serial0.log');
  said = [];
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const journal = createLog((line) => void said.push(line));

/** Bytes that tell where they are. */
function bytesAt(from: number, length: number): Buffer {
  const bytes = Buffer.alloc(length);
  for (let at = 0; at < length; at++) bytes[at] = 1 + ((from + at) * 31 + ((from + at) >> 11) * 7) % 255;
  return bytes;
}

async function grow(to: number): Promise<void> {
  const size = await stat(file).then((found) => found.size, () => 0);
  await appendFile(file, bytesAt(size, to - size));
}

const onDisk = async (): Promise<number> => (await stat(file)).blocks * 512;
const archives = async (): Promise<string[]> => (await readdir(folder)).filter((name) => name !== 'serial0.log').toSorted();
const canPunch = await canPunchHoles();

/** What of a log can be read, and the stretches that cannot. */
async function readAll(log: ConsoleLog): Promise<{ readonly missing: readonly (readonly [number, number])[]; readonly isTrue: boolean }> {
  const size = await log.size();
  const missing: [number, number][] = [];
  let isTrue = true;
  for (let at = 0; at < size; ) {
    const bytes = await log.read(at, 100_000);
    if (bytes.length === 0) {
      const kept = log.keptFrom(at);
      if (kept <= at) throw new Error(`nothing to be read at ${at}`);
      missing.push([at, kept]);
      at = kept;
      continue;
    }
    isTrue &&= bytes.equals(bytesAt(at, bytes.length));
    at += bytes.length;
  }
  return { missing, isTrue };
}

describe.runIf(canPunch)('a log in use', () => {
  test('gives its oldest half to an archive and its blocks back, and every offset stays what it was', async () => {
    await grow(mebibyte + 5_000);
    await using log = new ConsoleLog(file, journal);
    const before = await onDisk();
    await new LogRotation({ log, bounds, journal }).rotate('in use');
    expect(await archives()).toEqual([`serial0.log.0-${half}`]);
    expect((await stat(file)).size).toBe(mebibyte + 5_000);
    expect(await onDisk()).toBeLessThanOrEqual(before - half + 65_536);
    expect(await readAll(log)).toEqual({ missing: [], isTrue: true });
    await using another = new ConsoleLog(file, journal);
    expect(await readAll(another)).toEqual({ missing: [], isTrue: true });
    expect(said).toEqual([]);
  });

  test('that grows for long keeps the newest archives, and what is gone is told exactly', async () => {
    await using log = new ConsoleLog(file, journal);
    const rotation = new LogRotation({ log, bounds, journal });
    for (let step = 1; step <= 16; step++) {
      await grow(step * 300_000);
      rotation.grown(step * 300_000);
      await rotation.settled();
    }
    expect(await archives()).toHaveLength(2);
    expect(await onDisk()).toBeLessThan(2 * mebibyte);
    const [{ missing, isTrue }, { mark, pieces }] = [await readAll(log), log.archives];
    expect({ missing, isTrue }).toEqual({ missing: [[0, pieces[0]!.from]], isTrue: true });
    expect(pieces.at(-1)!.to).toBe(mark);
  });

  test('that a guest floods is left alone until the guest pauses', async () => {
    await using log = new ConsoleLog(file, journal);
    const clock = new VirtualClock();
    const rotation = new LogRotation({ log, bounds, journal, clock });
    for (const [pastMs, to] of [[0, 1.125 * mebibyte], [100, 1.3125 * mebibyte], [100, 1.5 * mebibyte]] as const) {
      await grow(to);
      rotation.grown(to);
      clock.advance(pastMs);
      await settled();
      expect([clock.sleeping, await archives()]).toEqual([1, []]);
    }
    clock.advance(100);
    await vi.waitFor(async () => expect(await archives()).toHaveLength(2), { timeout: 20_000 });
    await rotation.settled();
    expect(await readAll(log)).toEqual({ missing: [], isTrue: true });
  });

  test('that a guest floods for long is cut all the same, and only what is kept of it is copied', async () => {
    await using log = new ConsoleLog(file, journal);
    const clock = new VirtualClock();
    const rotation = new LogRotation({ log, bounds, journal, clock });
    await grow(4.5 * mebibyte);
    rotation.grown(4.5 * mebibyte);
    expect(clock.sleeping).toBe(0);
    await rotation.settled();
    expect(await archives()).toEqual([`serial0.log.${3 * mebibyte}-${3.5 * mebibyte}`, `serial0.log.${3.5 * mebibyte}-${4 * mebibyte}`]);
    expect(await onDisk()).toBeLessThan(mebibyte);
  });

  test('that grew while no driver was there keeps of it what would be kept', async () => {
    await grow(6 * mebibyte);
    await using log = new ConsoleLog(file, journal);
    await new LogRotation({ log, bounds, journal }).rotate('in use');
    expect(await archives()).toEqual([`serial0.log.${4.5 * mebibyte}-${5 * mebibyte}`, `serial0.log.${5 * mebibyte}-${5.5 * mebibyte}`]);
    expect(await readAll(log)).toEqual({ missing: [[0, 4.5 * mebibyte]], isTrue: true });
    expect(await onDisk()).toBeLessThan(mebibyte);
  });

  test('is freed by the next driver when one died between archive and hole', async () => {
    await grow(mebibyte + 5_000);
    {
      await using log = new ConsoleLog(file, journal);
      await new LogRotation({ log, bounds, journal, punchHole: async () => {} }).rotate('in use');
    }
    const before = await onDisk();
    await using log = new ConsoleLog(file, journal);
    await new LogRotation({ log, bounds, journal }).rotate('in use');
    expect(await onDisk()).toBeLessThanOrEqual(before - half + 65_536);
    expect(await readAll(log)).toEqual({ missing: [], isTrue: true });
  });

  test('whose archives somebody removed never gives its hole for bytes of the guest', async () => {
    await grow(mebibyte + 5_000);
    {
      await using log = new ConsoleLog(file, journal);
      await new LogRotation({ log, bounds, journal }).rotate('in use');
    }
    for (const name of await archives()) await rm(path.join(folder, name));
    await using log = new ConsoleLog(file, journal);
    expect(await readAll(log)).toEqual({ missing: [[0, half]], isTrue: true });
  });

  test('is never read as zeros while it is cut', async () => {
    await grow(mebibyte + 5_000);
    await using log = new ConsoleLog(file, journal);
    const rotating = new LogRotation({ log, bounds, journal }).rotate('in use');
    let isOver = false;
    void rotating.then(() => (isOver = true));
    do {
      const at = Math.floor(Math.random() * mebibyte);
      const bytes = await log.read(at, 4_096);
      expect(bytes.equals(bytesAt(at, bytes.length))).toBe(true);
    } while (!isOver);
  });

  test('that somebody cuts forgets its archives', async () => {
    await grow(mebibyte + 5_000);
    await using log = new ConsoleLog(file, journal);
    await new LogRotation({ log, bounds, journal }).rotate('in use');
    await truncate(file, 0);
    await appendFile(file, bytesAt(0, 1_000));
    expect(await log.size()).toBe(1_000);
    expect(await archives()).toEqual([]);
    expect(await readAll(log)).toEqual({ missing: [], isTrue: true });
  });

  test('serves the readers of a console across its archives, with one gap for what is kept nowhere', async () => {
    await using log = new ConsoleLog(file, journal);
    const stream = new ConsoleStream({ clock: systemClock, historyBytes: 65_536, log, onRelease: () => {} });
    const rotation = new LogRotation({ log, bounds, journal });
    for (let size = 100_000; size < 4 * mebibyte; size += 200_000) {
      await grow(size);
      await stream.absorb(size);
      await rotation.rotate('in use');
    }
    const gaps: [number, number][] = [];
    const [heard, expected] = [createHash('sha256'), createHash('sha256')];
    for (let at = 0; at < stream.end; ) {
      const item = await stream.read(at, stream.end);
      if (item.type === 'gap') gaps.push([item.from, item.to]);
      else {
        heard.update(item.bytes);
        expected.update(bytesAt(item.offset, item.bytes.length));
      }
      at = item.type === 'gap' ? item.to : item.offset + item.bytes.length;
    }
    expect(gaps).toEqual([[0, log.archives.pieces[0]!.from]]);
    expect(heard.digest('hex')).toBe(expected.digest('hex'));
  });
});

test.runIf(canPunch)('an archive that cannot be made loses nothing, and is told of once', async () => {
  await grow(mebibyte + 5_000);
  await using log = new ConsoleLog(file, journal);
  await log.size();
  const inTheWay = path.join(folder, `serial0.log.0-${half}`);
  await mkdir(path.join(inTheWay, 'something'), { recursive: true });
  const rotation = new LogRotation({ log, bounds, journal });
  await rotation.rotate('in use');
  await rotation.rotate('in use');
  expect(await archives()).toEqual([path.basename(inTheWay)]);
  expect(await readAll(log)).toEqual({ missing: [], isTrue: true });
  expect(said.filter((line) => line.includes('cannot be cut'))).toHaveLength(1);
  await rm(inTheWay, { recursive: true });
  await rotation.rotate('in use');
  expect((await readFile(inTheWay)).equals(bytesAt(0, half))).toBe(true);
});

test('where no hole can be made, a log is cut while nobody has it open, with all its offsets', async () => {
  await grow(mebibyte + 5_000);
  {
    await using log = new ConsoleLog(file, journal);
    const rotation = new LogRotation({ log, bounds, journal, punchHole: cannot });
    await rotation.rotate('in use');
    expect(await archives()).toEqual([]);
    expect(await readAll(log)).toEqual({ missing: [], isTrue: true });
  }
  await using log = new ConsoleLog(file, journal);
  await new LogRotation({ log, bounds, journal, punchHole: cannot }).rotate('idle');
  expect((await stat(file)).size).toBe(mebibyte + 5_000);
  expect(await onDisk()).toBeLessThan(half + 131_072);
  await grow(mebibyte + 9_000);
  await using after = new ConsoleLog(file, journal);
  expect(await readAll(after)).toEqual({ missing: [], isTrue: true });
});

test('all console logs of a domain are cut before it starts, and the rests of a host that died are gone', async () => {
  await grow(mebibyte + 5_000);
  await writeFile(path.join(folder, 'qemu.log'), Buffer.alloc(2 * mebibyte, 1));
  await writeFile(path.join(folder, '.serial0.log.0-65536.0123456789ab.new'), 'half');
  await cutIdleLogs(folder, bounds, silentLog);
  expect((await readdir(folder)).toSorted()).toEqual(['qemu.log', 'serial0.log', `serial0.log.0-${half}`]);
  expect((await readFile(path.join(folder, `serial0.log.0-${half}`))).equals(bytesAt(0, half))).toBe(true);
});
