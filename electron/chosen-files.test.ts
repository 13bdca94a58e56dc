import { mkdtemp, open, readFile, rm, stat } from 'node:fs/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ChosenFiles } from './chosen-files.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp('/tmp/vireo-');
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const text = (words: string): Uint8Array => new TextEncoder().encode(words);

describe('files that a page writes', () => {
  it('hold the pieces in the order in which they were given, for their user alone', async () => {
    await using files = new ChosenFiles();
    const file = await files.create(`${folder}/a.cast`);
    const pieces = Array.from({ length: 50 }, (_, index) => files.append(file, text(`${index}\n`)));
    const closed = await files.close(file);
    await Promise.all(pieces);
    expect(await readFile(`${folder}/a.cast`, 'utf8')).toBe(Array.from({ length: 50 }, (_, index) => `${index}\n`).join(''));
    expect(closed).toEqual({ path: `${folder}/a.cast`, sizeBytes: 140 });
    expect((await stat(`${folder}/a.cast`)).mode & 0o777).toBe(0o600);
  });

  it('that cannot be made are told by their path', async () => {
    await using files = new ChosenFiles();
    await expect(files.create(`${folder}/none/a`)).rejects.toMatchObject({ code: 'SYSTEM_ERROR', details: { errno: 'ENOENT' } });
  });

  it('are closed by a full disk, which says so to all who wait', async () => {
    if (!(await open('/dev/full', 'r').then((handle) => handle.close().then(() => true), () => false))) return;
    await using files = new ChosenFiles();
    const file = await files.create('/dev/full');
    const outcomes = await Promise.allSettled([files.append(file, text('a')), files.append(file, text('b'))]);
    expect(outcomes.map((outcome) => outcome.status === 'rejected' && String(outcome.reason))).toEqual([expect.stringContaining('no space is left'), expect.stringContaining('no space is left')]);
    await expect(files.append(file, text('c'))).rejects.toMatchObject({ code: 'OPERATION_INVALID' });
  });

  it('are all closed at the end', async () => {
    const files = new ChosenFiles();
    const file = await files.create(`${folder}/a`);
    void files.append(file, text('last words'));
    await files[Symbol.asyncDispose]();
    expect(await readFile(`${folder}/a`, 'utf8')).toBe('last words');
    expect(await files.close(file)).toBeNull();
  });
});
