import { mkdtemp, rm } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { VirtualClock } from '../../test/support/virtual-clock.ts';
import { silentLog } from '../base/log.ts';
import { lockTerminal } from './pty-connection.ts';
import { acquireUucpLock } from './uucp-lock.ts';

test('a terminal whose number another one had a moment ago is waited for, and not for ever', async () => {
  const lockFolder = await mkdtemp('/tmp/vireo-');
  try {
    const clock = new VirtualClock();
    const options = { lockFolder, clock, log: silentLog, signal: new AbortController().signal };
    const earlier = await acquireUucpLock('/dev/pts/7', lockFolder, silentLog);
    const locking = lockTerminal('/dev/pts/7', options);
    await expect.poll(() => clock.sleeping).toBe(1);
    await earlier?.[Symbol.asyncDispose]();
    clock.advance(50);
    await using _lock = await locking;
    const refused = lockTerminal('/dev/pts/7', options);
    refused.catch(() => {});
    for (let waited = 0; waited <= 3_000; waited += 50) {
      await expect.poll(() => clock.sleeping).toBe(1);
      clock.advance(50);
      if (waited === 3_000 - 50) break;
    }
    await expect(refused).rejects.toThrow(`held by process ${process.pid}`);
  } finally {
    await rm(lockFolder, { recursive: true });
  }
});
