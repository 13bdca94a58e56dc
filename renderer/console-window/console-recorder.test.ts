import { describe, expect, it } from 'vitest';
import { Emitter } from '../../core/base/events.ts';
import { VireoError } from '../../core/base/errors.ts';
import { VirtualClock, settled } from '../../test/support/virtual-clock.ts';
import { ConsoleRecorder, type RecordingFile } from './console-recorder.ts';

function bench() {
  const clock = new VirtualClock();
  const bytes = new Emitter<Uint8Array>();
  const sizes = new Emitter<readonly [number, number]>();
  const failures: string[] = [];
  const state = { text: '', isClosed: false, isFull: false };
  const file: RecordingFile = {
    path: '/tmp/a.cast',
    async append(text) {
      if (state.isFull) throw new VireoError('SYSTEM_ERROR', 'no space');
      state.text += text;
      return state.text.length;
    },
    async close() {
      state.isClosed = true;
    },
  };
  const recorder = new ConsoleRecorder((error) => failures.push(error.message), clock);
  const start = (): void =>
    recorder.start(file, { title: 'web-1 / ttyS0', encoding: 'utf-8', columns: 80, rows: 24, onBytes: (listener) => bytes.on(listener), onResize: (listener) => sizes.on(([columns, rows]) => listener(columns, rows)) });
  const print = (...values: number[]): void => bytes.fire(Uint8Array.from(values));
  const pass = async (ms: number): Promise<void> => {
    await settled();
    clock.advance(ms);
    await settled();
  };
  return { recorder, start, print, sizes, bytes, pass, state, failures };
}

const lines = (text: string): unknown[] => text.trim().split('\n').map((line) => JSON.parse(line) as unknown);

describe('a recording', () => {
  it('is asciicast with the time of each piece, whole characters and sizes', async () => {
    const { recorder, start, print, sizes, pass, state } = bench();
    start();
    await pass(100);
    print(0x68, 0xc3);
    await pass(50);
    print(0xa4, 0x0a);
    sizes.fire([100, 30]);
    await pass(1_000);
    await recorder.stop();
    expect(lines(state.text)).toEqual([
      { version: 2, width: 80, height: 24, timestamp: expect.any(Number) as number, title: 'web-1 / ttyS0', env: { TERM: 'xterm-256color' } },
      [0.1, 'o', 'h'],
      [0.15, 'o', 'ä\n'],
      [0.15, 'r', '100x30'],
    ]);
    expect([state.isClosed, recorder.store.getState().path]).toEqual([true, null]);
  });

  it('is written while it goes on, and its end loses nothing', async () => {
    const { recorder, start, print, pass, state, bytes } = bench();
    start();
    print(0x61);
    await pass(0);
    await pass(250);
    expect(state.text).toContain('"a"');
    expect(recorder.store.getState()).toMatchObject({ path: '/tmp/a.cast', sizeBytes: state.text.length });
    print(0x62);
    await recorder.stop();
    expect(state.text).toContain('"b"');
    expect(bytes.size).toBe(0);
  });

  it('ends on a full disk, and says so once', async () => {
    const { recorder, start, print, pass, state, failures, bytes } = bench();
    start();
    await pass(0);
    state.isFull = true;
    print(0x61);
    await pass(250);
    expect([failures, state.isClosed, recorder.store.getState().path, bytes.size]).toEqual([['no space'], true, null, 0]);
    state.isFull = false;
    start();
    await pass(250);
    expect(recorder.store.getState().path).toBe('/tmp/a.cast');
    await recorder.stop();
  });
});
