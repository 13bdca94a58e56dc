import { appendFile, mkdtemp, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { expect, test } from 'vitest';
import { LogFollower } from './log-follower.ts';
import { wordsOfLastRun } from './qemu-words.ts';

const log = `2026-05-07 09:12:44.120+0000: starting up, QEMU 7.2.22 (Debian), accelerator tcg
2026-05-07 09:12:44.121+0000: LC_ALL='C' \\
/usr/bin/qemu-system-x86_64 \\
-S
qemu-system-x86_64: warning: of the first run
2026-05-07 09:12:50.031+0000: shutting down, reason=crashed
2026-05-07 09:13:44.120+0000: starting up, QEMU 7.2.22 (Debian), accelerator tcg
2026-05-07 09:13:44.121+0000: LC_ALL='C' \\
/usr/bin/qemu-system-x86_64 \\
-S
qemu-system-x86_64: warning: TCG doesn't support requested feature
2026-05-07 09:13:45.031+0000: swtpm ended (exit code 1) while the domain runs: its device works no more
qemu: fatal: it broke
`;

test("QEMU's words of the last run are told from the driver's and from the command line", () => {
  expect(wordsOfLastRun(log)).toEqual(["qemu-system-x86_64: warning: TCG doesn't support requested feature", 'qemu: fatal: it broke']);
  expect(wordsOfLastRun('')).toEqual([]);
});

test('what would move a terminal is made visible', () => {
  expect(wordsOfLastRun('qemu: \u001b[2Jbad\u202e name\r\n')).toEqual(['qemu: \ufffd[2Jbad\ufffd name']);
});

test('lines are told as they are written, whole, with where they end; a log that was cut begins anew', async () => {
  const folder = await mkdtemp('/tmp/vireo-');
  try {
    const file = path.join(folder, 'qemu.log');
    await writeFile(file, 'before\n');
    const told: [string, number][] = [];
    using follower = new LogFollower({ path: file, from: 7, onLine: (line, offset) => void told.push([line, offset]) });
    follower.start();
    await appendFile(file, 'one\ntw');
    await expect.poll(() => told, { timeout: 10_000 }).toEqual([['one', 11]]);
    await appendFile(file, 'o\n\n');
    await expect.poll(() => told.length, { timeout: 10_000 }).toBe(2);
    await writeFile(file, 'anew\n');
    await follower.catchUp();
    expect(told).toEqual([['one', 11], ['two', 15], ['anew', 5]]);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
});

test('a log that is not there says nothing', async () => {
  using follower = new LogFollower({ path: '/nonexistent/qemu.log', from: 0, onLine: () => expect.unreachable() });
  follower.start();
  await follower.catchUp();
});
