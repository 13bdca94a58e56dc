/**
 * The smallest guest that proves an accelerator: it goes through the firmware, is loaded from a disk, enters long mode,
 * computes and ends its QEMU by itself.
 */
import { mkdtemp, rm, truncate, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import type { Clock } from '../base/clock.ts';
import { bootSector, debugExitStatus } from './boot-sector.ts';
import { describeEnd, ProbedProcess } from './probed-process.ts';
import type { Spawn } from './probed-process.ts';
import type { Accelerator, QemuCapabilities } from './qemu-capabilities.ts';

/** A disk of one sector is too small for some firmware. */
const diskBytes = 1024 * 1024;

export type TestRun =
  | { readonly outcome: 'ran'; readonly afterMs: number }
  /** `why` completes "a test guest ...". */
  | { readonly outcome: 'failed'; readonly why: string }
  | { readonly outcome: 'out of time' };

export interface TestRunOptions {
  readonly spawn: Spawn;
  readonly clock: Clock;
  readonly signal: AbortSignal;
  readonly limitMs: number;
  readonly temporaryFolder?: string | undefined;
}

/** Whether there is a test guest for this binary; those of other architectures than x86_64 are yet to be written. */
export function hasTestGuest(capabilities: QemuCapabilities): boolean {
  return capabilities.arch === 'x86_64' && machineFor(capabilities) !== null;
}

/** Runs the guest with one accelerator and no other; ends within the limit but for the last moments of the process. */
export async function runTestGuest(capabilities: QemuCapabilities, accelerator: Accelerator, options: TestRunOptions): Promise<TestRun> {
  const folder = await mkdtemp(path.join(options.temporaryFolder ?? os.tmpdir(), 'vireo-guest-'));
  try {
    const disk = path.join(folder, 'disk');
    await writeFile(disk, bootSector());
    await truncate(disk, diskBytes);
    const sinceMs = options.clock.now();
    const args = guestArguments(capabilities, accelerator, disk);
    await using qemu = new ProbedProcess(options.spawn, options.clock, capabilities.binary, args);
    const end = await qemu.endWithin(options.limitMs, options.signal);
    options.signal.throwIfAborted();
    if (end === null) return { outcome: 'out of time' };
    if (end.kind === 'exit' && end.code === successStatus(capabilities)) return { outcome: 'ran', afterMs: options.clock.now() - sinceMs };
    return { outcome: 'failed', why: `did not run: QEMU ${describeEnd(end, qemu.stderr)}` };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

function guestArguments(capabilities: QemuCapabilities, accelerator: Accelerator, disk: string): readonly string[] {
  return [
    ...['-no-user-config', '-nodefaults', '-display', 'none', '-accel', accelerator, '-machine', machineFor(capabilities) ?? 'pc', '-m', '16'],
    ...['-drive', `if=ide,format=raw,file=${disk.replaceAll(',', ',,')}`],
    ...(hasDebugExit(capabilities) ? ['-device', 'isa-debug-exit,iobase=0xf4,iosize=0x04'] : []),
  ];
}

/** Status 0 is also what a QEMU gives that somebody else ended; the debug port's is unmistakable where it exists. */
const successStatus = (capabilities: QemuCapabilities): number => (hasDebugExit(capabilities) ? debugExitStatus : 0);
const hasDebugExit = (capabilities: QemuCapabilities): boolean => capabilities.deviceTypes.has('isa-debug-exit');

function machineFor(capabilities: QemuCapabilities): string | null {
  const aliases = new Set(capabilities.machines.map((machine) => machine.alias));
  return ['pc', 'q35'].find((alias) => aliases.has(alias)) ?? null;
}
