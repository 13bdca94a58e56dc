/**
 * Asks a QEMU binary over its monitor what it can do. The QEMU that answers has no machine, no guest and no files; it
 * runs for about 0.2 s and is killed whatever happens (QEMU 7.2 under TCG).
 */
import { mkdtemp, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import type { Clock } from '../base/clock.ts';
import { asVireoError, VireoError } from '../base/errors.ts';
import type { Log } from '../base/log.ts';
import type { QmpResult } from '../monitor/commands.ts';
import { startDeadline } from '../monitor/deadline.ts';
import { Monitor } from '../monitor/monitor.ts';
import { isQemuError } from '../monitor/qemu-error.ts';
import { describeEnd, ProbedProcess } from './probed-process.ts';
import type { Spawn } from './probed-process.ts';
import type { Accelerator, MachineType, QemuCapabilities } from './qemu-capabilities.ts';

export interface ProbeOptions {
  readonly spawn: Spawn;
  readonly clock: Clock;
  readonly log: Log;
  readonly signal: AbortSignal;
  /** How long the whole may take. */
  readonly deadlineMs: number;
  /** Where the private folder of the monitor's socket is made; default the system's temporary folder. */
  readonly temporaryFolder?: string;
}

/** How long a QEMU whose monitor has failed may take to end and say why. */
const lastWordsMs = 300;

/** What the binary says about itself; which file said it is the cache's business. */
export type ProbedCapabilities = Omit<QemuCapabilities, 'key' | 'binary'>;

/** Throws INTERNAL_ERROR with the binary, how its process ended and its stderr, or the signal's reason. */
export async function probeCapabilities(binary: string, options: ProbeOptions): Promise<ProbedCapabilities> {
  // KVM only where there is no TCG: one that opens but does not work must not be touched here.
  return await askQemu(binary, 'tcg:kvm', options, askCapabilities);
}

/**
 * Asks a QEMU without a machine whatever `ask` asks; `accelerators` as -machine takes them.
 * @throws as probeCapabilities.
 */
export async function askQemu<T>(binary: string, accelerators: string, options: ProbeOptions, ask: (monitor: Monitor, signal: AbortSignal) => Promise<T>): Promise<T> {
  const folder = await mkdtemp(path.join(options.temporaryFolder ?? os.tmpdir(), 'vireo-probe-'));
  try {
    return await askIn(folder, { binary, accelerators }, options, ask);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function askIn<T>(folder: string, { binary, accelerators }: { readonly binary: string; readonly accelerators: string }, options: ProbeOptions, ask: (monitor: Monitor, signal: AbortSignal) => Promise<T>): Promise<T> {
  const { clock, log } = options;
  using deadline = startDeadline(clock, options.deadlineMs, options.signal, () =>
    new VireoError('OPERATION_TIMEOUT', `no answer within ${options.deadlineMs} ms`));
  const socketPath = path.join(folder, 'm');
  await using qemu = new ProbedProcess(options.spawn, clock, binary, probeArguments(socketPath, accelerators));
  const died = new AbortController();
  const stop = (): void => died.abort(deadline.signal.reason);
  deadline.signal.addEventListener('abort', stop);
  void qemu.ended.then((end) => died.abort(new VireoError('INTERNAL_ERROR', `it ${describeEnd(end, qemu.stderr)}`)));
  try {
    const connecting = { path: socketPath, clock, log, deadlineMs: options.deadlineMs, signal: died.signal, waitForSocket: true };
    await using monitor = await Monitor.connect(connecting);
    return await ask(monitor, died.signal);
  } catch (error) {
    options.signal.throwIfAborted();
    // The end of the monitor is noticed before the end of the process, which says more.
    const end = await qemu.endWithin(lastWordsMs, deadline.signal);
    const why = end ? `it ${describeEnd(end, qemu.stderr)}` : asVireoError(error).message;
    throw new VireoError('INTERNAL_ERROR', `failed to probe QEMU binary ${binary}: ${why}`, {
      cause: error,
      details: { binary, stderr: qemu.stderr, ...(end?.kind === 'exit' ? { exitCode: end.code } : {}) },
    });
  } finally {
    deadline.signal.removeEventListener('abort', stop);
  }
}

function probeArguments(socketPath: string, accelerators: string): readonly string[] {
  const monitor = ['-chardev', `socket,id=m,path=${socketPath.replaceAll(',', ',,')},server=on,wait=off`, '-mon', 'chardev=m,mode=control'];
  return ['-S', '-no-user-config', '-nodefaults', '-display', 'none', '-machine', `none,accel=${accelerators}`, ...monitor];
}

/** Whoever answers QMP commands: a monitor, or a recorded conversation with one. */
export type CapabilitySource = Pick<Monitor, 'execute'>;

/** The questions themselves. Throws what the source throws. */
export async function askCapabilities(monitor: CapabilitySource, signal: AbortSignal): Promise<ProbedCapabilities> {
  const options = { signal };
  const types = async (implementing: string): Promise<readonly string[]> => {
    const found = await monitor.execute('qom-list-types', { implements: implementing, abstract: false }, options);
    return found.map((type) => type.name);
  };
  const version = await monitor.execute('query-version', {}, options);
  const target = await monitor.execute('query-target', {}, options);
  const machines = await monitor.execute('query-machines', {}, options);
  const schema = await monitor.execute('query-qmp-schema', {}, options);
  const commandLine = await monitor.execute('query-command-line-options', {}, options);
  const cpus = await monitor.execute('query-cpu-definitions', {}, options).catch((error: unknown) => {
    if (isQemuError(error)) return []; // not every target has it
    throw error;
  });
  const named = (kind: 'command' | 'event'): ReadonlySet<string> =>
    new Set(schema.filter((entry) => entry['meta-type'] === kind).map((entry) => entry.name));
  return {
    arch: libvirtArch(target.arch),
    version: { ...version.qemu, package: version.package },
    machines: machines.map(toMachineType).sort((a, b) => (a.name < b.name ? -1 : 1)),
    deviceTypes: new Set((await types('device')).toSorted()),
    objectTypes: new Set((await types('user-creatable')).toSorted()),
    commands: named('command'),
    events: named('event'),
    cpuModels: cpus.map((cpu) => cpu.name).sort(),
    commandLineOptions: new Map(commandLine.map((each) => [each.option, new Set(each.parameters.map((parameter) => parameter.name))])),
    accelerators: toAccelerators(await types('accel')),
  };
}

function toMachineType(machine: QmpResult<'query-machines'>[number]): MachineType {
  return {
    name: machine.name,
    alias: machine.alias ?? null,
    isDefault: machine['is-default'] ?? false,
    maximumCpus: machine['cpu-max'],
    hotpluggableCpus: machine['hotpluggable-cpus'],
    deprecated: machine.deprecated,
  };
}

/** In our order of preference, whatever the binary's. */
function toAccelerators(types: readonly string[]): readonly Accelerator[] {
  const all: readonly Accelerator[] = ['kvm', 'hvf', 'whpx', 'tcg'];
  return all.filter((accelerator) => types.includes(`${accelerator}-accel`));
}

/** QEMU's names for its targets are libvirt's but for these. */
function libvirtArch(target: string): string {
  if (target === 'i386') return 'i686';
  return target === 'arm' ? 'armv7l' : target;
}
