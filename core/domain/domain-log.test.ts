import { mkdtemp, open, readdir, readFile, rm, stat } from 'node:fs/promises';
import path from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { DomainLog, withoutOwnLines } from './domain-log.ts';

const megabyte = 1024 * 1024;
let folder: string;
let log: DomainLog;

beforeEach(async () => {
  folder = await mkdtemp('/tmp/vireo-log-');
  log = new DomainLog(path.join(folder, 'uuid', 'qemu.log'));
});
afterEach(() => rm(folder, { recursive: true }));

const names = (): Promise<string[]> => readdir(path.join(folder, 'uuid'));

test('a line makes the folder that a refused start has not made, closed to others', async () => {
  await log.line('the start failed', 0);
  expect(await readFile(log.path, 'utf8')).toBe('1970-01-01 00:00:00.000+0000: the start failed\n');
  expect((await stat(path.dirname(log.path))).mode & 0o777).toBe(0o700);
  expect((await stat(log.path)).mode & 0o777).toBe(0o600);
});

test('it is begun anew where it is large, in three parts at most, and none of them is larger', async () => {
  for (let round = 0; round < 5; round += 1) {
    expect(await log.cutIfLarge()).toBeNull();
    const writer = await log.openForAppend();
    await writer.write(Buffer.alloc(3 * megabyte, String(round)));
    await writer.close();
    expect(await log.cutIfLarge()).toBe(megabyte);
  }
  expect(await names()).toEqual(['qemu.log', 'qemu.log.0', 'qemu.log.1', 'qemu.log.2']);
  expect(await log.size()).toBe(0);
  for (const [part, round] of [[0, '4'], [1, '3'], [2, '2']] as const) {
    const text = await readFile(`${log.path}.${part}`, 'utf8');
    expect([text.length, text[0]]).toEqual([2 * megabyte, round]);
  }
});

test('whoever appends to it goes on at the beginning of the new one', async () => {
  const qemu = await open(log.path, 'a').catch(() => log.openForAppend());
  await qemu.write(Buffer.alloc(2 * megabyte, 'x'));
  expect(await log.cutIfLarge()).toBe(0);
  await qemu.write('went on\n');
  await qemu.close();
  expect(await readFile(log.path, 'utf8')).toBe('went on\n');
});

test('a tail begins with a whole line, after an offset, unless the file was begun anew since', async () => {
  await log.line('one', 0);
  const from = await log.size();
  await log.line('two', 0);
  expect(await log.tail(1000, from)).toBe('1970-01-01 00:00:00.000+0000: two\n');
  expect(await log.tail(40)).toBe('1970-01-01 00:00:00.000+0000: two\n');
  expect(await log.tail(1000, 1_000_000)).toContain(': one\n');
  expect(await new DomainLog(path.join(folder, 'none')).tail(10)).toBe('');
});

test('the driver’s own lines are told apart from QEMU’s', () => {
  expect(withoutOwnLines('1970-01-01 00:00:00.000+0000: starting\nqemu: no\n2026-01-01T00:00:00.000000Z qemu: timed\n')).toBe('qemu: no\n2026-01-01T00:00:00.000000Z qemu: timed\n');
});
