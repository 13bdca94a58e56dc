/** The control: the same guest goes as often from QEMU to QEMU with nothing but QMP. What goes wrong in its memory here is QEMU's own. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { systemClock } from '../../core/base/clock.ts';
import { silentLog } from '../../core/base/log.ts';
import { Monitor } from '../../core/monitor/monitor.ts';
import { Random } from '../fuzz/random.ts';
import { checkedSectorImage, type GuestReport, reportsIn, wrongBlocksOf } from '../support/checked-sector.ts';
import { until } from '../support/migration-guest.ts';
import { deadlineMs } from './there-and-back.ts';

class BareQemu implements AsyncDisposable {
  readonly #child: ChildProcess;
  readonly #said: string;
  readonly monitor: Monitor;

  private constructor(child: ChildProcess, monitor: Monitor, said: string) {
    this.#child = child;
    this.monitor = monitor;
    this.#said = said;
  }

  static async start(folder: string, image: string, number: number, waits: boolean): Promise<BareQemu> {
    const [socket, said] = [path.join(folder, `m${number}`), path.join(folder, `s${number}`)];
    const child = spawn('qemu-system-x86_64', [
      ...['-M', 'pc', '-accel', 'tcg', '-m', '32', '-nodefaults', '-display', 'none', '-no-user-config'],
      ...['-drive', `if=ide,file=${image},format=raw`, '-serial', `file:${said}`, '-qmp', `unix:${socket},server=on,wait=off`],
      ...(waits ? ['-incoming', 'defer'] : []),
    ], { stdio: 'ignore' });
    const signal = AbortSignal.timeout(deadlineMs);
    const monitor = await Monitor.connect({ path: socket, clock: systemClock, log: silentLog, deadlineMs, signal, waitForSocket: true }).catch((error: unknown) => {
      child.kill('SIGKILL');
      throw error;
    });
    return new BareQemu(child, monitor, said);
  }

  async reports(): Promise<readonly GuestReport[]> {
    return reportsIn(await readFile(this.#said, 'latin1').catch(() => ''));
  }

  async says(): Promise<GuestReport> {
    const before = (await this.reports()).at(-1)?.pass ?? -1;
    await until(async () => ((await this.reports()).at(-1)?.pass ?? -1) > before, deadlineMs);
    return (await this.reports()).at(-1) as GuestReport;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.monitor.close();
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    const ended = once(this.#child, 'exit');
    this.#child.kill('SIGKILL');
    await ended;
  }
}

async function move(from: BareQemu, to: BareQemu): Promise<void> {
  const address = await to.monitor.executeUnchecked('migrate-incoming', { uri: 'tcp:127.0.0.1:0' }).then(() => to.monitor.executeUnchecked('query-migrate')) as { readonly 'socket-address'?: readonly { readonly port: string }[] };
  await from.monitor.executeUnchecked('migrate-set-parameters', { 'downtime-limit': 3_000, 'max-bandwidth': 0 });
  await from.monitor.executeUnchecked('migrate', { uri: `tcp:127.0.0.1:${address['socket-address']?.[0]?.port}` });
  await until(async () => {
    const { status } = (await from.monitor.executeUnchecked('query-migrate')) as { readonly status?: string };
    if (status === 'failed' || status === 'cancelled') throw new Error(`QEMU says that the migration has ${status}`);
    return status === 'completed';
  }, deadlineMs);
}

export interface BareResult {
  readonly rounds: number;
  readonly report: GuestReport;
  readonly wrong: readonly string[];
}

export async function bareRounds({ rounds, seed, signal, onRound }: { readonly rounds: number; readonly seed: number; readonly signal: AbortSignal; readonly onRound: (round: number, report: GuestReport, tookMs: number) => void }): Promise<BareResult> {
  const folder = await mkdtemp('/tmp/vireo-');
  const image = path.join(folder, 'disk.raw');
  await writeFile(image, checkedSectorImage());
  const random = new Random(seed);
  let here = await BareQemu.start(folder, image, 0, false);
  try {
    let report = await here.says();
    let round = 0;
    while (round < rounds && !signal.aborted) {
      await new Promise((resolve) => setTimeout(resolve, random.below(200)));
      const begunMs = performance.now();
      const there = await BareQemu.start(folder, image, round + 1, true);
      const old = here;
      here = there; // whatever fails, neither is left
      await using _old = old;
      await move(old, there);
      report = await there.says();
      round += 1;
      onRound(round, report, performance.now() - begunMs);
    }
    await here.monitor.executeUnchecked('stop');
    const passes = (await here.reports()).at(-1)?.pass ?? 0;
    return { rounds: round, report, wrong: wrongBlocksOf(await readFile(image), passes) };
  } finally {
    await here[Symbol.asyncDispose]();
    await rm(folder, { recursive: true, force: true });
  }
}
