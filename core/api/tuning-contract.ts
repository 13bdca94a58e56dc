/**
 * The methods about what the host gives a guest: shares, limits, processors, NUMA nodes. Names of parameters are
 * libvirt's, memory is in KiB, times in microseconds. Each concerns the running guest (`live`), its definition (`config`),
 * or where neither is said whichever of the two the domain has.
 */
import { z } from 'zod';

const none = z.null();
const affected = { live: z.boolean().default(false), config: z.boolean().default(false) };
const onDomain = z.object({ domain: z.string().min(1).max(1024), ...affected });
const whole = z.number().int();
const processors = z.string().min(1).max(4096);

const schedulerParameters = z.strictObject({
  cpu_shares: whole, vcpu_period: whole, vcpu_quota: whole, emulator_period: whole, emulator_quota: whole, global_period: whole, global_quota: whole, iothread_period: whole, iothread_quota: whole,
});
/** 9007199254740991 is no limit. */
const memoryParameters = z.strictObject({ hard_limit: whole.nonnegative(), soft_limit: whole.nonnegative(), swap_hard_limit: whole.nonnegative() });

const deviceValues = z.array(z.object({ path: z.string().min(1).max(4096), value: whole.nonnegative() })).max(1024);
const blkioParameters = z.strictObject({
  weight: whole.nonnegative(), device_weight: deviceValues, device_read_iops_sec: deviceValues, device_write_iops_sec: deviceValues, device_read_bytes_sec: deviceValues, device_write_bytes_sec: deviceValues,
});
const numaMode = z.enum(['strict', 'preferred', 'interleave', 'restrictive']);

/** Null for every processor: the pin is taken away. */
const cpus = processors.nullable();

export const tuningMethods = {
  domainGetSchedulerParameters: { access: 'read', params: onDomain, result: z.object({ parameters: schedulerParameters }) },
  domainSetSchedulerParameters: { access: 'write', params: onDomain.extend({ parameters: schedulerParameters.partial() }), result: none },
  domainGetVcpuPinInfo: { access: 'read', params: onDomain, result: z.object({ vcpus: z.array(z.object({ vcpu: whole, cpus: processors })) }) },
  domainPinVcpu: { access: 'write', params: onDomain.extend({ vcpu: whole.nonnegative(), cpus }), result: none },
  domainGetEmulatorPinInfo: { access: 'read', params: onDomain, result: z.object({ cpus: processors }) },
  domainPinEmulator: { access: 'write', params: onDomain.extend({ cpus }), result: none },
  domainPinIOThread: { access: 'write', params: onDomain.extend({ iothread: whole.positive(), cpus }), result: none },
  domainGetMemoryParameters: { access: 'read', params: onDomain, result: z.object({ parameters: memoryParameters }) },
  domainSetMemoryParameters: { access: 'write', params: onDomain.extend({ parameters: memoryParameters.partial() }), result: none },
  domainGetBlkioParameters: { access: 'read', params: onDomain, result: z.object({ parameters: blkioParameters }) },
  domainSetBlkioParameters: { access: 'write', params: onDomain.extend({ parameters: blkioParameters.partial() }), result: none },
  domainGetNumaParameters: { access: 'read', params: onDomain, result: z.object({ mode: numaMode, nodeset: processors.nullable() }) },
  domainSetNumaParameters: { access: 'write', params: onDomain.extend({ mode: numaMode.optional(), nodeset: processors.optional() }), result: none },
} as const;
