import { appendFileSync, truncateSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Clock } from '../base/clock.ts';
import { silentLog } from '../base/log.ts';
import { ConsoleLog } from './console-log.ts';
import { ConsoleStream } from './console-stream.ts';
import { propertyRuns } from '../../test/support/property-runs.ts';

/** Time that passes only when told. */
class TestClock implements Clock {
  #nowMs = 0;
  #sleepers: { readonly atMs: number; readonly wake: () => void }[] = [];
  readonly now = (): number => this.#nowMs;
  readonly wallTime = (): number => this.#nowMs;
  readonly sleep = (ms: number): Promise<void> => new Promise((wake) => this.#sleepers.push({ atMs: this.#nowMs + ms, wake }));

  async pass(ms: number): Promise<void> {
    this.#nowMs += ms;
    const due = this.#sleepers.filter(({ atMs }) => atMs <= this.#nowMs);
    this.#sleepers = this.#sleepers.filter(({ atMs }) => atMs > this.#nowMs);
    for (const { wake } of due) wake();
    await Promise.resolve();
  }
}

describe('release', () => {
  test('the first bytes after silence go at once, the following ones together', async () => {
    const clock = new TestClock();
    await clock.pass(1_000);
    const releases: number[] = [];
    const stream: ConsoleStream = new ConsoleStream({ clock, historyBytes: 1_000, log: null, onRelease: () => void releases.push(stream.released) });
    for (let byte = 0; byte < 10; byte++) stream.append(Buffer.from('x'));
    expect(releases).toEqual([1]);
    await clock.pass(3);
    expect(releases).toEqual([1]);
    await clock.pass(3);
    expect(releases).toEqual([1, 10]);
    await clock.pass(100);
    stream.append(Buffer.from('x'));
    expect(releases).toEqual([1, 10, 11]);
  });

  test('a flood is released before memory runs over', () => {
    const clock = new TestClock();
    const stream = new ConsoleStream({ clock, historyBytes: 100, log: null, onRelease: () => {} });
    for (let chunk = 0; chunk < 50; chunk++) {
      stream.append(Buffer.alloc(10));
      expect(stream.end - stream.released).toBeLessThanOrEqual(35);
    }
  });
});

type Step =
  | { readonly do: 'say'; readonly bytes: Uint8Array }
  | { readonly do: 'double'; readonly bytes: Uint8Array } // logged, then said and logged again
  | { readonly do: 'lose'; readonly bytes: Uint8Array } // said and not logged: a full disk
  | { readonly do: 'cut'; readonly keep: number }
  | { readonly do: 'compare' }
  | { readonly do: 'read'; readonly reader: number };

/** `max`: fast-check would otherwise stay far below the lengths allowed, and nothing would ever leave memory. */
const bytes = fc.uint8Array({ minLength: 1, maxLength: 120, size: 'max' });
const harmlessStep: fc.Arbitrary<Step> = fc.oneof(
  { weight: 5, arbitrary: fc.record({ do: fc.constant('say' as const), bytes }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('double' as const), bytes: fc.uint8Array({ minLength: 1, maxLength: 3 }) }) },
  { weight: 4, arbitrary: fc.record({ do: fc.constant('compare' as const) }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('read' as const), reader: fc.nat(2) }) },
);
const anyStep: fc.Arbitrary<Step> = fc.oneof(
  { weight: 10, arbitrary: harmlessStep },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('lose' as const), bytes }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('cut' as const), keep: fc.nat(400) }) },
);

/** Runs the steps with three readers, all of whom read to the end at last; each item is held against what was said. */
async function play(steps: readonly Step[], historyBytes: number, earlier: Uint8Array): Promise<{ gapBytes: number }> {
  const folder = await mkdtemp('/tmp/vireo-');
  const file = path.join(folder, 'log');
  await writeFile(file, earlier);
  await using log = new ConsoleLog(file, silentLog);
  const stream = new ConsoleStream({ clock: new TestClock(), historyBytes, log, onRelease: () => {} });
  await stream.absorb(await log.size());
  let said = Buffer.from(earlier);
  const places = [0, 0, stream.historyStart()];
  let gapBytes = 0;
  const read = async (reader: number): Promise<void> => {
    const from = places[reader]!;
    if (from >= stream.released) return;
    const item = await stream.read(from, stream.released);
    const to = item.type === 'gap' ? item.to : item.offset + item.bytes.length;
    expect(to).toBeGreaterThan(from);
    expect(item.type === 'gap' ? item.from : item.offset).toBe(from);
    if (item.type === 'bytes') expect(Buffer.from(item.bytes).equals(said.subarray(from, to))).toBe(true);
    else gapBytes += to - from;
    places[reader] = to;
  };
  const say = (more: Uint8Array): void => {
    said = Buffer.concat([said, more]);
    stream.append(more);
  };
  for (const step of steps) {
    if (step.do === 'say' || step.do === 'double' || step.do === 'lose') say(step.bytes);
    if (step.do === 'say' || step.do === 'double') appendFileSync(file, step.bytes);
    if (step.do === 'double') appendFileSync(file, step.bytes);
    if (step.do === 'cut') truncateSync(file, Math.min(step.keep, await log.size()));
    if (step.do === 'compare') await stream.follower?.advance();
    if (step.do === 'read') await read(step.reader);
  }
  stream.release();
  for (const reader of places.keys()) while (places[reader]! < stream.released) await read(reader);
  expect(places).toEqual([said.length, said.length, said.length]);
  await rm(folder, { recursive: true });
  return { gapBytes };
}

describe('readers', () => {
  test('see the exact stream or exactly marked gaps, whatever they, the device and the log do', { timeout: 60_000 }, async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(anyStep, { maxLength: 80, size: 'max' }), fc.integer({ min: 20, max: 600 }), fc.uint8Array({ maxLength: 900, size: 'max' }), async (steps, historyBytes, earlier) => {
        await play(steps, historyBytes, earlier);
      }),
      { numRuns: propertyRuns(200), interruptAfterTimeLimit: 15_000, endOnFailure: true },
    );
  });

  test('see everything while the log is whole and was compared in time, single bytes doubled or not', { timeout: 60_000 }, async () => {
    const orderly = fc.array(harmlessStep, { maxLength: 80, size: 'max' }).map((steps) => steps.flatMap((step): Step[] => [step.do === 'double' ? { ...step, bytes: step.bytes.subarray(0, 1) } : step, { do: 'compare' }]));
    await fc.assert(
      fc.asyncProperty(orderly, fc.uint8Array({ maxLength: 5_000, size: 'max' }), async (steps, earlier) => {
        expect(await play(steps, 1_200, earlier)).toEqual({ gapBytes: 0 });
      }),
      { numRuns: propertyRuns(120), interruptAfterTimeLimit: 15_000, endOnFailure: true },
    );
  });
});

describe('a log that parted from the stream', () => {
  const noise = (seed: number, length: number): Buffer => Buffer.from(fc.sample(fc.uint8Array({ minLength: length, maxLength: length }), { seed, numRuns: 1 })[0]!);

  /** Says each part to the stream, or only to the log, or only to the connection, and compares after each. */
  async function items(parts: readonly { readonly to: 'both' | 'log' | 'stream' | 'cut'; readonly bytes: Buffer }[]): Promise<unknown[]> {
    const folder = await mkdtemp('/tmp/vireo-');
    const file = path.join(folder, 'log');
    await writeFile(file, '');
    await using log = new ConsoleLog(file, silentLog);
    const stream = new ConsoleStream({ clock: new TestClock(), historyBytes: 400, log, onRelease: () => {} });
    let said = Buffer.alloc(0);
    for (const { to, bytes: part } of parts) {
      if (to === 'cut') truncateSync(file, 0);
      if (to === 'both' || to === 'stream') stream.append(part);
      if (to === 'both' || to === 'stream') said = Buffer.concat([said, part]);
      if (to !== 'stream') appendFileSync(file, part);
      if (to === 'both' || to === 'stream') await stream.follower?.advance();
    }
    stream.release();
    const found: { type: string; from: number; to: number }[] = [];
    for (let at = 0; at < stream.released; ) {
      const item = await stream.read(at, stream.released);
      const to = item.type === 'gap' ? item.to : at + item.bytes.length;
      if (item.type === 'bytes') expect(Buffer.from(item.bytes).equals(said.subarray(at, to))).toBe(true);
      const last = found.at(-1);
      if (last?.type === item.type) last.to = to;
      else found.push({ type: item.type, from: at, to });
      at = to;
    }
    await rm(folder, { recursive: true });
    return found;
  }

  test('serves all, though it has bytes that the connection lost', async () => {
    const parts = [{ to: 'both', bytes: noise(1, 300) }, { to: 'log', bytes: noise(2, 90) }, { to: 'both', bytes: noise(3, 300) }, { to: 'both', bytes: noise(4, 390) }] as const;
    expect(await items(parts)).toEqual([{ type: 'bytes', from: 0, to: 990 }]);
  });

  test('leaves exactly the gap of what it lacks', async () => {
    const parts = [{ to: 'both', bytes: noise(1, 200) }, { to: 'stream', bytes: noise(2, 90) }, { to: 'both', bytes: noise(3, 300) }, { to: 'both', bytes: noise(4, 390) }] as const;
    expect(await items(parts)).toEqual([
      { type: 'bytes', from: 0, to: 200 },
      { type: 'gap', from: 200, to: 290 },
      { type: 'bytes', from: 290, to: 980 },
    ]);
  });

  test('serves nothing from before it was cut, though it has grown beyond that', async () => {
    const parts = [{ to: 'both', bytes: noise(1, 300) }, { to: 'both', bytes: noise(2, 300) }, { to: 'cut', bytes: noise(3, 2_000) }] as const;
    expect(await items(parts)).toEqual([
      { type: 'gap', from: 0, to: 200 },
      { type: 'bytes', from: 200, to: 600 },
    ]);
  });
});
