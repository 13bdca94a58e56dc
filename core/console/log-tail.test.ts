import { appendFile, mkdtemp, rm, truncate, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { eventually } from '../../test/support/console-reader.ts';
import { systemClock } from '../base/clock.ts';
import { silentLog } from '../base/log.ts';
import { ConsoleLog } from './console-log.ts';
import { ConsoleStream } from './console-stream.ts';
import { LogTail } from './log-tail.ts';

let folder: string;
let file: string;
beforeEach(async () => {
  folder = await mkdtemp('/tmp/vireo-');
  file = path.join(folder, 'serial0.log');
});
afterEach(() => rm(folder, { recursive: true, force: true }));

async function contents(stream: ConsoleStream): Promise<Buffer> {
  const pieces: Uint8Array[] = [];
  for (let at = 0; at < stream.end; ) {
    const item = await stream.read(at, stream.end);
    if (item.type === 'gap') throw new Error(`a gap at ${item.from}`);
    pieces.push(item.bytes);
    at += item.bytes.length;
  }
  return Buffer.concat(pieces);
}

describe.each([true, false])('a log that is followed (with the system telling of changes: %s)', (watches) => {
  async function follow(): Promise<{ readonly stream: ConsoleStream; readonly tail: LogTail; readonly log: ConsoleLog }> {
    const log = new ConsoleLog(file, silentLog);
    const stream = new ConsoleStream({ clock: systemClock, historyBytes: 1_000, log, onRelease: () => {} });
    const tail = new LogTail({ log, stream, clock: systemClock, watches });
    await tail.start();
    return { stream, tail, log };
  }

  test('gives every byte that is appended, what was there before and what comes at the very end', async () => {
    await writeFile(file, 'before ');
    const { stream, tail, log } = await follow();
    expect(stream.end).toBe(7);
    let all = 'before ';
    for (let round = 0; round < 50; round++) {
      const more = `${round} `.repeat(round);
      all += more;
      await appendFile(file, more);
    }
    await eventually(() => stream.released === all.length, 20_000);
    await appendFile(file, 'the last');
    await tail[Symbol.asyncDispose]();
    expect((await contents(stream)).toString()).toBe(`${all}the last`);
    await log[Symbol.asyncDispose]();
  });

  test('that somebody cuts goes on from its new end', async () => {
    await writeFile(file, 'x'.repeat(500));
    const { stream, tail, log } = await follow();
    await truncate(file, 0);
    tail.hint();
    await tail[Symbol.asyncDispose]();
    await appendFile(file, 'new');
    const again = new LogTail({ log, stream, clock: systemClock, watches });
    await again.start();
    await again[Symbol.asyncDispose]();
    expect(stream.end).toBe(503);
    expect(await stream.read(500, 503)).toMatchObject({ type: 'bytes', offset: 500, bytes: Buffer.from('new') });
    await log[Symbol.asyncDispose]();
  });
});

test('a log that is not there is waited for', async () => {
  const log = new ConsoleLog(file, silentLog);
  const stream = new ConsoleStream({ clock: systemClock, historyBytes: 1_000, log, onRelease: () => {} });
  await using tail = new LogTail({ log, stream, clock: systemClock });
  await tail.start();
  await writeFile(file, 'late');
  await eventually(() => stream.released === 4, 20_000);
  await log[Symbol.asyncDispose]();
});
