import { mkdtemp, readdir, rm, symlink, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { systemClock } from '../base/clock.ts';
import { defaultHostSettings } from '../status/host-settings.ts';
import { type MetadataLockOptions, withMetadataLock } from './metadata-lock.ts';

let folder: string;
let image: string;
const options = (name = 'guest'): MetadataLockOptions => ({ signal: new AbortController().signal, domain: { name, uuid: '11111111-2222-4333-8444-555555555555' } });

beforeEach(async () => {
  folder = await mkdtemp('/tmp/vireo-');
  image = path.join(folder, 'image');
  await writeFile(image, 'x');
});

afterEach(() => rm(folder, { recursive: true, force: true }));

/** Time that is passed over at once, so that a wait of ten seconds takes none. */
function fastClock(): typeof systemClock {
  let now = 0;
  return { now: () => now, wallTime: () => now, sleep: (ms) => ((now += ms), Promise.resolve()) };
}

const contextOf = (clock = systemClock, settings = {}): Parameters<typeof withMetadataLock>[0] => ({ settings: { ...defaultHostSettings, leaseFolder: folder, ...settings }, clock, stateFolder: '/state' });

test('work on one image is done one after the other, whatever path names it, and leaves nothing', async () => {
  const alias = path.join(folder, 'alias');
  await symlink(image, alias);
  let inside = 0;
  const seen = await Promise.all([image, alias, image].map((file) => withMetadataLock(contextOf(), file, options(), async () => {
    inside += 1;
    const atOnce = inside;
    await new Promise((resolve) => setImmediate(resolve));
    inside -= 1;
    return atOnce;
  })));
  expect(seen).toEqual([1, 1, 1]);
  expect((await readdir(folder)).toSorted()).toEqual(['alias', 'image']);
});

test('a wait that is too long ends with who holds the lock', async () => {
  await withMetadataLock(contextOf(), image, options('holder'), async () => {
    await expect(withMetadataLock(contextOf(fastClock()), image, options(), async () => {})).rejects.toMatchObject({
      code: 'OPERATION_TIMEOUT',
      message: expect.stringMatching(/^Timed out during operation: cannot acquire the metadata lock of '.*image' \(held for domain 'holder' \(pid \d+, state folder \/state, since .*Z\)\)$/) as string,
      details: { holder: { domain: { name: 'holder' }, pid: process.pid } },
    });
  });
});

test('a caller that gives up waits no longer, and work that throws gives the lock back', async () => {
  const stop = new AbortController();
  await withMetadataLock(contextOf(), image, options(), async () => {
    const waiting = withMetadataLock(contextOf(), image, { ...options(), signal: stop.signal }, async () => {});
    stop.abort(new Error('enough'));
    await expect(waiting).rejects.toThrow('enough');
  });
  await expect(withMetadataLock(contextOf(), image, options(), () => Promise.reject(new Error('oops')))).rejects.toThrow('oops');
  expect(await withMetadataLock(contextOf(), image, options(), async () => 'mine')).toBe('mine');
});

test('with the lock manager off, and for what is no image, the work is only done', async () => {
  expect(await withMetadataLock(contextOf(systemClock, { lockManager: 'none', leaseFolder: '/nowhere' }), image, options(), async () => 1)).toBe(1);
  expect(await withMetadataLock(contextOf(systemClock, { leaseFolder: '/nowhere' }), path.join(folder, 'missing'), options(), async () => 2)).toBe(2);
});
