/** What the host gives a guest: schedinfo, vcpupin, emulatorpin, iothreadpin, memtune, blkiotune, numatune. */
import type { MethodInput, MethodResult } from '../../core/api/contract.ts';
import { type Command, command, domainOption } from '../command.ts';
import { CommandError } from '../command-error.ts';
import { lookUp } from '../domain-call.ts';
import { assertExclusive } from '../option-grammar.ts';
import { formatTable } from '../table.ts';

const affectedOptions = {
  config: { type: 'boolean', help: 'affect next boot' },
  live: { type: 'boolean', help: 'affect running domain' },
  current: { type: 'boolean', help: 'affect current domain' },
} as const;

interface AffectedValues {
  readonly config: boolean;
  readonly live: boolean;
  readonly current: boolean;
}

/** `isQuestion`: one answer cannot be about both. */
function affectedBy(values: AffectedValues, isQuestion: boolean): { live: boolean; config: boolean } {
  for (const other of ['live', 'config'] as const) assertExclusive({ ...values }, 'current', other);
  if (isQuestion) assertExclusive({ ...values }, 'live', 'config');
  return { live: values.live, config: values.config };
}

function parameterLine(name: string, value: string | number): string {
  return `${name.padEnd(15)}: ${value}`;
}

type SchedulerParameters = MethodResult<'domainGetSchedulerParameters'>['parameters'];

export const schedinfo: Command = command({
  name: 'schedinfo',
  group: 'domain',
  summary: 'show/set scheduler parameters',
  description: 'Show/Set scheduler parameters.',
  options: {
    domain: domainOption,
    current: { type: 'boolean', help: 'get/set current scheduler info' },
    config: { type: 'boolean', help: 'get/set value to be used on next boot' },
    live: { type: 'boolean', help: 'get/set value from running domain' },
    set: { type: 'strings', help: 'parameter=value' },
  },
  async run({ client, output, interrupted }, values) {
    const affected = affectedBy(values, values.set.length === 0);
    const host = await client();
    const { uuid } = await lookUp(host, values.domain, interrupted);
    const asked = affected.live && affected.config ? { live: false, config: false } : affected;
    const ask = () => host.call('domainGetSchedulerParameters', { domain: uuid, ...asked }, { signal: interrupted });
    if (values.set.length > 0) await host.call('domainSetSchedulerParameters', { domain: uuid, ...affected, parameters: parsedParameters(values.set) }, { signal: interrupted });
    const answer = await ask();
    output.result(answer, () => [parameterLine('Scheduler', 'posix'), ...Object.entries(answer.parameters).map(([name, value]) => parameterLine(name, value))]);
  },
});

const schedulerNames = ['cpu_shares', 'vcpu_period', 'vcpu_quota', 'emulator_period', 'emulator_quota', 'global_period', 'global_quota', 'iothread_period', 'iothread_quota'] as const satisfies readonly (keyof SchedulerParameters)[];

function parsedParameters(words: readonly string[]): Partial<SchedulerParameters> {
  return Object.fromEntries(words.map((word) => {
    const [, name = '', value = ''] = /^([^=]*)=(.*)$/s.exec(word) ?? [];
    if (name === '') throw new CommandError('INVALID_ARG', 'Invalid syntax for --set, expecting name=value');
    const known = schedulerNames.find((each) => each === name);
    if (!known) throw new CommandError('INVALID_ARG', `invalid scheduler option: ${name}`);
    if (!/^-?\d{1,16}$/.test(value)) throw new CommandError('INVALID_ARG', `Invalid value for field '${name}': expected a whole number`);
    return [known, Number(value)];
  }));
}

/** virsh's `r` is every processor. */
function cpusOf(list: string): string | null {
  return list.startsWith('r') ? null : list;
}

export const vcpupin: Command = command({
  name: 'vcpupin',
  group: 'domain',
  summary: 'control or query domain vcpu affinity',
  description: 'Pin domain VCPUs to host physical CPUs.',
  options: {
    domain: domainOption,
    vcpu: { type: 'number', least: 0, help: 'vcpu number' },
    cpulist: { type: 'string', help: 'host cpu number(s) to set, or omit option to query' },
    ...affectedOptions,
  },
  async run({ client, output, interrupted }, values) {
    const { vcpu, cpulist } = values;
    const affected = affectedBy(values, cpulist === null);
    if (cpulist !== null && vcpu === null) throw new CommandError('INVALID_ARG', 'vcpupin: Missing vCPU number in pin mode.');
    const host = await client();
    const { uuid } = await lookUp(host, values.domain, interrupted);
    if (cpulist !== null) {
      await host.call('domainPinVcpu', { domain: uuid, ...affected, vcpu: vcpu ?? 0, cpus: cpusOf(cpulist) }, { signal: interrupted });
      return output.result(null, () => []);
    }
    const answer = await host.call('domainGetVcpuPinInfo', { domain: uuid, ...affected }, { signal: interrupted });
    const shown = answer.vcpus.filter((pin) => vcpu === null || pin.vcpu === vcpu);
    if (shown.length === 0) throw new CommandError('INVALID_ARG', `vcpu ${vcpu} is out of range of cpu count ${answer.vcpus.length}`);
    output.result({ vcpus: shown }, () => formatTable(['VCPU', 'CPU Affinity'], shown.map((pin) => [String(pin.vcpu), pin.cpus]), { withHead: !output.quiet }));
  },
});

export const emulatorpin: Command = command({
  name: 'emulatorpin',
  group: 'domain',
  summary: 'control or query domain emulator affinity',
  description: 'Pin domain emulator threads to host physical CPUs.',
  options: { domain: domainOption, cpulist: { type: 'string', help: 'host cpu number(s) to set, or omit option to query' }, ...affectedOptions },
  async run({ client, output, interrupted }, values) {
    const { cpulist } = values;
    const affected = affectedBy(values, cpulist === null);
    const host = await client();
    const { uuid } = await lookUp(host, values.domain, interrupted);
    if (cpulist !== null) {
      await host.call('domainPinEmulator', { domain: uuid, ...affected, cpus: cpusOf(cpulist) }, { signal: interrupted });
      return output.result(null, () => []);
    }
    const answer = await host.call('domainGetEmulatorPinInfo', { domain: uuid, ...affected }, { signal: interrupted });
    output.result(answer, () => (output.quiet ? [answer.cpus] : ['emulator: CPU Affinity', '-'.repeat(34), `       *: ${answer.cpus}`]));
  },
});

export const iothreadpin: Command = command({
  name: 'iothreadpin',
  group: 'domain',
  summary: 'control domain IOThread affinity',
  description: 'Pin domain IOThreads to host physical CPUs.',
  options: {
    domain: domainOption,
    iothread: { type: 'number', required: true, help: 'IOThread ID number' },
    cpulist: { type: 'string', required: true, help: 'host cpu number(s) to set' },
    ...affectedOptions,
  },
  async run({ client, output, interrupted }, values) {
    const affected = affectedBy(values, false);
    const host = await client();
    const { uuid } = await lookUp(host, values.domain, interrupted);
    await host.call('domainPinIOThread', { domain: uuid, ...affected, iothread: values.iothread, cpus: cpusOf(values.cpulist) }, { signal: interrupted });
    output.result(null, () => []);
  },
});

const unlimitedKiB = 9_007_199_254_740_991;

export const memtune: Command = command({
  name: 'memtune',
  group: 'domain',
  summary: 'Get or set memory parameters',
  description: 'Get or set the current memory parameters for a guest domain. -1 lifts a limit.',
  options: {
    domain: domainOption,
    'hard-limit': { type: 'string', help: 'Max memory, as scaled integer (default KiB)' },
    'soft-limit': { type: 'string', help: 'Memory during contention, as scaled integer (default KiB)' },
    'swap-hard-limit': { type: 'string', help: 'Max memory plus swap, as scaled integer (default KiB)' },
    ...affectedOptions,
  },
  async run({ client, output, interrupted }, values) {
    const parameters = given({ hard_limit: sizeKiB('hard-limit', values['hard-limit']), soft_limit: sizeKiB('soft-limit', values['soft-limit']), swap_hard_limit: sizeKiB('swap-hard-limit', values['swap-hard-limit']) });
    const isQuestion = Object.keys(parameters).length === 0;
    const affected = affectedBy(values, isQuestion);
    const host = await client();
    const { uuid } = await lookUp(host, values.domain, interrupted);
    if (!isQuestion) {
      await host.call('domainSetMemoryParameters', { domain: uuid, ...affected, parameters }, { signal: interrupted });
      return output.result(null, () => []);
    }
    const answer = await host.call('domainGetMemoryParameters', { domain: uuid, ...affected }, { signal: interrupted });
    output.result(answer, () => Object.entries(answer.parameters).map(([name, value]) => parameterLine(name, value >= unlimitedKiB ? 'unlimited' : value)));
  },
});

const binaryUnits: Readonly<Record<string, number>> = { '': 1024, b: 1, byte: 1, bytes: 1, k: 1024, kib: 1024, m: 1024 ** 2, mib: 1024 ** 2, g: 1024 ** 3, gib: 1024 ** 3, t: 1024 ** 4, tib: 1024 ** 4, kb: 1000, mb: 1e6, gb: 1e9, tb: 1e12 };

/** Rounded up to whole KiB. */
function sizeKiB(option: string, text: string | null): number | undefined {
  if (text === null) return undefined;
  if (/^-\d+$/.test(text)) return unlimitedKiB;
  const [, digits, unit = ''] = /^(\d{1,15})\s*([a-z]*)$/i.exec(text) ?? [];
  const scale = binaryUnits[unit.toLowerCase()];
  if (digits === undefined || scale === undefined) throw new CommandError('INVALID_ARG', `Unable to parse integer parameter ${option}`);
  return Math.min(unlimitedKiB, Math.ceil((Number(digits) * scale) / 1024));
}

type BlkioParameters = MethodInput<'domainSetBlkioParameters'>['parameters'];

export const blkiotune: Command = command({
  name: 'blkiotune',
  group: 'domain',
  summary: 'Get or set blkio parameters',
  description: 'Get or set the current blkio parameters for a guest domain.',
  options: {
    domain: domainOption,
    weight: { type: 'number', help: 'IO Weight' },
    'device-weights': { type: 'string', help: 'per-device IO Weights, in the form of /path/to/device,weight,...' },
    'device-read-iops-sec': { type: 'string', help: 'per-device read I/O limit per second, in the form of /path/to/device,read_iops_sec,...' },
    'device-write-iops-sec': { type: 'string', help: 'per-device write I/O limit per second, in the form of /path/to/device,write_iops_sec,...' },
    'device-read-bytes-sec': { type: 'string', help: 'per-device bytes read per second, in the form of /path/to/device,read_bytes_sec,...' },
    'device-write-bytes-sec': { type: 'string', help: 'per-device bytes written per second, in the form of /path/to/device,write_bytes_sec,...' },
    ...affectedOptions,
  },
  async run({ client, output, interrupted }, values) {
    const parameters: BlkioParameters = given({
      weight: values.weight ?? undefined,
      device_weight: deviceValues(values['device-weights']), device_read_iops_sec: deviceValues(values['device-read-iops-sec']), device_write_iops_sec: deviceValues(values['device-write-iops-sec']),
      device_read_bytes_sec: deviceValues(values['device-read-bytes-sec']), device_write_bytes_sec: deviceValues(values['device-write-bytes-sec']),
    });
    const isQuestion = Object.keys(parameters).length === 0;
    const affected = affectedBy(values, isQuestion);
    const host = await client();
    const { uuid } = await lookUp(host, values.domain, interrupted);
    if (!isQuestion) {
      await host.call('domainSetBlkioParameters', { domain: uuid, ...affected, parameters }, { signal: interrupted });
      return output.result(null, () => []);
    }
    const answer = await host.call('domainGetBlkioParameters', { domain: uuid, ...affected }, { signal: interrupted });
    output.result(answer, () => Object.entries(answer.parameters).map(([name, value]) => parameterLine(name, typeof value === 'number' ? value : value.map((each) => `${each.path},${each.value}`).join(','))));
  },
});

/** `/dev/sda,500,/dev/sdb,300` */
function deviceValues(text: string | null): { path: string; value: number }[] | undefined {
  if (text === null) return undefined;
  const words = text.split(',');
  const pairs = words.flatMap((path, at) => (at % 2 === 0 ? [{ path, value: words[at + 1] ?? '' }] : []));
  if (words.length % 2 !== 0 || pairs.some(({ path, value }) => path === '' || !/^\d{1,15}$/.test(value))) throw new CommandError('INVALID_ARG', `unable to parse blkio device setting '${text}'`);
  return pairs.map(({ path, value }) => ({ path, value: Number(value) }));
}

const numaModes = ['strict', 'preferred', 'interleave', 'restrictive'] as const;

export const numatune: Command = command({
  name: 'numatune',
  group: 'domain',
  summary: 'Get or set numa parameters',
  description: 'Get or set the current numa parameters for a guest domain.',
  options: {
    domain: domainOption,
    mode: { type: 'string', help: `NUMA mode, one of ${numaModes.join(', ')}` },
    nodeset: { type: 'string', help: 'NUMA node selections to set' },
    ...affectedOptions,
  },
  async run({ client, output, interrupted }, values) {
    // libvirt numbers its modes in this order.
    const mode = numaModes.find((each, number) => each === values.mode || String(number) === values.mode);
    if (values.mode !== null && mode === undefined) throw new CommandError('INVALID_ARG', `Invalid mode: ${values.mode}`);
    const changes = given({ mode, nodeset: values.nodeset ?? undefined });
    const isQuestion = Object.keys(changes).length === 0;
    const affected = affectedBy(values, isQuestion);
    const host = await client();
    const { uuid } = await lookUp(host, values.domain, interrupted);
    if (!isQuestion) {
      await host.call('domainSetNumaParameters', { domain: uuid, ...affected, ...changes }, { signal: interrupted });
      return output.result(null, () => []);
    }
    const answer = await host.call('domainGetNumaParameters', { domain: uuid, ...affected }, { signal: interrupted });
    output.result(answer, () => [parameterLine('numa_mode', answer.mode), parameterLine('numa_nodeset', answer.nodeset ?? '')]);
  },
});

/** What was said, without what was not. */
function given<T extends Readonly<Record<string, unknown>>>(values: T): { [K in keyof T]?: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined)) as { [K in keyof T]?: Exclude<T[K], undefined> };
}
