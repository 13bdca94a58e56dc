import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { createLog, silentLog } from '../base/log.ts';
import { acquireUucpLock } from './uucp-lock.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp('/tmp/vireo-');
});
afterEach(async () => {
  await rm(folder, { recursive: true });
});

/** No Linux has a process of this number: pid_max is at most 2^22. */
const deadPid = 4_194_304 + 1;

describe('a UUCP lock', () => {
  test('is placed under both names with our pid, and gone when released', async () => {
    const lock = await acquireUucpLock('/dev/pts/7', folder, silentLog);
    expect((await readdir(folder)).toSorted()).toEqual(['LCK.._pts_7', 'LCK..pts_7']);
    expect(await readFile(path.join(folder, 'LCK.._pts_7'), 'latin1')).toBe(`${String(process.pid).padStart(10)}\n`);
    await lock?.[Symbol.asyncDispose]();
    expect(await readdir(folder)).toEqual([]);
  });

  test.each(['LCK.._pts_7', 'LCK..pts_7'])('%s of a live process is honoured and left alone', async (name) => {
    const file = path.join(folder, name);
    await writeFile(file, `${String(process.ppid).padStart(10)}\n`);
    await expect(acquireUucpLock('/dev/pts/7', folder, silentLog)).rejects.toMatchObject({
      code: 'OPERATION_FAILED',
      message: `operation failed: Requested device '/dev/pts/7' is locked by lock file '${file}' held by process ${process.ppid}`,
    });
    expect(await readdir(folder)).toEqual([name]);
  });

  test.each([
    ['names a dead process', `${deadPid}\n`],
    ['names our own pid from an earlier life', `${process.pid}\n`],
    ['names nobody', 'no number\n'],
  ])('that %s is replaced', async (_, content) => {
    await writeFile(path.join(folder, 'LCK.._pts_7'), content);
    const lock = await acquireUucpLock('/dev/pts/7', folder, silentLog);
    expect(await readFile(path.join(folder, 'LCK.._pts_7'), 'latin1')).toBe(`${String(process.pid).padStart(10)}\n`);
    await lock?.[Symbol.asyncDispose]();
  });

  test('is exclusive within this process', async () => {
    const lock = await acquireUucpLock('/dev/pts/7', folder, silentLog);
    await expect(acquireUucpLock('/dev/pts/7', folder, silentLog)).rejects.toThrow(`held by process ${process.pid}`);
    await lock?.[Symbol.asyncDispose]();
  });

  test('is done without, and said so, where its folder cannot be written', async () => {
    const lines: string[] = [];
    const lock = await acquireUucpLock('/dev/pts/7', path.join(folder, 'absent'), createLog((line) => lines.push(line)));
    expect([lock, lines.length]).toEqual([null, 1]);
  });
});
