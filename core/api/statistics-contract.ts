/**
 * The methods that count: what a domain uses of CPU, memory, disks and network, and a picture of its screen. Names of
 * fields are those of libvirt's domstats (`block.0.rd.bytes`), so that what reads one reads the other. A counter that
 * nobody knows is absent and never 0; one beyond 2^53 has lost its low bits, as JSON has no more.
 */
import { z } from 'zod';
import { dirtyRateModes } from '../statistics/dirty-rate-modes.ts';
import { domainFilters, statisticsGroups } from '../statistics/statistics-record.ts';

const domain = z.string().min(1).max(1024);
const onDomain = z.object({ domain });
const none = z.null();
/** Number, byte, KiB or nanosecond, as the name says; null where QEMU or the host does not tell. */
const counter = z.number();
const orUnknown = counter.nullable();

export const domainStatisticsRecordSchema = z.object({
  domain: z.object({ uuid: z.string(), name: z.string(), id: z.number().int().nullable() }),
  /** When it was sampled, in milliseconds of a clock that is never set back: what rates are computed with. */
  sampledAtMs: z.number(),
  parameters: z.record(z.string(), z.union([z.number(), z.string(), z.boolean()])),
  /** Why what only QEMU's monitor tells is missing; null where it was asked, or nothing of it was wanted. */
  incomplete: z.string().nullable(),
});
export type DomainStatisticsRecord = z.infer<typeof domainStatisticsRecordSchema>;

const memoryStatistics = z.object({
  /** Names of virsh's dommemstat (`actual`, `rss`, `swap_in`, `usable` ...) in its order; memory in KiB. */
  statistics: z.record(z.string(), counter),
  /** The guest's balloon driver reports every so many seconds; 0 is never, null where there is no balloon. */
  periodSeconds: z.number().int().nullable(),
  /** As in a record of all domains' statistics. */
  incomplete: z.string().nullable(),
});

const blockStatistics = z.object({
  /** null where it is the sum of all disks. */
  device: z.string().nullable(),
  readRequests: counter,
  readBytes: counter,
  readTimeNs: counter,
  writeRequests: counter,
  writeBytes: counter,
  writeTimeNs: counter,
  flushRequests: counter,
  flushTimeNs: counter,
});
export type BlockStatistics = z.infer<typeof blockStatistics>;

const blockSizes = z.object({
  target: z.string(),
  source: z.string().nullable(),
  /** What the guest sees. */
  capacityBytes: orUnknown,
  /** What the image takes of its host: for an image on a block device, up to where it has been written. */
  allocationBytes: orUnknown,
  physicalBytes: orUnknown,
  /** Why the sizes are not known. */
  error: z.string().nullable(),
});
export type BlockSizes = z.infer<typeof blockSizes>;

const interfaceStatistics = z.object({
  name: z.string(),
  rxBytes: counter,
  rxPackets: counter,
  rxErrors: counter,
  rxDropped: counter,
  txBytes: counter,
  txPackets: counter,
  txErrors: counter,
  txDropped: counter,
});

const vcpu = z.object({
  number: z.number().int(),
  /** Where it ran last; null where the domain does not run. */
  hostCpu: z.number().int().nullable(),
  /** A vCPU that is plugged in runs; null where the domain does not. */
  state: z.enum(['running']).nullable(),
  cpuTimeNs: orUnknown,
  /** The host's CPUs that it may run on. */
  affinity: z.array(z.number().int()),
});
export type VcpuStatus = z.infer<typeof vcpu>;

const iothread = z.object({ id: z.number().int(), threadId: z.number().int().nullable(), affinity: z.array(z.number().int()) });

export const statisticsMethods = {
  /**
   * Domains that are named and gone are left out; those that do not answer are in the list with what is known without
   * QEMU. A QEMU has a second to answer in, beside many others that answered twice as long as the slowest of those;
   * with `nowait` a domain that anybody holds is not waited for.
   */
  connectGetAllDomainStats: {
    access: 'read',
    params: z.object({
      /** By name, UUID or id; all where none is named. */
      domains: z.array(domain).max(10_000).default([]),
      /** All that there are where none is named. */
      groups: z.array(z.enum(statisticsGroups)).default([]),
      filters: z.array(z.enum(domainFilters)).default([]),
      /** Each image of a disk's chain, not only the one on top. */
      backing: z.boolean().default(false),
      /** Refuse groups that this QEMU cannot tell, instead of leaving them out. */
      enforce: z.boolean().default(false),
      nowait: z.boolean().default(false),
    }),
    result: z.object({ records: z.array(domainStatisticsRecordSchema) }),
  },
  domainMemoryStats: { access: 'read', params: onDomain, result: memoryStatistics },
  /** 0 ends the reports. Neither `live` nor `config` is the domain as it is now. */
  domainSetMemoryStatsPeriod: { access: 'write', params: z.object({ domain, periodSeconds: z.number().int().min(0).max(0x7fff_ffff), live: z.boolean().default(false), config: z.boolean().default(false) }), result: none },
  /** `device` is a target (vda) or an image's path; null is the sum of all. */
  domainBlockStats: { access: 'read', params: z.object({ domain, device: z.string().min(1).max(4096).nullable().default(null) }), result: blockStatistics },
  /** `device` null is every disk that has a medium. */
  domainGetBlockInfo: { access: 'read', params: z.object({ domain, device: z.string().min(1).max(4096).nullable().default(null) }), result: z.object({ disks: z.array(blockSizes) }) },
  /** `device` is the host's name of the interface (vnet0) or its MAC address. */
  domainInterfaceStats: { access: 'read', params: z.object({ domain, device: z.string().min(1).max(256) }), result: interfaceStatistics },
  domainGetCPUStats: {
    access: 'read',
    params: onDomain,
    result: z.object({
      total: z.object({ cpuTimeNs: counter, userTimeNs: counter, systemTimeNs: counter }),
      /** By number of the host's CPU; null where the host does not count them one by one. */
      perCpu: z.array(z.object({ cpu: z.number().int(), cpuTimeNs: counter })).nullable(),
    }),
  },
  domainGetVcpus: { access: 'read', params: onDomain, result: z.object({ vcpus: z.array(vcpu), hostCpus: z.number().int() }) },
  /** How many vCPUs; `live` is null where the domain does not run, `config` where it is transient. */
  domainGetVcpusFlags: { access: 'read', params: onDomain, result: z.object({ config: z.object({ maximum: z.number().int(), current: z.number().int() }).nullable(), live: z.object({ maximum: z.number().int(), current: z.number().int() }).nullable() }) },
  domainGetIOThreadInfo: { access: 'read', params: z.object({ domain, config: z.boolean().default(false) }), result: z.object({ iothreads: z.array(iothread), hostCpus: z.number().int() }) },
  /** Measures for so many seconds how fast the guest writes memory; the result is in the group `dirtyrate`. */
  domainStartDirtyRateCalc: { access: 'write', params: z.object({ domain, seconds: z.number().int().min(1).max(60).default(1), mode: z.enum(dirtyRateModes).default('page-sampling') }), result: none },
  /** What the screen shows now. `screen` counts the domain's video cards and their heads from 0. */
  domainScreenshot: {
    access: 'read',
    params: z.object({ domain, screen: z.number().int().min(0).max(255).default(0) }),
    result: z.object({ mediaType: z.enum(['image/png', 'image/x-portable-pixmap']), widthPixels: z.number().int(), heightPixels: z.number().int(), image: z.base64().max(28_000_000) }),
  },
} as const;
