/** The host of the soak, a process of its own: closed by SIGTERM, killed by SIGKILL, and asked what it holds. */
import { readdir } from 'node:fs/promises';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { openHost } from '../../core/api/host.ts';
import { systemClock } from '../../core/base/clock.ts';
import { createLog } from '../../core/base/log.ts';
import { stateLayout } from '../../core/status/state-folder.ts';
import type { FromWorker, HostFacts, ToWorker } from './messages.ts';

export async function runHost(home: string): Promise<void> {
  const delay = monitorEventLoopDelay({ resolution: 1 });
  const log = createLog((line) => void (/ error /.test(line) && process.stderr.write(`host: ${line}\n`)));
  const host = await openHost({ layout: stateLayout(home), role: 'host', clock: systemClock, log, version: '0.0.0-soak' });
  process.once('SIGTERM', () => void host.close().then(() => process.exit(0)));
  process.on('message', (message: ToWorker) => {
    if (message.type === 'facts') void facts(delay).then((answer) => tell({ type: 'facts', facts: answer }));
  });
  delay.enable(); // what it takes to open is another measurement
  tell({ type: 'ready' });
}

async function facts(delay: ReturnType<typeof monitorEventLoopDelay>): Promise<HostFacts> {
  const collect = (globalThis as { gc?: () => void }).gc;
  collect?.();
  collect?.();
  const { rss, heapUsed } = process.memoryUsage();
  const descriptors = (await readdir('/proc/self/fd')).length;
  return { heapMiB: heapUsed / 2 ** 20, residentMiB: rss / 2 ** 20, descriptors, delayP99Ms: delay.percentile(99) / 1e6, delayHighestMs: delay.max / 1e6 };
}

function tell(message: FromWorker): void {
  process.send?.(message, undefined, undefined, () => {});
}
