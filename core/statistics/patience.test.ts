import { setImmediate } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { VirtualClock } from '../../test/support/virtual-clock.ts';
import { Patience } from './patience.ts';

const forever = new AbortController().signal;

async function pass(clock: VirtualClock, ms: number): Promise<void> {
  clock.advance(ms);
  await setImmediate();
}

const domains = (count: number): object[] => Array.from({ length: count }, () => ({}));

test('one domain alone has a second', async () => {
  const clock = new VirtualClock();
  using patience = new Patience(clock, 1, forever);
  const signal = patience.asked({});
  await pass(clock, 999);
  expect(signal.aborted).toBe(false);
  await pass(clock, 1);
  expect(signal.aborted).toBe(true);
});

test('the last of many have twice what the slowest took, a tenth of a second at least and a second at most', async () => {
  for (const [tookMs, allMs] of [[10, 100], [200, 400], [900, 1_800]] as const) {
    const clock = new VirtualClock();
    using patience = new Patience(clock, 20, forever);
    const [hung, ...others] = domains(20) as [object, ...object[]];
    const signal = patience.asked(hung);
    for (const other of others) patience.asked(other);
    await pass(clock, tookMs);
    for (const other of others) patience.settled(other);
    await pass(clock, allMs - tookMs - 1);
    expect(signal.aborted).toBe(false);
    await pass(clock, 1);
    expect(signal.aborted).toBe(true);
  }
});

test('one that was asked long before the last answers is given up with them', async () => {
  const clock = new VirtualClock();
  using patience = new Patience(clock, 100, forever);
  const hung = {};
  const signal = patience.asked(hung);
  for (const domain of domains(99)) {
    patience.asked(domain);
    await pass(clock, 5);
    patience.settled(domain);
  }
  expect(signal.aborted).toBe(false);
  await pass(clock, 0);
  expect(signal.aborted).toBe(true);
});

test('while answers keep coming nobody is given up, and who is asked after others were given up has a second of its own', async () => {
  const clock = new VirtualClock();
  using patience = new Patience(clock, 100, forever);
  const slow = domains(6);
  const signals = slow.map((domain) => patience.asked(domain));
  for (const domain of slow.slice(1)) {
    await pass(clock, 990);
    patience.settled(domain);
  }
  expect(signals[0]!.aborted).toBe(false);
  await pass(clock, 1_000);
  expect(signals[0]!.aborted).toBe(true);
  expect(patience.asked({}).aborted).toBe(false);
});

test('a call that is cancelled waits for nobody', () => {
  const cancelled = new AbortController();
  using patience = new Patience(new VirtualClock(), 3, cancelled.signal);
  const signal = patience.asked({});
  cancelled.abort(new Error('the client is gone'));
  expect(signal.reason).toEqual(new Error('the client is gone'));
});
