import childProcess, { type ChildProcess } from 'node:child_process';
import { EventEmitter } from 'node:events';
import { syncBuiltinESMExports } from 'node:module';
import { afterEach, expect, test } from 'vitest';
import { runHookScript } from './run-hook-script.ts';

const { spawn } = childProcess;

/** What Node does where no more files may be open cannot be had without taking them from all other tests. */
function spawnAs(other: () => ChildProcess): void {
  childProcess.spawn = other as typeof spawn;
  syncBuiltinESMExports();
}

afterEach(() => spawnAs(spawn as unknown as () => ChildProcess));

test('a script that cannot be run because no more files may be open fails alone, without the streams that Node then has not made', async () => {
  spawnAs(() => {
    const child = new EventEmitter() as ChildProcess;
    process.nextTick(() => child.emit('error', new Error('spawn EMFILE')));
    return child;
  });
  const running = runHookScript({ script: '/hooks/qemu', argv: ['web-1'], input: 'x', environment: {}, timeoutMs: 20_000, signal: new AbortController().signal });
  await expect(running).rejects.toMatchObject({ code: 'HOOK_SCRIPT_FAILED', message: expect.stringContaining("'/hooks/qemu web-1' could not be run: spawn EMFILE") as string });
});
