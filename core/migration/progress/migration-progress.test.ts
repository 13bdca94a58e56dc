/** What people are shown of a migration, on virtual time: figures in, percentages, verdicts, levers and tellings out. */
import { describe, expect, it } from 'vitest';
import { VireoError } from '../../base/errors.ts';
import type { MigrationGlance } from '../../domain/migration-glance.ts';
import { VirtualClock, settled } from '../../../test/support/virtual-clock.ts';
import { MigrationViews } from '../migration-views.ts';
import type { MigrationProgress } from './migration-progress.ts';

const mib = 1 << 20;

class Subject {
  readonly uuid = 'c7a5fdbd-edaf-9455-926a-d65c16db1809';
  readonly name = 'db-1';
  migration: MigrationGlance | null = null;
  job: { phase: string; abortRequested: boolean } | null = { phase: 'perform3', abortRequested: false };
  told = 0;

  longJob(): Subject['job'] {
    return this.job;
  }

  changed(): void {
    this.told += 1;
  }
}

function begin(side: 'source' | 'destination' = 'source'): { clock: VirtualClock; subject: Subject; views: MigrationViews; progress: MigrationProgress } {
  const clock = new VirtualClock();
  const subject = new Subject();
  const views = new MigrationViews();
  return { clock, subject, views, progress: views.begin(subject, { clock, side, peer: 'rack-2' }) };
}

interface Guest {
  readonly totalMiB: number;
  readonly dirtyMiBps: number;
  /** What the guest changes over and over: no pass has more to copy. */
  readonly workingSetMiB?: number;
}

/** Copies as QEMU does: in passes, each of what the last left changed; the dirty rate is told at their ends. */
function* copies({ clock, progress }: { clock: VirtualClock; progress: MigrationProgress }, guest: Guest, speed: () => number): Generator<void> {
  let [iteration, remaining, passMs, told] = [1, guest.totalMiB, 0, 0];
  for (;;) {
    progress.report({
      expectedDowntimeMs: 42,
      memory: { totalBytes: guest.totalMiB * mib, remainingBytes: remaining * mib, processedBytes: 0, speedBytesPerSecond: speed() * mib, dirtyRatePagesPerSecond: (told * mib) / 4096, pageSizeBytes: 4096, iteration },
    });
    yield;
    clock.advance(200);
    passMs += 200;
    remaining -= speed() * 0.2;
    if (remaining > 0) continue;
    const changed = Math.min((guest.dirtyMiBps * passMs) / 1000, guest.workingSetMiB ?? guest.totalMiB);
    [told, remaining, passMs, iteration] = [(changed / passMs) * 1000, changed, 0, iteration + 1];
    if (changed <= speed() * 0.3) return; // it fits into the pause
  }
}

describe('what people are shown of a migration', () => {
  it('says how long the first pass takes before it can say more, then when it will end', () => {
    const scene = begin();
    scene.progress.settings({ maxDowntimeMs: 300 });
    scene.progress.stage('memory');
    const kinds = new Set<string>();
    const copy = copies(scene, { totalMiB: 2048, dirtyMiBps: 40 }, () => 200);
    copy.next();
    expect(scene.progress.view()).toMatchObject({ activity: 'Copying memory, pass 1', verdict: { kind: 'measuring', firstPassMs: 10_240 }, phase: 'perform3' });
    for (const _ of copy) kinds.add(scene.progress.view().verdict!.kind);
    expect(scene.progress.view().verdict).toMatchObject({ kind: 'converging', expectedDowntimeMs: 42 });
    expect([...kinds]).toEqual(['measuring', 'converging']);
  });

  it('foretells the end of a copy that converges about right', () => {
    const scene = begin();
    scene.progress.stage('memory');
    let foretoldAtMs: number | null = null;
    for (const _ of copies(scene, { totalMiB: 1024, dirtyMiBps: 60 }, () => 100)) {
      const { verdict, iteration } = scene.progress.view();
      if (iteration === 3 && verdict?.kind === 'converging') foretoldAtMs ??= scene.clock.now() + verdict.remainingMs;
    }
    expect(foretoldAtMs).not.toBeNull();
    expect(Math.abs(foretoldAtMs! - scene.clock.now())).toBeLessThan(2_000);
  });

  it('says that it will not end when the guest changes more than the link carries, with both figures', () => {
    const scene = begin();
    scene.progress.settings({ maxDowntimeMs: 300 });
    scene.progress.stage('memory');
    const copy = copies(scene, { totalMiB: 512, dirtyMiBps: 300, workingSetMiB: 256 }, () => 100);
    for (let look = 0; look < 100; look += 1) copy.next();
    expect(scene.progress.view().verdict).toMatchObject({ kind: 'not converging', speedBytesPerSecond: 100 * mib });
  });

  it('does not call hopeless what fits into the pause, however fast the guest changes it', () => {
    const scene = begin();
    scene.progress.settings({ maxDowntimeMs: 300 });
    scene.progress.stage('memory');
    const copy = copies(scene, { totalMiB: 512, dirtyMiBps: 1_000, workingSetMiB: 20 }, () => 100);
    for (const _ of copy) expect(scene.progress.view().verdict!.kind).not.toBe('not converging');
  });

  it('takes the verdict back soon after the link was given more, and never flickers', () => {
    const scene = begin();
    let speed = 50;
    scene.progress.settings({ maxDowntimeMs: 300, bandwidthMiBps: 50 });
    scene.progress.stage('memory');
    const copy = copies(scene, { totalMiB: 256, dirtyMiBps: 80 }, () => speed);
    const kinds: string[] = [];
    const look = (): void => {
      const { kind } = scene.progress.view().verdict!;
      if (kinds.at(-1) !== kind) kinds.push(kind);
    };
    for (let index = 0; index < 120; index += 1) {
      copy.next();
      look();
    }
    speed = 400;
    scene.progress.settings({ bandwidthMiBps: 400 });
    for (const _ of copy) look();
    expect(kinds.filter((kind, index) => kind === 'not converging' && kinds.indexOf(kind) !== index)).toEqual([]);
    expect(kinds.at(-1)).toBe('converging');
  });

  it('never runs backwards, though what remains does at each pass', () => {
    const scene = begin();
    scene.progress.planDisk('vda', 1024 * mib);
    scene.progress.stage('disks');
    const percents: number[] = [];
    for (let copied = 0; copied <= 1024; copied += 64) {
      // A guest that writes makes the copy longer.
      scene.progress.disk('vda', { state: copied < 1024 ? 'copying' : 'mirroring', totalBytes: (1024 + copied / 2) * mib, processedBytes: copied * mib });
      percents.push(scene.progress.view().percent!);
      scene.clock.advance(500);
    }
    scene.progress.stage('memory');
    for (const _ of copies(scene, { totalMiB: 512, dirtyMiBps: 60 }, () => 100)) percents.push(scene.progress.view().percent!);
    expect(percents).toEqual([...percents].sort((a, b) => a - b));
    expect(percents.at(-1)).toBeLessThan(100);
    scene.progress.end({ outcome: 'completed', downtimeMs: 35 });
    expect(scene.progress.view()).toMatchObject({ percent: 100, outcome: 'completed', downtimeMs: 35, verdict: null });
  });

  it('tells of a disk its bytes, its speed and what is wrong with it', () => {
    const { progress, clock } = begin();
    progress.planDisk('vda', 100 * mib);
    progress.planDisk('vdb', 50 * mib);
    progress.stage('disks');
    for (let copied = 0; copied <= 40; copied += 10) {
      progress.disk('vda', { state: 'copying', processedBytes: copied * mib });
      clock.advance(1_000);
    }
    const [vda, vdb] = progress.view().disks;
    expect(vda).toMatchObject({ target: 'vda', percent: 40, speedBytesPerSecond: 10 * mib });
    expect(vdb).toMatchObject({ state: 'waiting', totalBytes: 50 * mib });
    expect(progress.view().verdict).toEqual({ kind: 'copying disks', remainingMs: 11_000 });
    progress.disk('vdb', { state: 'failed', error: 'No space left on device' });
    expect(progress.view().disks[1]).toMatchObject({ state: 'failed', error: 'No space left on device' });
  });

  it('keeps the whole curve of a migration that lasts a day, in a bounded number of points, passes marked', () => {
    const { progress, clock } = begin();
    progress.stage('memory');
    for (let minute = 0; minute < 24 * 60; minute += 1) {
      progress.report({ memory: { totalBytes: 100 * mib, remainingBytes: (minute % 60) * mib, iteration: 1 + Math.floor(minute / 60) } });
      clock.advance(60_000);
    }
    const { samples } = progress.view();
    expect(samples.length).toBeLessThanOrEqual(300);
    expect(samples[0]?.atMs).toBe(0);
    expect(samples.at(-1)?.atMs).toBe((24 * 60 - 1) * 60_000);
    expect(new Set(samples.map(({ iteration }) => iteration)).size).toBe(24);
    expect(samples.map(({ atMs }) => atMs)).toEqual(samples.map(({ atMs }) => atMs).sort((a, b) => a - b));
  });

  it('stays bounded where every look is a pass of its own', () => {
    const { progress, clock } = begin();
    for (let pass = 1; pass < 5_000; pass += 1) {
      progress.report({ memory: { totalBytes: mib, remainingBytes: 1, iteration: pass } });
      clock.advance(100);
    }
    expect(progress.view().samples.length).toBeLessThanOrEqual(300);
  });

  it('tells at most four times a second while figures stream in, and the last of them', async () => {
    const { progress, clock, subject } = begin();
    subject.told = 0;
    for (let look = 0; look < 100; look += 1) {
      progress.report({ memory: { totalBytes: 100 * mib, remainingBytes: (100 - look) * mib, iteration: 1 } });
      clock.advance(20);
      await settled();
    }
    expect(subject.told).toBeGreaterThanOrEqual(4);
    expect(subject.told).toBeLessThanOrEqual(9);
    clock.advance(250);
    await settled();
    expect(subject.migration?.percent).toBe(89);
    expect(clock.sleeping).toBe(0);
  });

  it('says of each lever why it cannot be used', () => {
    const { progress, subject } = begin();
    expect(progress.view().levers).toMatchObject({ postcopy: { available: false, reason: 'The copy has not begun' }, cancel: { available: true, reason: null } });
    progress.refuse({ postcopy: 'It was begun without post-copy' });
    progress.stage('memory');
    expect(progress.view().levers).toMatchObject({ autoConverge: { available: true }, postcopy: { available: false, reason: 'It was begun without post-copy' }, suspend: { available: true } });
    progress.stage('post-copy');
    expect(progress.view().levers.cancel.available).toBe(false);
    progress.stage('memory');
    subject.job!.abortRequested = true;
    expect(progress.view()).toMatchObject({ activity: 'Cancelling', levers: { cancel: { available: false, reason: 'It is being cancelled' } } });
  });

  it('leaves the levers of one that comes in to the host that leads', () => {
    const { progress } = begin('destination');
    expect(progress.view()).toMatchObject({ activity: 'Receiving', verdict: { kind: 'receiving' }, percent: null, levers: { cancel: { available: false, reason: 'The other host leads: it is done there' } } });
  });

  it('says how it ended once, and hears nothing afterwards', () => {
    const { progress, subject } = begin();
    progress.end({ error: new VireoError('OPERATION_ABORTED', 'migration out job: canceled by client') });
    progress.end({ outcome: 'completed' });
    progress.report({ memory: { totalBytes: mib, remainingBytes: 0, iteration: 1 } });
    expect(progress.view()).toMatchObject({ outcome: 'cancelled', activity: 'Cancelled', memoryTotalBytes: null });
    expect(subject.migration).toMatchObject({ outcome: 'cancelled' });
  });
});

describe('the migrations of a host', () => {
  it('are kept by domain, one that runs is found by its later parts, and few of those that ended are kept', () => {
    const views = new MigrationViews();
    const clock = new VirtualClock();
    for (let index = 0; index < 100; index += 1) {
      const progress = views.begin(Object.assign(new Subject(), { uuid: `domain ${index}` }), { clock, side: 'source' });
      expect(views.running(`domain ${index}`)).toBe(progress);
      if (index !== 0) progress.end({ outcome: 'completed' });
    }
    expect(views.list().length).toBeLessThanOrEqual(66);
    expect(views.running('domain 0')).not.toBeNull();
    expect(views.of('domain 1')).toBeNull();
    views.forget('domain 0');
    views.forget('domain 99');
    expect(views.of('domain 0')).not.toBeNull();
    expect(views.of('domain 99')).toBeNull();
  });
});
