import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { systemClock } from '../../core/base/clock.ts';
import { silentLog } from '../../core/base/log.ts';
import { Monitor } from '../../core/monitor/monitor.ts';
import type { Answering } from '../../core/monitor/silence-watch.ts';
import { describeMonitorContract } from '../fake-qemu/monitor-contract.ts';
import type { StartedQemu } from '../fake-qemu/monitor-contract.ts';

interface RealQemu extends StartedQemu {
  kill(signal: NodeJS.Signals): void;
}

async function startRealQemu(): Promise<RealQemu> {
  const folder = await mkdtemp('/tmp/vireo-');
  const socketPath = path.join(folder, 'm');
  const options = ['-S', '-no-user-config', '-nodefaults', '-display', 'none', '-machine', 'pc,accel=tcg', '-m', '16'];
  const qemu = spawn('qemu-system-x86_64', [...options, '-qmp', `unix:${socketPath},server=on,wait=off`], { stdio: 'ignore' });
  const exited = once(qemu, 'exit');
  return {
    socketPath,
    kill: (signal) => void qemu.kill(signal),
    async [Symbol.asyncDispose]() {
      qemu.kill('SIGKILL');
      await exited;
      await rm(folder, { recursive: true, force: true });
    },
  };
}

describe('the monitor on a real QEMU', () => {
  describeMonitorContract(startRealQemu);

  const connect = (qemu: RealQemu): Promise<Monitor> => {
    const signal = new AbortController().signal;
    return Monitor.connect({ path: qemu.socketPath, clock: systemClock, log: silentLog, deadlineMs: 20_000, signal, waitForSocket: true });
  };

  test('sees a frozen QEMU fall silent and answer again, without being asked anything', async () => {
    await using qemu = await startRealQemu();
    await using monitor = await connect(qemu);
    const changes: Answering[] = [];
    const answersAgain = new Promise<void>((resolve) => {
      monitor.watchSilence(100, (answering) => {
        changes.push(answering);
        if (answering.state === 'silent') qemu.kill('SIGCONT');
        else resolve();
      });
    });
    qemu.kill('SIGSTOP');
    await answersAgain;
    expect(changes).toEqual([{ state: 'silent', command: 'query-version', forMs: expect.any(Number) }, { state: 'ok' }]);
  });

  test('rejects every command of a QEMU that is killed under them', async () => {
    await using qemu = await startRealQemu();
    await using monitor = await connect(qemu);
    qemu.kill('SIGSTOP');
    const waiting = Promise.allSettled(Array.from({ length: 20 }, () => monitor.execute('query-status')));
    qemu.kill('SIGKILL');
    const reason: unknown = await waiting.then((results) => monitor.closed.reason ?? results);
    expect(await waiting).toEqual(Array(20).fill({ status: 'rejected', reason }));
    expect(reason).toMatchObject({ code: 'OPERATION_INVALID', details: { monitor: 'end-of-file' } });
  });
});
