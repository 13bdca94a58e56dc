/** What the host gives a domain: shares, limits, pins and priorities. The guest sees none of it. */
import { attribute, child, children, childText, type Infer, liveOnly, object, optional, union } from './codec/codec.ts';
import { anyText, integer, oneOf, someText, unsigned, yesNo } from './codec/scalar.ts';
import { attributeChild, fieldsFor, listWithin, section } from './codec/shorthands.ts';
import { cpuSet } from './cpu-set.ts';
import { sizeAttribute } from './memory-size.ts';

const wide = integer(0, Number.MAX_SAFE_INTEGER);
const weight = integer(0, 10_000);
const period = integer(1000, 1_000_000);
const quota = integer(-1, 17_592_186_044_415);

export const blkiotuneElement = section('blkiotune', {
  weight: optional(childText('weight', weight)),
  devices: children('device', object({
    path: childText('path', someText),
    weight: optional(childText('weight', weight)),
    readOperations: optional(childText('read_iops_sec', unsigned)),
    writeOperations: optional(childText('write_iops_sec', unsigned)),
    readBytes: optional(childText('read_bytes_sec', wide)),
    writeBytes: optional(childText('write_bytes_sec', wide)),
  })),
});

const noPriority = object({});
const withPriority = object({ priority: attribute('priority', integer(0, 99)) });
const scheduler = union('scheduler', { batch: noPriority, idle: noPriority, fifo: withPriority, rr: withPriority });
/** Several parts of the same element, `scheduler` last as libvirt prints it. */
const schedulerOf = <const Name extends string>(name: Name) => object({ members: optional(attribute(name, cpuSet)), policy: scheduler });

const cachetuneCodec = object({
  vcpus: attribute('vcpus', cpuSet),
  id: liveOnly(optional(attribute('id', someText))),
  caches: children('cache', object({
    id: attribute('id', unsigned),
    level: attribute('level', unsigned),
    type: attribute('type', oneOf(['both', 'code', 'data'])),
    sizeBytes: sizeAttribute('size', { unit: 'B', spelling: 'pretty' }),
  })),
  monitors: children('monitor', object({ level: attribute('level', unsigned), vcpus: attribute('vcpus', cpuSet) })),
});

const memorytuneCodec = object({
  vcpus: attribute('vcpus', cpuSet),
  id: liveOnly(optional(attribute('id', someText))),
  nodes: children('node', object({ id: attribute('id', unsigned), bandwidth: attribute('bandwidth', unsigned) })),
  monitors: children('monitor', object({ vcpus: attribute('vcpus', cpuSet) })),
});

export const cputuneElement = section('cputune', {
  shares: optional(childText('shares', wide)),
  periodUs: optional(childText('period', period)),
  quotaUs: optional(childText('quota', quota)),
  globalPeriodUs: optional(childText('global_period', period)),
  globalQuotaUs: optional(childText('global_quota', quota)),
  emulatorPeriodUs: optional(childText('emulator_period', period)),
  emulatorQuotaUs: optional(childText('emulator_quota', quota)),
  iothreadPeriodUs: optional(childText('iothread_period', period)),
  iothreadQuotaUs: optional(childText('iothread_quota', quota)),
  vcpupin: children('vcpupin', object({ vcpu: attribute('vcpu', unsigned), cpuset: attribute('cpuset', cpuSet) })),
  emulatorpin: attributeChild('emulatorpin', 'cpuset', cpuSet),
  iothreadpin: children('iothreadpin', object({ iothread: attribute('iothread', unsigned), cpuset: attribute('cpuset', cpuSet) })),
  emulatorsched: optional(child('emulatorsched', scheduler)),
  vcpusched: children('vcpusched', schedulerOf('vcpus')),
  iothreadsched: children('iothreadsched', schedulerOf('iothreads')),
  cachetune: children('cachetune', cachetuneCodec),
  memorytune: children('memorytune', memorytuneCodec),
});

export const resourceElement = section('resource', { partition: optional(childText('partition', someText)), appid: attributeChild('fibrechannel', 'appid', someText) });

const perfEvents = [
  'cmt', 'mbmt', 'mbml', 'cpu_cycles', 'instructions', 'cache_references', 'cache_misses', 'branch_instructions', 'branch_misses', 'bus_cycles',
  'stalled_cycles_frontend', 'stalled_cycles_backend', 'ref_cpu_cycles', 'cpu_clock', 'task_clock', 'page_faults', 'context_switches', 'cpu_migrations',
  'page_faults_min', 'page_faults_maj', 'alignment_faults', 'emulation_faults',
] as const;
export const perfElement = listWithin('perf', 'event', object({ name: attribute('name', oneOf(perfEvents)), enabled: attribute('enabled', yesNo) }));

const rates = ['total_bytes_sec', 'read_bytes_sec', 'write_bytes_sec', 'total_iops_sec', 'read_iops_sec', 'write_iops_sec'] as const;
const limit = <const N extends string>(name: N) => optional(childText(name, wide));

/** Limits that several disks share. The names are libvirt's, which are also QEMU's with other separators. */
export const throttlegroupsElement = listWithin('throttlegroups', 'throttlegroup', object({
  ...fieldsFor(rates, limit),
  ...fieldsFor(rates.map((rate) => `${rate}_max` as const), limit),
  size_iops_sec: limit('size_iops_sec'),
  ...fieldsFor(rates.map((rate) => `${rate}_max_length` as const), limit),
  name: childText('group_name', anyText),
}));

export type CputuneDefinition = NonNullable<Infer<typeof cputuneElement>>;
export type ThrottleGroup = Infer<typeof throttlegroupsElement>[number];
