import { appendFile, mkdir, mkdtemp, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { VirtualClock, settled } from '../../../test/support/virtual-clock.ts';
import { silentLog } from '../../base/log.ts';
import { ConsoleLog } from '../console-log.ts';
import { ConsoleTimes } from './console-times.ts';
import { TimesFile, type TimesHeader, readHeader, readTimes, timesFileOf } from './times-file.ts';
import { TimesKeeper } from './times-keeper.ts';

let folder: string;
let file: string;
let header: TimesHeader;

beforeEach(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'vireo-times-'));
  file = timesFileOf(folder, 'serial0');
  header = { alias: 'serial0', kind: 'serial', label: 'ttyS0', log: path.join(folder, 'serial0.log') };
});
afterEach(() => rm(folder, { recursive: true, force: true }));

test('what was seen has its second, what came unseen lies between two moments, and the rest is older than the first', () => {
  const times = new ConsoleTimes(
    [
      { what: 'attached', to: 100, atMs: 1_000 },
      { what: 'seen', to: 150, fromMs: 5_000, toMs: 5_900 },
      { what: 'detached', to: 150, atMs: 8_000 },
      { what: 'attached', to: 400, atMs: 60_000 },
      { what: 'reset', to: 400, atMs: 61_000 },
    ],
    { end: 500, endMs: 70_000 },
  );
  expect(times.at(0)).toEqual({ fromMs: null, toMs: 1_000 });
  expect(times.at(100)).toEqual({ fromMs: 5_000, toMs: 5_900 });
  expect(times.at(150)).toEqual({ fromMs: 8_000, toMs: 60_000 });
  expect(times.at(499)).toEqual({ fromMs: 61_000, toMs: 70_000 });
  expect(times.at(500)).toEqual({ fromMs: 70_000, toMs: null });
  expect(times.between(120, 420, 10)).toEqual([
    { from: 120, to: 150, fromMs: 5_000, toMs: 5_900 },
    { from: 150, to: 400, fromMs: 8_000, toMs: 60_000 },
    { from: 400, to: 420, fromMs: 61_000, toMs: 70_000 },
  ]);
  expect(times.marks.map(({ what }) => what)).toEqual(['attached', 'detached', 'attached', 'reset']);
});

test('a log that nobody has noted anything of is as old as its last change, at the latest', () => {
  expect(new ConsoleTimes([], { end: 10, endMs: 5 }).at(3)).toEqual({ fromMs: null, toMs: 5 });
});

test('a torn line is skipped and closed by the next writer', async () => {
  const times = await TimesFile.open(file, header);
  await times.append({ what: 'run', to: 0, atMs: 1 });
  await times.append({ what: 'seen', to: 10, fromMs: 2, toMs: 3 });
  await appendFile(file, 's 99 1');
  expect(await readTimes(file)).toHaveLength(2);
  const again = await TimesFile.open(file, header);
  expect(again.lastTo).toBe(10);
  await again.append({ what: 'seen', to: 20, fromMs: 5, toMs: 6 });
  expect((await readTimes(file)).map(({ to }) => to)).toEqual([0, 10, 20]);
});

test('a file that is not to be understood, or tells of another log, is begun anew', async () => {
  await writeFile(file, 'something else\ns 1 2 3\n');
  await TimesFile.open(file, header);
  expect(await readTimes(file)).toEqual([]);
  expect(await readHeader(file)).toMatchObject({ alias: 'serial0', label: 'ttyS0' });
  const times = await TimesFile.open(file, header);
  await times.append({ what: 'run', to: 5, atMs: 1 });
  await TimesFile.open(file, { ...header, label: 'com1' });
  expect(await readTimes(file)).toHaveLength(1);
  await TimesFile.open(file, { ...header, log: '/elsewhere' });
  expect(await readTimes(file)).toEqual([]);
});

test('a file stays bounded, its newer half stays exact, and no byte loses its time', async () => {
  const times = await TimesFile.open(file, header, { maximumBytes: 20_000 });
  for (let second = 1; second <= 5_000; second++) await times.append({ what: 'seen', to: second * 10, fromMs: second * 1_000, toMs: second * 1_000 + 900 });
  expect((await readFile(file)).length).toBeLessThan(21_000);
  const known = new ConsoleTimes(await readTimes(file), { end: 50_000, endMs: 0 });
  expect(known.at(49_990)).toEqual({ fromMs: 5_000_000, toMs: 5_000_900 });
  for (let offset = 0; offset < 50_000; offset += 990) {
    const { fromMs, toMs } = known.at(offset);
    const writtenMs = (Math.floor(offset / 10) + 1) * 1_000;
    expect(fromMs ?? 0).toBeLessThanOrEqual(writtenMs);
    expect(toMs ?? 0).toBeGreaterThanOrEqual(writtenMs);
  }
});

test('times of bytes that are kept nowhere any more are dropped', async () => {
  const times = await TimesFile.open(file, header, { maximumBytes: 1_000, keptFrom: () => 400 });
  for (let second = 1; second <= 100; second++) await times.append({ what: 'seen', to: second * 10, fromMs: second * 1_000, toMs: second * 1_000 + 900 });
  expect((await readTimes(file))[0]?.to).toBeGreaterThanOrEqual(390);
});

interface Followed {
  readonly keeper: TimesKeeper;
  readonly say: (text: string) => Promise<void>;
}

async function follow(clock: VirtualClock, begins: 'run' | 'attached'): Promise<Followed> {
  await appendFile(header.log, '');
  const consoleLog = new ConsoleLog(header.log, silentLog);
  const keeper = new TimesKeeper({ file, header, consoleLog, clock, log: silentLog, begins, at: await consoleLog.size() });
  await keeper.flush();
  return {
    keeper,
    async say(text) {
      await appendFile(header.log, text);
      keeper.came();
    },
  };
}

/** Bytes and times as they stand in the file now. */
async function noted(): Promise<readonly string[]> {
  return (await readFile(file, 'utf8')).trimEnd().split('\n').slice(1).map((line) => line.split(' ').slice(0, 2).join(' '));
}

test('bytes are noted at most once a second, and only when some came', async () => {
  const clock = new VirtualClock();
  const { keeper, say } = await follow(clock, 'run');
  const startMs = clock.wallTime();
  for (let count = 0; count < 100; count++) {
    await say('0123456789');
    clock.advance(10);
  }
  clock.advance(1_000);
  await settled(); // the second's own note is on its way
  await keeper.flush();
  clock.advance(60_000);
  await settled(); // the second's own note is on its way
  await keeper.flush();
  expect(await noted()).toEqual(['b 0', 's 1000']);
  expect((await readTimes(file))[1]).toMatchObject({ fromMs: startMs });
  await say('more');
  keeper.reset();
  keeper.reset();
  await keeper[Symbol.asyncDispose]();
  expect(await noted()).toEqual(['b 0', 's 1000', 'r 1004', 's 1004', 'd 1004'].filter((line) => line !== 's 1004'));
});

test('a driver that comes back knows between which two moments it was away', async () => {
  const clock = new VirtualClock();
  const first = await follow(clock, 'run');
  await first.say('seen\n');
  clock.advance(2_000);
  await first.keeper[Symbol.asyncDispose]();
  const leftMs = clock.wallTime();
  await appendFile(header.log, 'unseen\n');
  clock.advance(600_000);
  const second = await follow(clock, 'attached');
  const times = new ConsoleTimes(await readTimes(file), { end: 12, endMs: clock.wallTime() });
  expect(times.at(6)).toEqual({ fromMs: leftMs, toMs: leftMs + 600_000 });
  expect((times.at(0).toMs ?? 0) - (times.at(0).fromMs ?? 0)).toBeLessThanOrEqual(2_000);
  await second.keeper[Symbol.asyncDispose]();
});

test('a log that was begun anew has no times of the old one', async () => {
  const clock = new VirtualClock();
  const first = await follow(clock, 'run');
  await first.say('a long story\n');
  await first.keeper[Symbol.asyncDispose]();
  await writeFile(header.log, 'new');
  const second = await follow(clock, 'run');
  await second.keeper[Symbol.asyncDispose]();
  expect(await noted()).toEqual(['b 3', 'd 3']);
});

test('what cannot be written now is noted later, for a longer time', async () => {
  const clock = new VirtualClock();
  const { keeper, say } = await follow(clock, 'run');
  const fromMs = clock.wallTime();
  await rename(file, `${file}.away`);
  await mkdir(file); // nothing can be written to it, for root neither
  await say('first ');
  clock.advance(1_000);
  await settled(); // the second's own note is on its way
  await keeper.flush();
  clock.advance(30_000);
  await rm(file, { recursive: true });
  await rename(`${file}.away`, file);
  await say('second');
  clock.advance(1_000);
  await settled(); // the second's own note is on its way
  await keeper.flush();
  expect((await readTimes(file)).at(-1)).toEqual({ what: 'seen', to: 12, fromMs, toMs: clock.wallTime() });
  await keeper[Symbol.asyncDispose]();
});
