/** What a monitor does with any QEMU. Run on the fake and on a real one, so that the fake's fidelity is a tested claim. */
import { expect, test } from 'vitest';
import { systemClock } from '../../core/base/clock.ts';
import { silentLog } from '../../core/base/log.ts';
import type { QmpEvent } from '../../core/monitor/commands.ts';
import { Monitor } from '../../core/monitor/monitor.ts';
import { isQemuError } from '../../core/monitor/qemu-error.ts';

export interface StartedQemu extends AsyncDisposable {
  readonly socketPath: string;
}

/** `start` gives a QEMU stopped as by -S, perhaps one that has not made its socket yet. */
export function describeMonitorContract(start: () => Promise<StartedQemu>): void {
  const connect = (qemu: StartedQemu, onEvent?: (event: QmpEvent) => void): Promise<Monitor> =>
    Monitor.connect({
      path: qemu.socketPath,
      clock: systemClock,
      log: silentLog,
      deadlineMs: 20_000,
      signal: new AbortController().signal,
      waitForSocket: true,
      ...(onEvent ? { onEvent } : {}),
    });

  test('negotiates with out-of-band commands and answers what it is asked', async () => {
    await using qemu = await start();
    await using monitor = await connect(qemu);
    expect(monitor.outOfBand).toBe(true);
    expect(await monitor.execute('query-status')).toMatchObject({ running: false });
    expect(await monitor.executeOutOfBand('query-yank')).toSatisfy(Array.isArray);
  });

  test('answers many commands at once, each to its caller', async () => {
    await using qemu = await start();
    await using monitor = await connect(qemu);
    const asked = Array.from({ length: 100 }, (_, at) =>
      at % 2 === 0 ? monitor.execute('query-status') : monitor.executeUnchecked(`no-such-command-${at}`).catch(String));
    const answers = await Promise.all(asked);
    expect(answers.filter((_, at) => at % 2 === 0)).toEqual(Array(50).fill(answers[0]));
    expect(answers[99]).toContain('The command no-such-command-99 has not been found');
  });

  test('tells a resume and a stop in order, between the commands that cause them', async () => {
    await using qemu = await start();
    const seen: string[] = [];
    await using monitor = await connect(qemu, (event) => seen.push(event.event));
    await monitor.execute('cont');
    await monitor.execute('stop');
    await monitor.execute('query-status');
    expect(seen).toEqual(['RESUME', 'STOP']);
  });

  test.each([
    ['no-such-command', {}, 'CommandNotFound', 'The command no-such-command has not been found'],
    ['qmp_capabilities', {}, 'CommandNotFound', 'Capabilities negotiation is already complete, command ignored'],
    ['stop', { x: 1 }, 'GenericError', "Parameter 'x' is unexpected"],
    ['device_del', {}, 'GenericError', "Parameter 'id' is missing"],
    ['device_del', { id: 1 }, 'GenericError', "Invalid parameter type for 'id', expected: string"],
  ] as const)('refuses %s %j with its class and text', async (command, args, qemuClass, text) => {
    await using qemu = await start();
    await using monitor = await connect(qemu);
    const error: unknown = await monitor.executeUnchecked(command, args).catch((thrown: unknown) => thrown);
    expect(isQemuError(error, qemuClass)).toBe(true);
    expect(error).toMatchObject({
      code: 'INTERNAL_ERROR',
      message: `internal error: unable to execute QEMU command '${command}': ${text}`,
      details: { command, qemuClass, qemuText: text },
    });
  });

  test('refuses to execute an ordinary command out of band', async () => {
    await using qemu = await start();
    await using monitor = await connect(qemu);
    const execute = monitor.executeOutOfBand.bind(monitor) as (command: string) => Promise<unknown>;
    await expect(execute('query-status')).rejects.toThrow('The command query-status does not support OOB');
  });

  test('hears the SHUTDOWN of quit before the end of file, which every later command gets', async () => {
    await using qemu = await start();
    const seen: string[] = [];
    await using monitor = await connect(qemu, (event) => seen.push(event.event));
    await monitor.execute('quit').catch(() => {});
    await new Promise<void>((resolve) => {
      if (monitor.closed.aborted) resolve();
      else monitor.closed.addEventListener('abort', () => resolve(), { once: true });
    });
    expect(seen).toEqual(['SHUTDOWN']);
    await expect(monitor.execute('query-status')).rejects.toMatchObject({
      code: 'OPERATION_INVALID',
      message: 'Requested operation is not valid: domain is not running',
      details: { monitor: 'end-of-file' },
    });
  });

  test('takes the next client once the first has closed', async () => {
    await using qemu = await start();
    const first = await connect(qemu);
    await first.close();
    await using second = await connect(qemu);
    expect(await second.execute('query-status')).toMatchObject({ running: false });
  });
}
