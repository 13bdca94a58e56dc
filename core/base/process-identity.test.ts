import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { describe, expect, test } from 'vitest';
import { bootId, isSameProcess, parseLinuxStartTime, processStartTime } from './process-identity.ts';

describe('process identity', () => {
  test('a live process keeps its start time', async () => {
    const started = await processStartTime(process.pid);
    expect(started).not.toBeNull();
    expect(await isSameProcess(process.pid, started)).toBe(true);
    expect(await isSameProcess(process.pid, 'another time')).toBe(false);
  });

  test('a process that has ended is not the same any more', async () => {
    const child = spawn(process.execPath, ['-e', 'process.stdin.resume()'], { stdio: ['pipe', 'ignore', 'ignore'] });
    const started = await processStartTime(child.pid!);
    expect(await isSameProcess(child.pid!, started)).toBe(true);
    child.stdin.end();
    await once(child, 'exit');
    expect(await isSameProcess(child.pid!, started)).toBe(false);
  });

  test('a nonsense pid belongs to nobody', async () => {
    expect([await processStartTime(0), await processStartTime(-1), await processStartTime(Number.NaN)]).toEqual([null, null, null]);
  });

  test('a command named with spaces and parentheses does not shift the fields', () => {
    const rest = (state: string): string => `${state} 1 7 7 0 -1 4194560 1 0 0 0 0 0 0 0 20 0 1 0 987654 1000 10`;
    expect(parseLinuxStartTime(`7 (qemu) (a b)) ${rest('S')}`)).toBe('987654');
    expect(parseLinuxStartTime(`7 (qemu) ${rest('Z')}`)).toBeNull();
  });

  test('the boot has one name', async () => {
    expect(await bootId()).toBe(await bootId());
  });
});
