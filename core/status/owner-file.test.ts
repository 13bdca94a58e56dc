import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, readdir, rm, writeFile } from 'node:fs/promises';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { bootId, processStartTime } from '../base/process-identity.ts';
import { type OwnerRecord, type Ownership, acquireOwnership, readOwner } from './owner-file.ts';
import { propertyRuns } from '../../test/support/property-runs.ts';
import { type StateLayout, prepareStateFolder, stateLayout } from './state-folder.ts';

let layout: StateLayout;
beforeEach(async () => {
  layout = stateLayout(await mkdtemp('/tmp/vireo-'));
  await prepareStateFolder(layout);
});
afterEach(() => rm(layout.root, { recursive: true, force: true }));

const acquire = (): Promise<Ownership> => acquireOwnership(layout, { role: 'host', wallTime: () => 1_700_000_000_000 });

async function ownerFiles(): Promise<string[]> {
  return (await readdir(layout.root)).filter((name) => name.includes('owner'));
}

async function endedPid(): Promise<{ pid: number; startTime: string | null }> {
  const child = spawn(process.execPath, ['-e', 'process.stdin.resume()'], { stdio: ['pipe', 'ignore', 'ignore'] });
  const startTime = await processStartTime(child.pid!);
  child.stdin.end();
  await once(child, 'exit');
  return { pid: child.pid!, startTime };
}

function record(id: string, more: Partial<OwnerRecord>): string {
  return JSON.stringify({ id, pid: process.pid, startTime: null, boot: null, role: 'app', sinceMs: 0, ...more } satisfies OwnerRecord);
}

describe('the owner of a state folder', () => {
  test('is one; the next is told who it is, and gets the folder when it is given free', async () => {
    const first = await acquire();
    expect(await readOwner(layout)).toEqual({ ...first.record, pid: process.pid, role: 'host', sinceMs: 1_700_000_000_000 });
    await expect(acquire()).rejects.toMatchObject({
      code: 'RESOURCE_BUSY',
      message: `resource busy: ${layout.root} is owned by a screenless Vireo host, process ${process.pid}, since 2023-11-14T22:13:20.000Z`,
      details: { owner: { pid: process.pid, role: 'host', sinceMs: 1_700_000_000_000 } },
    });
    await first.release();
    expect(await readOwner(layout)).toBeNull();
    const second = await acquire();
    await first.release(); // releasing twice must not take the folder from the second
    expect((await readOwner(layout))?.id).toBe(second.record.id);
    expect(await ownerFiles()).toEqual(['owner']);
  });

  test.each([
    ['is dead', async () => record('00000000000000aa', { ...(await endedPid()), boot: await bootId() })],
    ['left its pid to another process', async () => record('00000000000000aa', { startTime: '1', boot: await bootId() })],
    ['belongs to another boot', async () => record('00000000000000aa', { startTime: await processStartTime(process.pid), boot: 'another' })],
    ['left a torn file', async () => '{"id": "000'],
  ])('is replaced when it %s', async (_, content) => {
    await writeFile(layout.ownerFile, await content());
    expect(await readOwner(layout)).toBeNull();
    const ownership = await acquire();
    expect((await readOwner(layout))?.id).toBe(ownership.record.id);
    expect(await ownerFiles()).toEqual(['owner']);
  });

  test('is replaced also after others died while they replaced it, and their leavings go', async () => {
    const dead = await endedPid();
    const boot = await bootId();
    await writeFile(layout.ownerFile, record('00000000000000aa', { ...dead, boot }));
    await writeFile(`${layout.ownerFile}.00000000000000aa`, record('00000000000000bb', { ...dead, boot }));
    await writeFile(`${layout.ownerFile}.00000000000000bb`, record('00000000000000cc', { ...dead, boot }));
    await writeFile(`${layout.ownerFile}.00000000000000dd`, record('00000000000000ee', { ...dead, boot }));
    await writeFile(`${layout.ownerFile}.00000000000000ee.new`, record('00000000000000ee', { ...dead, boot }));
    const ownership = await acquire();
    expect((await readOwner(layout))?.id).toBe(ownership.record.id);
    expect(await ownerFiles()).toEqual(['owner']);
  });

  test('a claim on a record that is gone makes nobody an owner', async () => {
    const dead = await endedPid();
    await writeFile(layout.ownerFile, record('00000000000000aa', { ...dead, boot: await bootId() }));
    const first = await acquire();
    // A contender that read the dead record before it was replaced, and was slow: its claim can still be placed.
    await writeFile(`${layout.ownerFile}.00000000000000aa`, record('00000000000000bb', { startTime: await processStartTime(process.pid), boot: await bootId() }));
    await expect(acquire()).rejects.toMatchObject({ code: 'RESOURCE_BUSY' });
    expect(JSON.parse(await readFile(layout.ownerFile, 'utf8'))).toMatchObject({ id: first.record.id });
  });

  test.each(['an empty folder', 'a dead owner'])('of %s is exactly one of many who try at once, again and again', async (start) => {
    const dead = await endedPid();
    const boot = await bootId();
    for (let round = 0; round < propertyRuns(10); round++) {
      if (start === 'a dead owner') await writeFile(layout.ownerFile, record(round.toString(16).padStart(16, '0'), { ...dead, boot }));
      const outcomes = await Promise.allSettled(Array.from({ length: 12 }, acquire));
      const owners = outcomes.filter((outcome) => outcome.status === 'fulfilled').map(({ value }) => value);
      expect(owners).toHaveLength(1);
      expect((await readOwner(layout))?.id).toBe(owners[0]!.record.id);
      await owners[0]!.release();
      await rm(layout.ownerFile, { force: true });
    }
    expect(await ownerFiles()).toEqual([]);
  });

  test('is never two while contenders come and go', async () => {
    await writeFile(layout.ownerFile, record('00000000000000aa', { ...(await endedPid()), boot: await bootId() }));
    let owners = 0;
    let most = 0;
    let times = 0;
    const contend = async (): Promise<void> => {
      for (let turn = 0; turn < 40; turn++) {
        const ownership = await acquire().catch(() => null);
        if (!ownership) continue;
        owners++;
        times++;
        most = Math.max(most, owners);
        await new Promise((resolve) => setImmediate(resolve));
        owners--;
        await ownership.release();
      }
    };
    await Promise.all(Array.from({ length: 6 }, contend));
    expect(most).toBe(1);
    expect(times).toBeGreaterThan(5);
  });
});
