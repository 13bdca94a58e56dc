import { expect, test, vi } from 'vitest';
import { systemClock } from '../base/clock.ts';
import { VireoError } from '../base/errors.ts';
import { FakeHost } from '../../test/cli/fake-host.ts';
import { VirtualClock } from '../../test/support/virtual-clock.ts';
import { type GuestLeaving, shutDownGuests } from './shut-down-guests.ts';

const running = { id: 1, state: 'running', reason: 'booted' } as const;
const steps = (guests: readonly GuestLeaving[]): string[] => guests.map(({ name, step, reason }) => `${name} ${step}${reason === null ? '' : `: ${reason}`}`);
const off = (host: FakeHost, uuid: string): void => {
  host.tell(host.add({ ...host.domains.get(uuid), id: null, state: 'shut off', reason: 'shutdown' }), 'lifecycle', 'stopped', 'shutdown');
};

test('all are asked at once, and it is over when the last is off', async () => {
  const host = new FakeHost();
  for (const name of ['b', 'a']) host.add({ ...running, uuid: name, name });
  host.add({ uuid: 'c', name: 'c' });
  const progress: string[][] = [];
  const over = shutDownGuests({ client: host.connect('t'), clock: systemClock, deadlineMs: 60_000, signal: new AbortController().signal, onProgress: (guests) => void progress.push(steps(guests)) });
  await vi.waitFor(() => expect(progress.at(-1)).toEqual(['a asked', 'b asked']));
  off(host, 'b');
  await vi.waitFor(() => expect(progress.at(-1)).toEqual(['a asked', 'b off']));
  off(host, 'a');
  expect(steps(await over)).toEqual(['a off', 'b off']);
  expect(progress[0]).toEqual(['a asking', 'b asking']);
});

test('one that refuses is not waited for, and named with its reason', async () => {
  const host = new FakeHost();
  host.add({ ...running, uuid: 'a', name: 'a', state: 'paused' });
  host.failures.set('domainShutdown', new VireoError('OPERATION_INVALID', 'domain is paused'));
  const guests = await shutDownGuests({ client: host.connect('t'), clock: systemClock, deadlineMs: 60_000, signal: new AbortController().signal });
  expect(steps(guests)).toEqual(['a refused: Requested operation is not valid: domain is paused']);
});

test('one that was off before it could be asked counts as off', async () => {
  const host = new FakeHost();
  host.add({ ...running, uuid: 'a', name: 'a' });
  const client = host.connect('t');
  host.failures.set('domainShutdown', new VireoError('NO_DOMAIN', 'gone'));
  host.failures.set('domainLookup', new VireoError('NO_DOMAIN', 'gone'));
  expect(steps(await shutDownGuests({ client, clock: systemClock, deadlineMs: 60_000, signal: new AbortController().signal }))).toEqual(['a off']);
});

test('without guests it is over at once', async () => {
  expect(await shutDownGuests({ client: new FakeHost().connect('t'), clock: systemClock, deadlineMs: 60_000, signal: new AbortController().signal })).toEqual([]);
});

test('one that ignores the button is asked again, and left at the deadline', async () => {
  const host = new FakeHost();
  host.add({ ...running, uuid: 'a', name: 'a' });
  const clock = new VirtualClock();
  const asked = (): number => host.calls.filter(({ method }) => method === 'domainShutdown').length;
  const over = shutDownGuests({ client: host.connect('t'), clock, deadlineMs: 40_000, signal: new AbortController().signal });
  for (const [laterMs, times] of [[0, 1], [15_000, 2], [15_000, 3]] as const) {
    clock.advance(laterMs);
    await vi.waitFor(() => expect(asked()).toBe(times));
  }
  clock.advance(10_000);
  expect(steps(await over)).toEqual(['a asked']);
});

test('it can be called off, which asks nobody back', async () => {
  const host = new FakeHost();
  host.add({ ...running, uuid: 'a', name: 'a' });
  const stop = new AbortController();
  const over = shutDownGuests({ client: host.connect('t'), clock: systemClock, deadlineMs: 60_000, signal: stop.signal });
  await vi.waitFor(() => expect(host.calls.some(({ method }) => method === 'domainShutdown')).toBe(true));
  stop.abort(new VireoError('OPERATION_ABORTED', 'the user stays'));
  await expect(over).rejects.toMatchObject({ message: 'operation aborted: the user stays' });
});
