import { expect, test } from 'vitest';
import type { DomainEvent, DomainSummary } from '../core/domain/domain-summary.ts';
import { makeChange, makeSummary } from '../test/support/make-summary.ts';
import { noticeOf, noticesOfStatus } from './notices.ts';

const start = { kind: 'start', owner: 'remoteDispatchDomainCreate', client: 'window 1', sinceMs: 1_000, phase: null, parkedUntilMs: null, abortRequested: false };
const off = makeSummary();
const running = makeSummary({ state: 'running', reason: 'booted' });
const starting = makeSummary({ jobs: { sync: null, async: start, agent: null, waiting: 0 } });

function at(atMs: number, summary: DomainSummary, changes: Partial<DomainEvent> = {}): DomainEvent {
  return { ...makeChange(1, summary), atMs, ...changes };
}

test.each([
  ['crashed', 'panicked', 'sample crashed'],
  ['stopped', 'crashed', 'sample crashed'],
  ['suspended', 'ioerror', 'sample is paused'],
])('%s (%s) is told', (event, detail, title) => {
  expect(noticeOf(at(0, running, { type: 'lifecycle', event, detail }), running)).toMatchObject({ uuid: off.uuid, title, kind: 'trouble' });
});

test('a guest that is paused for a disk is told with the disk, and a panic once', () => {
  const full = makeSummary({ state: 'paused', reason: 'I/O error', diskErrors: [{ disk: 'vda', error: 'no space', message: 'No space left on device' }] });
  expect(noticeOf(at(0, full, { type: 'lifecycle', event: 'suspended', detail: 'ioerror' }), running)?.body).toContain('Disk vda: No space left on device.');
  expect(noticeOf(at(0, off, { type: 'lifecycle', event: 'stopped', detail: 'crashed' }), makeSummary({ state: 'crashed', reason: 'panicked' }))).toBeNull();
});

test.each([['stopped', 'shutdown'], ['stopped', 'destroyed'], ['suspended', 'paused'], ['started', 'booted']])('%s (%s) is what somebody asked for', (event, detail) => {
  expect(noticeOf(at(0, running, { type: 'lifecycle', event, detail }), running)).toBeNull();
});

test('a start is told once it ends after ten seconds, with how it ended', () => {
  expect(noticeOf(at(13_000, running), starting)).toMatchObject({ title: 'sample has started', body: 'It took 12 s.', kind: 'ended' });
  expect(noticeOf(at(13_000, off), starting)).toMatchObject({ title: 'sample was not started', kind: 'ended' });
});

test('a start that was quick, or goes on, is not told', () => {
  expect([noticeOf(at(10_999, running), starting), noticeOf(at(60_000, starting), starting), noticeOf(at(60_000, running), off)]).toEqual([null, null, null]);
});

test('a migration that ends is told with its pause, its failure in any case with the reason, and a cancelled one not at all', () => {
  const glance = { side: 'source' as const, peer: 'vireo+ssh://rack-2', activity: '', percent: 99, outcome: 'running' as const, error: null, startedAtMs: 0, endedAtMs: null, downtimeMs: null };
  const moving = makeSummary({ state: 'running', migration: glance });
  const end = (changes: Partial<NonNullable<DomainSummary['migration']>>): DomainSummary => makeSummary({ migration: { ...glance, ...changes } });
  expect(noticeOf(at(0, end({ outcome: 'completed', downtimeMs: 34.6 })), moving)).toMatchObject({ title: 'sample has moved to rack-2', body: 'The guest stood still for 35 ms.', kind: 'ended' });
  expect(noticeOf(at(0, end({ outcome: 'failed', error: 'operation failed: no space' })), moving)).toMatchObject({ title: 'sample was not moved', body: 'operation failed: no space', kind: 'trouble' });
  expect(noticeOf(at(0, end({ outcome: 'cancelled' })), moving)).toBeNull();
  expect(noticeOf(at(0, moving), moving)).toBeNull();
  expect(noticeOf(at(0, end({ outcome: 'completed' })), end({ outcome: 'completed' }))).toBeNull();
});

test('a domain that leaves with its guest is told, one whose arrival was given up is not', () => {
  const glance = { side: 'source' as const, peer: 'rack-2', activity: '', percent: 99, outcome: 'running' as const, error: null, startedAtMs: 0, endedAtMs: null, downtimeMs: null };
  const left: DomainEvent = { ...makeChange(1, off), type: 'lifecycle', event: 'stopped', detail: 'migrated', summary: null };
  expect(noticeOf(left, makeSummary({ migration: glance }))).toMatchObject({ title: 'sample has moved to rack-2' });
  expect(noticeOf(left, makeSummary({ migration: { ...glance, side: 'destination' } }))).toBeNull();
  expect(noticeOf({ ...left, detail: 'destroyed' }, makeSummary({ migration: glance }))).toBeNull();
});

test('a guest that was not started with the session is told once, other problems are not', () => {
  const told = new Set<string>();
  const problems = [
    { what: 'a state file cannot be read', path: '/s', notStarted: null },
    { what: "'web' was not started with this computer's session: no disk", path: '/l', notStarted: { uuid: 'u', name: 'web' } },
  ];
  expect(noticesOfStatus(problems, told)).toEqual([{ uuid: 'u', device: null, title: 'web was not started', body: problems[1]!.what, kind: 'trouble' }]);
  expect(noticesOfStatus(problems, told)).toEqual([]);
});

test('what a console said that somebody waits for is told in its words, on one line, and opens that console', () => {
  const details = { trigger: 't1', pattern: 'panic', device: 'serial0', label: 'ttyS0', line: `Kernel panic\u202e ${'x'.repeat(1_000)}`, offset: 12, more: 2 };
  const notice = noticeOf(at(0, running, { type: 'console-trigger', event: null, detail: 'ttyS0: Kernel panic', details }), running);
  expect(notice).toMatchObject({ uuid: off.uuid, device: 'serial0', title: 'sample, ttyS0', kind: 'asked' });
  expect(notice?.body).toMatch(/^Kernel panic\ufffd x+\.\.\. \(2 more before\)$/);
  expect(notice?.body.length).toBeLessThan(250);
  const named = noticeOf(at(0, running, { type: 'console-trigger', event: null, detail: 'ttyS0: Kernel panic', details: { ...details, words: 'The kernel gave up' } }), running);
  expect(named?.title).toBe('sample: The kernel gave up');
});
