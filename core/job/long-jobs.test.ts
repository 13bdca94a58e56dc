/** Jobs that outlive a call or a driver: parked and adopted, asked to end, restored, and how far they are. */
import { describe, expect, test } from 'vitest';
import { call, domain, makeJobs, outcome } from '../../test/support/job-bench.ts';
import { settled } from '../../test/support/virtual-clock.ts';
import { VireoError } from '../base/errors.ts';
import { createLog } from '../base/log.ts';
import { Call } from './call.ts';
import type { JobRecord } from './domain-jobs.ts';
import type { AsyncJob, ParkOptions } from './handles.ts';
import { asyncKinds, initialMasks, restoredMasks } from './kinds.ts';

const noDomain = new VireoError('NO_DOMAIN', 'no domain');

/** A migration parked between Begin and Perform, and who cleaned up after it. */
async function parkedMigration(options: Partial<ParkOptions<'migration-out'>> = {}, bench = makeJobs()) {
  const expired: string[] = [];
  const onExpired = async (job: AsyncJob<'migration-out'>, cleaner: Call): Promise<void> => void expired.push(`${cleaner.owner} in ${job.phase}`);
  const begin = call('MigrateBegin3');
  const job = await bench.jobs.beginAsync(begin, 'migration-out');
  await job.setPhase('begin3');
  const ticket = await job.park({ owner: 'connection 7', deadlineMs: 60_000, onExpired, ...options });
  return { ...bench, begin, job, ticket, expired };
}

describe('a parked job', () => {
  test('excludes and is shown with the owner that it waits for, on disk too; its call is free for another domain job', async () => {
    const { jobs, clock, saved, begin } = await parkedMigration();
    expect(jobs.status().async).toEqual({
      slot: 'async',
      kind: 'migration-out',
      owner: 'connection 7',
      client: 'window 1',
      sinceMs: clock.now(),
      sinceWallMs: clock.wallTime(),
      phase: 'begin3',
      parkedUntilWallMs: clock.wallTime() + 60_000,
      abortRequested: false,
    });
    expect(saved.at(-1)?.async).toMatchObject({ owner: 'remoteDispatchDomainMigrateBegin3', phase: 'begin3', parkedFor: 'connection 7' });
    const barred = jobs.begin(begin, 'modify');
    expect(await outcome(barred)).toBe('waits');
    clock.advance(30_000);
    await expect(barred).rejects.toThrow('(held by monitor=connection 7)');
  });

  test('is adopted once, by ticket or by kind and owner, and goes on where it was', async () => {
    const { jobs, clock, ticket, expired } = await parkedMigration();
    const perform = call('MigratePerform3');
    const adopted = await jobs.adopt(perform, ticket);
    expect([adopted.kind, adopted.phase, jobs.status().async?.owner, clock.sleeping]).toEqual(['migration-out', 'begin3', 'remoteDispatchDomainMigratePerform3', 0]);
    await expect(jobs.adopt(call('MigrateConfirm3'), ticket)).rejects.toThrow("domain 'sample' is not being migrated");
    const again = await adopted.park({ owner: 'connection 7', deadlineMs: 60_000, onExpired: async () => {} });
    await expect(jobs.adopt(call('MigrateConfirm3'), ticket)).rejects.toThrow('is not being migrated'); // an old ticket
    await expect(jobs.adopt(call('MigrateConfirm3'), { kind: 'migration-out', owner: 'connection 8' })).rejects.toThrow('is not being migrated');
    await expect(jobs.adopt(call('MigrateFinish3'), { kind: 'migration-in', owner: 'connection 7' })).rejects.toThrow('is not processing incoming migration');
    const last = await jobs.adopt(call('MigrateConfirm3'), { kind: 'migration-out', owner: 'connection 7' });
    await last[Symbol.asyncDispose]();
    again.expire();
    clock.advance(60_000);
    await settled();
    expect([jobs.status().async, perform.holds.size, expired]).toEqual([null, 0, []]);
  });

  test('cannot be used by who parked it, and disposing the old handle ends nothing', async () => {
    const { jobs, job } = await parkedMigration();
    const uses: (() => unknown)[] = [
      () => job.setMask([]),
      () => job.setPhase('perform3'),
      () => job.nest(async () => {}),
      () => job.report({}),
      () => job.conclude(),
      () => job.setAbortPolicy('allowed'),
      () => job.requestAbort(noDomain),
      () => job.park({ owner: 'connection 8', deadlineMs: 1, onExpired: async () => {} }),
    ];
    for (const use of uses) await expect((async () => await use())()).rejects.toThrow('a job handle was used after its job ended');
    await job[Symbol.asyncDispose]();
    expect(jobs.status().async?.parkedUntilWallMs).not.toBeNull();
  });

  test('is not parked before what is in flight under its handle has ended', async () => {
    const { jobs } = makeJobs();
    const job = await jobs.beginAsync(call('MigrateBegin3'), 'migration-out');
    let leave!: () => void;
    const nested = job.nest(() => new Promise<void>((resolve) => (leave = resolve)));
    await settled();
    const parking = job.park({ owner: 'connection 7', deadlineMs: 1000, onExpired: async () => {} });
    expect([await outcome(parking), jobs.status().async?.parkedUntilWallMs]).toEqual(['waits', null]);
    leave();
    await nested;
    await (await jobs.adopt(call('MigratePerform3'), await parking))[Symbol.asyncDispose]();
  });

  test('expires at its deadline, when its owner leaves, or when the domain goes: its cleaning up runs once, holds the job, and the job ends', async () => {
    for (const end of ['deadline', 'owner', 'close'] as const) {
      let finish!: () => void;
      const cleaning = new Promise<void>((resolve) => (finish = resolve));
      const runs: string[] = [];
      const onExpired = async (job: AsyncJob<'migration-out'>, cleaner: Call): Promise<void> => {
        runs.push(`${cleaner.owner} in ${job.phase}`);
        await cleaning;
      };
      const { jobs, clock, ticket } = await parkedMigration({ onExpired });
      if (end === 'deadline') clock.advance(60_000);
      else if (end === 'owner') ticket.expire();
      else jobs.close(noDomain);
      await settled();
      expect(jobs.status().async).toMatchObject({ owner: 'connection 7', client: 'driver', parkedUntilWallMs: null });
      await expect(jobs.adopt(call('MigratePerform3'), ticket)).rejects.toThrow(end === 'close' ? 'no domain' : 'is not being migrated');
      ticket.expire();
      clock.advance(60_000);
      finish();
      await settled();
      expect([runs, jobs.status().async, clock.sleeping]).toEqual([['connection 7 in begin3'], null, 0]);
    }
  });

  test('expires at once if the domain went away while its handle waited to be parked', async () => {
    const { jobs } = makeJobs();
    const job = await jobs.beginAsync(call('MigrateBegin3'), 'migration-out');
    let leave!: () => void;
    const nested = job.nest(() => new Promise<void>((resolve) => (leave = resolve)));
    await settled();
    let expired = 0;
    const parking = job.park({ owner: 'connection 7', deadlineMs: 1000, onExpired: async () => void (expired += 1) });
    jobs.close(noDomain);
    leave();
    await Promise.all([nested, parking]);
    await settled();
    expect([expired, jobs.status().async]).toEqual([1, null]);
  });

  test('ends also if its cleaning up throws, which is logged', async () => {
    const lines: string[] = [];
    const log = createLog((line) => lines.push(line), () => 0);
    const { jobs } = makeJobs();
    const job = await jobs.beginAsync(new Call({ owner: 'remoteDispatchDomainMigrateBegin3', client: 'window 1', log }), 'migration-out');
    const ticket = await job.park({ owner: 'connection 7', deadlineMs: 1000, onExpired: () => Promise.reject(new Error('no such port')) });
    ticket.expire();
    await settled();
    expect([jobs.status().async, lines]).toEqual([null, ['1970-01-01T00:00:00.000Z error cleaning up after a parked job failed owner=connection 7 error=internal error: no such port']]);
  });

  test('is refused on a domain that is gone, and the handle still holds the job', async () => {
    const { jobs } = makeJobs();
    await using job = await jobs.beginAsync(call('MigrateBegin3'), 'migration-out');
    jobs.close(noDomain);
    await expect(job.park({ owner: 'connection 7', deadlineMs: 1000, onExpired: async () => {} })).rejects.toThrow('no domain');
    expect(jobs.status().async?.owner).toBe('remoteDispatchDomainMigrateBegin3');
  });
});

describe('a request to abort', () => {
  test('is refused in libvirt’s words where nothing runs, or what runs cannot be aborted, at once', async () => {
    const { jobs } = makeJobs();
    const refusal = async (): Promise<string> => await jobs.abort(call('AbortJob')).then(() => 'taken', (error: VireoError) => `${error.code}: ${error.message}`);
    const said: Record<string, string> = { none: await refusal() };
    for (const kind of asyncKinds) {
      await using job = await jobs.beginAsync(call('Long'), kind);
      said[kind] = await refusal();
      job.setAbortPolicy({ refused: 'cannot abort memory-only dump' });
      if (kind === 'dump') said['memory-only dump'] = await refusal();
    }
    const invalid = 'OPERATION_INVALID: Requested operation is not valid: ';
    expect(said).toEqual({
      none: `${invalid}no job is active on the domain`,
      start: `${invalid}cannot abort VM start; use virDomainDestroy instead`,
      save: 'taken',
      dump: 'taken',
      'memory-only dump': `${invalid}cannot abort memory-only dump`,
      snapshot: 'taken',
      backup: 'taken',
      'migration-out': 'taken',
      'migration-in': `${invalid}cannot abort incoming migration; use virDomainDestroy instead`,
    });
  });

  test('waits its turn as a synchronous job where the mask admits it, and then looks again', async () => {
    const { jobs } = makeJobs();
    const save = await jobs.beginAsync(call('Save'), 'save');
    const query = await jobs.begin(call('GetInfo'), 'query');
    const [late, tooLate] = [jobs.abort(call('AbortJob')), jobs.abort(call('AbortJob'))];
    expect([await outcome(late), save.abortRequested.aborted]).toEqual(['waits', false]);
    save.setAbortPolicy({ refused: 'cannot abort migration in post-copy mode' });
    await query[Symbol.asyncDispose]();
    await expect(late).rejects.toThrow('cannot abort migration in post-copy mode');
    await expect(tooLate).rejects.toThrow('cannot abort migration in post-copy mode');
    save.setAbortPolicy('allowed');
    const holder = await jobs.begin(call('GetInfo'), 'query');
    const forSave = jobs.abort(call('AbortJob'));
    await save[Symbol.asyncDispose]();
    const dumping = jobs.beginAsync(call('CoreDump'), 'dump');
    await holder[Symbol.asyncDispose]();
    await expect(forSave).rejects.toThrow('no job is active on the domain');
    await using dump = await dumping;
    expect(dump.abortRequested.aborted).toBe(false);
  });

  test('is remembered where the mask bars it, and on a parked job: the next phase begins with it', async () => {
    const { jobs, ticket, saved } = await parkedMigration();
    await jobs.abort(call('AbortJob'));
    expect([jobs.status().async?.abortRequested, saved.at(-1)?.async?.abortRequested]).toEqual([true, true]);
    await using perform = await jobs.adopt(call('MigratePerform3'), ticket);
    expect(() => perform.abortRequested.throwIfAborted()).toThrow('operation aborted: migration out job: canceled by client');
    const other = makeJobs().jobs;
    await using snapshot = await other.beginAsync(call('SnapshotCreateXML'), 'snapshot');
    await using _ = await other.begin(call('Destroy'), 'destroy');
    await other.abort(call('AbortJob'));
    expect(snapshot.abortRequested.aborted).toBe(true);
  });

  test('is heard though it cannot be saved: a full disk is a reason to abort', async () => {
    let full = false;
    const { jobs } = makeJobs({
      persist: async () => {
        if (full) throw new VireoError('SYSTEM_ERROR', 'no space left on device');
      },
    });
    await using save = await jobs.beginAsync(call('Save'), 'save');
    full = true;
    await jobs.abort(call('AbortJob'));
    expect(save.abortRequested.aborted).toBe(true);
    full = false;
  });
});

describe('after a restart', () => {
  const found: JobRecord = { async: { kind: 'migration-out', phase: 'perform3_done', owner: 'remoteDispatchDomainMigratePerform3', sinceWallMs: 0, parkedFor: 'connection 7', abortRequested: true }, destroy: true };
  const reconnect = new Call({ owner: 'processReconnect', client: 'driver' });

  test('the job that was under way is there before anybody can begin, held by the recoverer, as old as it is', async () => {
    const { jobs, clock } = makeJobs();
    const begun = clock.wallTime() - 90_000;
    const record = { ...found, async: found.async && { ...found.async, sinceWallMs: begun } };
    const restored = jobs.restore(reconnect, record);
    expect(jobs.record()).toEqual(record);
    expect([restored.parkedFor, restored.destroy, restored.job?.phase, restored.job?.abortRequested.aborted]).toEqual(['connection 7', true, 'perform3_done', true]);
    expect(jobs.status().async).toMatchObject({ owner: 'restored', sinceMs: clock.now() - 90_000, sinceWallMs: begun });
    expect(jobs.statistics().current?.elapsedMs).toBe(90_000);
    const query = jobs.begin(call('GetInfo'), 'query');
    expect(await outcome(query)).toBe('waits'); // the monitor is not connected yet
    restored.job?.setMask(restoredMasks['migration-out']);
    await (await query)[Symbol.asyncDispose]();
    await restored.job?.[Symbol.asyncDispose]();
    expect([jobs.status().async, reconnect.holds.size]).toEqual([null, 0]);
  });

  test('a third party still finds the job that was left to it', async () => {
    const { jobs, saved } = makeJobs();
    const { job, parkedFor } = jobs.restore(reconnect, found);
    expect(job?.kind === 'migration-out' && parkedFor).toBe('connection 7');
    await job?.setPhase('perform3_done');
    expect(saved.at(-1)?.async?.parkedFor).toBe('connection 7'); // in case this driver dies too
    await (job as AsyncJob<'migration-out'>).park({ owner: parkedFor ?? '', deadlineMs: 1000, onExpired: async () => {} });
    await using confirm = await jobs.adopt(call('MigrateConfirm3'), { kind: 'migration-out', owner: 'connection 7' });
    expect(confirm.phase).toBe('perform3_done');
  });

  test('a destroy that was under way stays on disk until a destroy has been done', async () => {
    const { jobs, saved } = makeJobs();
    const { job } = jobs.restore(reconnect, { async: null, destroy: true });
    expect(job).toBeNull();
    await (await jobs.beginAsync(call('Save'), 'save'))[Symbol.asyncDispose]();
    await (await jobs.begin(reconnect, 'destroy'))[Symbol.asyncDispose]();
    expect(saved.map(({ destroy }) => destroy)).toEqual([true, true, true, false]);
  });

  test('comes first: nothing is restored under a job that somebody has begun', async () => {
    const { jobs } = makeJobs();
    await using _ = await jobs.begin(call('GetInfo'), 'query');
    expect(() => jobs.restore(reconnect, found)).toThrow('jobs are restored before anybody begins one');
  });

  test('the masks are those of the beginning, but suspend does not run beside a migration', () => {
    expect(restoredMasks).toEqual({ ...initialMasks, 'migration-out': ['query', 'abort', 'migration-op', 'modify-migration-safe'] });
  });
});

describe('statistics', () => {
  test('grow with each report, keep what was known, and age by the monotonic clock', async () => {
    const { jobs, clock } = makeJobs();
    await using job = await jobs.beginAsync(call('MigratePerform3'), 'migration-out');
    let heard = 0;
    jobs.progress.on(() => (heard += 1));
    const before = jobs.statistics().current;
    job.report({ remainingMs: 9000, memory: { totalBytes: 1024, remainingBytes: 1000 } });
    clock.advance(1500);
    job.report({ memory: { remainingBytes: 24 }, disk: { totalBytes: 10 } });
    expect(heard).toBe(2);
    expect(before).toMatchObject({ type: 'unbounded', operation: 'migration out', elapsedMs: 0, memory: { totalBytes: null }, success: null });
    expect(jobs.statistics()).toMatchObject({
      current: { type: 'bounded', elapsedMs: 1500, remainingMs: 9000, memory: { totalBytes: 1024, remainingBytes: 24, iteration: null }, disk: { totalBytes: 10 } },
      completed: null,
    });
  });

  test('of the last job that said anything stay readable, with how it ended', async () => {
    const { jobs, clock } = makeJobs();
    const ended = async (work: (job: AsyncJob<'save'>) => void): Promise<unknown> => {
      const job = await jobs.beginAsync(call('Save'), 'save');
      work(job);
      clock.advance(200);
      await job[Symbol.asyncDispose]();
      const { type, success, errorMessage, elapsedMs } = jobs.statistics().completed ?? {};
      return [type, success, errorMessage, elapsedMs, jobs.statistics().current];
    };
    expect(await ended((job) => job.conclude())).toEqual(['completed', true, null, 0, null]);
    expect(await ended((job) => job.conclude(new VireoError('OPERATION_FAILED', 'no space left')))).toEqual(['failed', false, 'operation failed: no space left', 0, null]);
    expect(await ended((job) => job.report({}))).toEqual(['failed', false, 'operation failed: save job ended without a result', 200, null]);
    const canceled = ['cancelled', false, 'operation aborted: save job: canceled by client', 200, null];
    expect(await ended((job) => (job.report({}), job.requestAbort(noDomain)))).toEqual(canceled);
    await (await jobs.beginAsync(call('Create'), 'start'))[Symbol.asyncDispose]();
    expect(jobs.statistics().completed?.type).toBe('cancelled'); // a start says nothing, and hides nothing
  });
});

test('a refusal names the domain', async () => {
  const { jobs } = makeJobs();
  await expect(jobs.abort(call('AbortJob'))).rejects.toMatchObject({ domain });
});
