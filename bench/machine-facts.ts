/** What a reader must know of the machine to believe a number. */
import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import os from 'node:os';
import { promisify } from 'node:util';

export interface MachineFacts {
  readonly cores: number;
  readonly processor: string;
  readonly memoryMiB: number;
  readonly system: string;
  readonly node: string;
  readonly qemu: string;
  /** Processes that want a core, over one and five minutes, when the run began: quiet is well below one. */
  readonly load: readonly [number, number];
}

export async function machineFacts(): Promise<MachineFacts> {
  const { stdout } = await promisify(execFile)('qemu-system-x86_64', ['--version'], { timeout: 10_000 }).catch(() => ({ stdout: 'none' }));
  const [one = 0, five = 0] = os.loadavg();
  return {
    cores: os.cpus().length,
    processor: os.cpus()[0]?.model ?? 'unknown',
    memoryMiB: Math.round(os.totalmem() / 2 ** 20),
    system: `${os.type()} ${os.release()}`,
    node: process.version,
    qemu: /version (.*)/.exec(stdout)?.[1] ?? stdout.trim(),
    load: [one, five],
  };
}

export function formatFacts({ cores, processor, memoryMiB, system, node, qemu, load }: MachineFacts): string {
  return `${cores} cores (${processor}), ${memoryMiB} MiB, ${system}, Node ${node}, QEMU ${qemu}, load ${load.map((value) => value.toFixed(1)).join(' ')}`;
}

/** What the processes have in memory, shared pages divided among those that share them, in MiB. */
export async function proportionalMiB(pids: readonly number[]): Promise<number> {
  const all = await Promise.all(pids.map(async (pid) => Number(/^Pss:\s+(\d+) kB/m.exec(await readFile(`/proc/${pid}/smaps_rollup`, 'utf8'))?.[1] ?? 0)));
  return all.reduce((sum, kib) => sum + kib, 0) / 1024;
}
