/** The rules of docs/JOBS.md, one claim each. Interleavings are the simulation's part (simulation.test.ts). */
import { getEventListeners } from 'node:events';
import { describe, expect, test } from 'vitest';
import { fakeRun } from '../../test/support/fake-run.ts';
import { call, domain, makeJobs, outcome } from '../../test/support/job-bench.ts';
import { settled } from '../../test/support/virtual-clock.ts';
import { VireoError } from '../base/errors.ts';
import { createLog } from '../base/log.ts';
import { Call } from './call.ts';
import type { JobRecord } from './domain-jobs.ts';
import { type AsyncKind, type SyncKind, asyncKinds, initialMasks, syncKinds } from './kinds.ts';

describe('who is let in', () => {
  test.each(asyncKinds)('while a %s job runs, exactly its mask and destroy are let in', async (kind) => {
    const admitted: SyncKind[] = [];
    for (const each of syncKinds) {
      const { jobs } = makeJobs();
      await using _ = await jobs.beginAsync(call('Long'), kind);
      const begun = jobs.begin(call('Short'), each);
      if ((await outcome(begun)) !== 'done') {
        jobs.close(new VireoError('NO_DOMAIN', 'no domain'));
        await expect(begun).rejects.toThrow('no domain');
        continue;
      }
      admitted.push(each);
      await (await begun)[Symbol.asyncDispose]();
    }
    expect(new Set(admitted)).toEqual(new Set<SyncKind>([...initialMasks[kind], 'destroy']));
  });

  test('the masks are those of libvirt 11.3', () => {
    expect(initialMasks).toEqual({
      start: [],
      save: ['query', 'abort'],
      dump: ['query', 'abort'],
      snapshot: [],
      backup: ['query', 'abort', 'suspend', 'modify'],
      'migration-out': ['query', 'abort', 'suspend', 'migration-op', 'modify-migration-safe'],
      'migration-in': ['modify-migration-safe'],
    } satisfies Record<AsyncKind, SyncKind[]>);
  });

  test('waiters are served first come, first served, and one that the mask bars holds nobody up', async () => {
    const { jobs } = makeJobs();
    const order: string[] = [];
    const save = await jobs.beginAsync(call('Save'), 'save');
    const first = await jobs.begin(call('First'), 'query');
    const work = [['modify', 'barred'], ['query', 'second'], ['query', 'third']] as const;
    const all = work.map(async ([kind, name]) => {
      await using _ = await jobs.begin(call(name), kind);
      order.push(name);
    });
    await first[Symbol.asyncDispose]();
    await settled();
    expect(order).toEqual(['second', 'third']);
    await save[Symbol.asyncDispose]();
    await Promise.all(all);
    expect(order).toEqual(['second', 'third', 'barred']);
  });

  test('a wider mask wakes who waited for it, and destroy cannot be masked out', async () => {
    const { jobs } = makeJobs();
    await using migration = await jobs.beginAsync(call('MigratePerform3'), 'migration-out');
    const modify = jobs.begin(call('AttachDevice'), 'modify');
    expect(await outcome(modify)).toBe('waits');
    migration.setMask(['modify']);
    expect(await outcome(modify)).toBe('done');
    await (await modify)[Symbol.asyncDispose]();
    migration.setMask([]);
    await using destroy = await jobs.begin(call('Destroy'), 'destroy');
    expect(destroy.kind).toBe('destroy');
  });

  test('an agent job runs beside a synchronous and an asynchronous one, but not beside another agent job', async () => {
    const { jobs } = makeJobs();
    await using _save = await jobs.beginAsync(call('Save'), 'save');
    await using _query = await jobs.begin(call('GetInfo'), 'query');
    const agent = await jobs.beginAgent(call('FSFreeze'), 'modify');
    const second = jobs.beginAgent(call('GetTime'), 'query');
    expect(await outcome(second)).toBe('waits');
    await agent[Symbol.asyncDispose]();
    await (await second)[Symbol.asyncDispose]();
  });

  test('a second job of one call is refused at once, held or still waited for', async () => {
    const { jobs } = makeJobs();
    const outer = call('SetMemory');
    const job = await jobs.begin(outer, 'modify');
    const refusal = /remoteDispatchDomain\w+ asks for a second job on a domain while it holds one/;
    await expect(jobs.begin(outer, 'query')).rejects.toThrow(refusal);
    await expect(jobs.beginAsync(outer, 'save')).rejects.toThrow(refusal);
    await expect(jobs.beginAgent(outer, 'query')).rejects.toThrow(refusal);
    const waiting = call('Suspend');
    const first = jobs.begin(waiting, 'suspend');
    await expect(jobs.begin(waiting, 'query')).rejects.toThrow(refusal);
    await job[Symbol.asyncDispose]();
    await (await first)[Symbol.asyncDispose]();
    await (await jobs.begin(waiting, 'query'))[Symbol.asyncDispose]();
  });
});

describe('waiting', () => {
  test('ends after 30 s with the holder in libvirt’s words', async () => {
    const { jobs, clock } = makeJobs();
    await using _ = await jobs.begin(call('Suspend'), 'suspend');
    const waiting = jobs.begin(call('SetVcpus'), 'modify');
    clock.advance(29_999);
    expect(await outcome(waiting)).toBe('waits');
    clock.advance(1);
    const error = await waiting.catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(VireoError);
    expect((error as VireoError).toRecord()).toEqual({
      code: 'OPERATION_TIMEOUT',
      message: 'Timed out during operation: cannot acquire state change lock (held by monitor=remoteDispatchDomainSuspend)',
      domain,
      details: {
        wanted: 'modify',
        holders: [{ slot: 'sync', kind: 'suspend', owner: 'remoteDispatchDomainSuspend', client: 'window 1', sinceWallMs: clock.wallTime() - 30_000, ageMs: 30_000 }],
        waiting: 1,
      },
    });
  });

  test('for the agent names the agent’s holder, whoever holds the monitor', async () => {
    const { jobs, clock } = makeJobs();
    await using _query = await jobs.begin(call('GetInfo'), 'query');
    await using _agent = await jobs.beginAgent(call('FSFreeze'), 'modify');
    const waiting = jobs.beginAgent(call('GetTime'), 'query');
    clock.advance(30_000);
    await expect(waiting).rejects.toThrow('Timed out during operation: cannot acquire state change lock (held by agent=remoteDispatchDomainFSFreeze)');
  });

  test('for what the mask bars names the asynchronous job, though a query runs beside it', async () => {
    const { jobs, clock } = makeJobs();
    await using _save = await jobs.beginAsync(call('ManagedSave'), 'save');
    await using _query = await jobs.begin(call('GetInfo'), 'query');
    const waiting = jobs.begin(call('AttachDevice'), 'modify');
    clock.advance(30_000);
    await expect(waiting).rejects.toThrow('(held by monitor=remoteDispatchDomainManagedSave)');
  });

  test('ends with the caller’s reason when the caller gives up, and leaves nothing behind', async () => {
    const { jobs, clock } = makeJobs();
    const giveUp = new AbortController();
    const holder = await jobs.begin(call('Suspend'), 'suspend');
    const waiting = jobs.begin(call('Resume', giveUp.signal), 'suspend');
    giveUp.abort(new VireoError('OPERATION_ABORTED', 'cancelled'));
    await expect(waiting).rejects.toThrow('operation aborted: cancelled');
    await expect(jobs.begin(call('Resume', giveUp.signal), 'suspend')).rejects.toThrow('operation aborted: cancelled');
    await holder[Symbol.asyncDispose]();
    expect({ ...jobs.status(), timers: clock.sleeping }).toEqual({ sync: null, async: null, agent: null, waiting: 0, timers: 0 });
  });

  test('leaves no listener and no timer, granted or not', async () => {
    const { jobs, clock } = makeJobs();
    const { signal } = new AbortController();
    const holder = await jobs.begin(call('Suspend'), 'suspend');
    const granted = jobs.begin(call('Resume', signal), 'suspend');
    const late = jobs.begin(call('GetInfo', signal), 'query');
    clock.advance(10_000);
    await holder[Symbol.asyncDispose]();
    const job = await granted;
    clock.advance(20_000);
    await expect(late).rejects.toThrow('held by monitor=remoteDispatchDomainResume');
    await job[Symbol.asyncDispose]();
    expect([getEventListeners(signal, 'abort').length, clock.sleeping]).toEqual([0, 0]);
  });

  test('past maxQueued is refused by name; asynchronous, nested and destroy jobs never are and never count', async () => {
    const { jobs } = makeJobs({ maxQueued: 1 });
    await using save = await jobs.beginAsync(call('Save'), 'save');
    const query = await jobs.begin(call('GetInfo'), 'query');
    const refused = await jobs.begin(call('GetState'), 'query').catch((thrown: unknown) => thrown);
    expect(refused).toMatchObject({
      code: 'OPERATION_FAILED',
      message: 'operation failed: cannot acquire state change lock (held by monitor=remoteDispatchDomainGetInfo) due to max_queued limit',
    });
    const exempt = [jobs.begin(call('Destroy'), 'destroy'), save.nest(async () => {}), jobs.beginAsync(call('Dump'), 'dump')];
    expect(await Promise.all(exempt.map(outcome))).toEqual(['waits', 'waits', 'waits']);
    await query[Symbol.asyncDispose]();
    await ((await exempt[0]) as AsyncDisposable)[Symbol.asyncDispose]();
    await exempt[1];
    await save[Symbol.asyncDispose]();
    await ((await exempt[2]) as AsyncDisposable)[Symbol.asyncDispose]();
  });

  test('close() sends everybody away, now and later; who holds a job ends it normally', async () => {
    const { jobs } = makeJobs();
    const holder = await jobs.begin(call('Destroy'), 'destroy');
    const waiting = jobs.begin(call('GetInfo'), 'query');
    jobs.close(new VireoError('NO_DOMAIN', 'no domain with matching name ’sample’'));
    await expect(waiting).rejects.toMatchObject({ code: 'NO_DOMAIN' });
    await expect(jobs.beginAsync(call('Create'), 'start')).rejects.toMatchObject({ code: 'NO_DOMAIN' });
    await holder[Symbol.asyncDispose]();
    expect(jobs.status()).toEqual({ sync: null, async: null, agent: null, waiting: 0 });
  });
});

describe('what is on disk', () => {
  test('asynchronous jobs with their phases and destroy are saved; a query is not', async () => {
    const { jobs, saved, clock } = makeJobs();
    const asyncRecord = (phase: string): JobRecord['async'] => ({ kind: 'migration-out', phase, owner: 'remoteDispatchDomainMigratePerform3', sinceWallMs: clock.wallTime(), parkedFor: null, abortRequested: false });
    const migration = await jobs.beginAsync(call('MigratePerform3'), 'migration-out');
    await migration.setPhase('perform3');
    await (await jobs.begin(call('GetInfo'), 'query'))[Symbol.asyncDispose]();
    await (await jobs.begin(call('Destroy'), 'destroy'))[Symbol.asyncDispose]();
    await migration[Symbol.asyncDispose]();
    expect(saved).toEqual([
      { async: asyncRecord('none'), destroy: false },
      { async: asyncRecord('perform3'), destroy: false },
      { async: asyncRecord('perform3'), destroy: true },
      { async: asyncRecord('perform3'), destroy: false },
      { async: null, destroy: false },
    ]);
  });

  test('a begin that cannot be saved fails, frees the slot and takes back what may have been written', async () => {
    const saved: JobRecord[] = [];
    const { jobs } = makeJobs({
      persist: async (record) => {
        saved.push(record);
        if (saved.length === 1) throw new VireoError('SYSTEM_ERROR', 'no space left on device');
      },
    });
    const save = call('Save');
    await expect(jobs.beginAsync(save, 'save')).rejects.toThrow('no space left on device');
    expect([jobs.status().async, save.holds.size, saved.at(-1)]).toEqual([null, 0, { async: null, destroy: false }]);
    await (await jobs.beginAsync(save, 'save'))[Symbol.asyncDispose]();
  });

  test('a destroy goes on although its begin cannot be saved', async () => {
    const lines: string[] = [];
    const { jobs } = makeJobs({ persist: () => Promise.reject(new VireoError('SYSTEM_ERROR', 'no space left on device')) });
    const log = createLog((line) => lines.push(line), () => 0);
    await using job = await jobs.begin(new Call({ owner: 'remoteDispatchDomainDestroy', client: 'test', log }), 'destroy');
    expect(job.kind).toBe('destroy');
    expect(lines).toEqual(['1970-01-01T00:00:00.000Z error the begin of a destroy could not be saved error=no space left on device']);
  });

  test('an end that cannot be saved is logged and frees the slot all the same', async () => {
    const lines: string[] = [];
    let full = false;
    const { jobs } = makeJobs({
      persist: async () => {
        if (full) throw new VireoError('SYSTEM_ERROR', 'no space left on device');
      },
    });
    const log = createLog((line) => lines.push(line), () => 0);
    const job = await jobs.begin(new Call({ owner: 'remoteDispatchDomainDestroy', client: 'test', log }), 'destroy');
    full = true;
    await job[Symbol.asyncDispose]();
    expect(jobs.status().sync).toBeNull();
    expect(lines).toEqual(['1970-01-01T00:00:00.000Z error the end of a job could not be saved error=no space left on device']);
  });

  test('two jobs that end at one time leave neither on disk', async () => {
    const writes: (() => void)[] = [];
    let disk: JobRecord | null = null;
    const { jobs } = makeJobs({ persist: (record) => new Promise((resolve) => writes.push(() => ((disk = record), resolve()))) });
    const flush = async (): Promise<void> => {
      await settled();
      for (const write of writes.splice(0)) write();
      await settled();
    };
    const saving = jobs.beginAsync(call('Save'), 'save');
    await flush();
    const destroying = jobs.begin(call('Destroy'), 'destroy');
    await flush();
    const ends = [(await saving)[Symbol.asyncDispose](), (await destroying)[Symbol.asyncDispose]()];
    await flush();
    await Promise.all(ends);
    expect(disk).toEqual({ async: null, destroy: false });
  });

  test('a job that ends is off the disk also where the writer reads record() for itself', async () => {
    let disk: JobRecord | null = null;
    const { jobs } = makeJobs({ persist: async () => void (disk = jobs.record()) });
    const ended: (JobRecord | null)[] = [];
    for (const begin of [() => jobs.beginAsync(call('Create'), 'start'), () => jobs.begin(call('Destroy'), 'destroy')]) {
      await (await begin())[Symbol.asyncDispose]();
      ended.push(disk);
    }
    expect(ended).toEqual([{ async: null, destroy: false }, { async: null, destroy: false }]);
  });

  test('a phase that cannot be saved is not the phase', async () => {
    let full = false;
    const { jobs } = makeJobs({
      persist: async () => {
        if (full) throw new VireoError('SYSTEM_ERROR', 'no space left on device');
      },
    });
    await using migration = await jobs.beginAsync(call('MigratePerform3'), 'migration-out');
    full = true;
    await expect(migration.setPhase('perform3')).rejects.toThrow('no space left on device');
    expect(jobs.record().async?.phase).toBe('none');
    full = false;
  });
});

describe('a handle', () => {
  test('ends once, after the commands in flight, whoever asks how often', async () => {
    let answer!: () => void;
    const qemu = fakeRun(() => new Promise((resolve) => (answer = () => resolve({}))));
    const { jobs } = makeJobs({ run: () => qemu.run });
    const job = await jobs.begin(call('Suspend'), 'suspend');
    const command = job.monitor().execute('stop');
    const ends = [job[Symbol.asyncDispose](), job[Symbol.asyncDispose]()];
    await settled();
    expect(jobs.status().sync?.kind).toBe('suspend');
    const next = jobs.begin(call('Resume'), 'suspend');
    answer();
    await Promise.all([command, ...ends]);
    await using _ = await next;
    await job[Symbol.asyncDispose]();
    expect(jobs.status().sync?.owner).toBe('remoteDispatchDomainResume');
  });

  test('and the monitor it gave are of no use after its end', async () => {
    const { jobs } = makeJobs();
    const job = await jobs.begin(call('Suspend'), 'suspend');
    const monitor = job.monitor();
    await job[Symbol.asyncDispose]();
    await expect(monitor.execute('stop')).rejects.toThrow('a job handle was used after its job ended');
    expect(() => job.monitor()).toThrow('a job handle was used after its job ended');
  });

  test('fails its commands when the domain dies, and still ends normally', async () => {
    const qemu = fakeRun(() => new Promise(() => {}));
    const { jobs } = makeJobs({ run: () => qemu.run });
    const job = await jobs.begin(call('Suspend'), 'suspend');
    const monitor = job.monitor();
    const command = monitor.execute('stop');
    qemu.die();
    await expect(command).rejects.toThrow('domain is not running');
    await expect(monitor.execute('stop')).rejects.toThrow('domain is not running');
    expect(() => job.monitor()).toThrow('Requested operation is not valid: domain is not running');
    await job[Symbol.asyncDispose]();
    expect([jobs.status().sync, getEventListeners(qemu.run.died, 'abort').length]).toEqual([null, 0]);
  });

  test('of an agent job waits for the agent’s work, which ends when the domain dies', async () => {
    const { jobs, qemu } = makeJobs();
    const job = await jobs.beginAgent(call('FSFreeze'), 'modify');
    const work = job.whileAlive(() => new Promise(() => {}));
    const end = job[Symbol.asyncDispose]();
    expect(await outcome(end)).toBe('waits');
    qemu.die();
    await expect(work).rejects.toThrow('domain is not running');
    await end;
    let started = false;
    await expect(job.whileAlive(async () => void (started = true))).rejects.toThrow('after its job ended');
    expect(started).toBe(false);
  });
});

describe('a nested job', () => {
  test('asked for within a nested body of the same job fails at once; beside it, or of another domain, it waits its turn', async () => {
    const { jobs } = makeJobs();
    const other = makeJobs().jobs;
    await using save = await jobs.beginAsync(call('Save'), 'save');
    await using elsewhere = await other.beginAsync(call('Save'), 'save');
    const seen: string[] = [];
    const first = save.nest(async (monitor) => {
      await monitor.execute('stop');
      await expect(save.nest(async () => {})).rejects.toThrow('would wait for itself');
      await elsewhere.nest(async () => {
        await settled();
        await expect(save.nest(async () => {})).rejects.toThrow('would wait for itself');
      });
      seen.push('first');
    });
    await Promise.all([first, save.nest(async () => void seen.push('second'))]);
    expect(seen).toEqual(['first', 'second']);
  });

  test('takes turns with the synchronous jobs and says whether the domain is alive', async () => {
    const { jobs, qemu } = makeJobs();
    await using save = await jobs.beginAsync(call('Save'), 'save');
    const query = await jobs.begin(call('GetInfo'), 'query');
    const nested = save.nest(async (monitor) => await monitor.execute('stop'));
    expect(await outcome(nested)).toBe('waits');
    await query[Symbol.asyncDispose]();
    expect(await nested).toEqual({ value: {}, alive: true });
    expect(await save.nest(async () => qemu.die())).toEqual({ value: undefined, alive: false });
    await expect(save.nest(async () => {})).rejects.toThrow('domain is not running');
    expect(jobs.status().sync).toBeNull();
  });

  test('is free again after a body that throws, and the body’s error is the one that is seen', async () => {
    const { jobs } = makeJobs();
    await using save = await jobs.beginAsync(call('Save'), 'save');
    await expect(save.nest(() => Promise.reject(new Error('no such file')))).rejects.toThrow('no such file');
    expect(jobs.status().sync).toBeNull();
  });

  test('still reaches QEMU after the call was cancelled: something must undo what was begun', async () => {
    const { jobs } = makeJobs();
    const giveUp = new AbortController();
    await using save = await jobs.beginAsync(call('Save', giveUp.signal), 'save');
    const query = await jobs.begin(call('GetInfo'), 'query');
    giveUp.abort(new VireoError('OPERATION_ABORTED', 'cancelled'));
    const nested = save.nest((monitor) => monitor.execute('migrate_cancel'));
    await query[Symbol.asyncDispose]();
    expect((await nested).alive).toBe(true);
  });

  test('ends before its asynchronous job does', async () => {
    let leave!: () => void;
    const { jobs } = makeJobs();
    const save = await jobs.beginAsync(call('Save'), 'save');
    const nested = save.nest(() => new Promise<void>((resolve) => (leave = resolve)));
    await settled();
    const end = save[Symbol.asyncDispose]();
    expect(await outcome(end)).toBe('waits');
    leave();
    await Promise.all([nested, end]);
    expect(jobs.status()).toMatchObject({ sync: null, async: null });
  });
});

test('a request to abort sets the signal and frees nothing', async () => {
  const { jobs } = makeJobs();
  const save = await jobs.beginAsync(call('Save'), 'save');
  save.requestAbort(new VireoError('OPERATION_ABORTED', 'asked by window 2'));
  expect([save.abortRequested.aborted, jobs.status().async?.kind]).toEqual([true, 'save']);
  await save[Symbol.asyncDispose]();
});

test('changes fire when a slot is taken, waited for and freed', async () => {
  const { jobs } = makeJobs();
  const seen: string[] = [];
  jobs.changes.on(() => {
    const { sync, waiting } = jobs.status();
    const now = `${sync?.owner.slice('remoteDispatchDomain'.length) ?? 'nobody'}, ${waiting} wait`;
    if (seen.at(-1) !== now) seen.push(now);
  });
  const first = await jobs.begin(call('Suspend'), 'suspend');
  const second = jobs.begin(call('Resume'), 'suspend');
  await first[Symbol.asyncDispose]();
  await (await second)[Symbol.asyncDispose]();
  expect(seen).toEqual(['Suspend, 0 wait', 'Suspend, 1 wait', 'Resume, 0 wait', 'nobody, 0 wait']);
});
