/** What a fake host counts. */
import type { Implementation } from '../../core/api/server.ts';
import type { statisticsMethods } from '../../core/api/statistics-contract.ts';

const onePixel = Buffer.from('P6\n1 1\n255\nabc');

export function fakeStatistics(nameOf: (reference: string) => { readonly uuid: string; readonly name: string; readonly id: number | null }): Implementation<typeof statisticsMethods> {
  return {
    connectGetAllDomainStats: async (_call, { domains, nowait }) => ({
      records: domains.map((reference, index) => ({
        domain: nameOf(reference),
        sampledAtMs: 0,
        parameters: { 'state.state': 1, 'block.0.name': 'vda', 'vcpu.0.halted': true },
        incomplete: index === 1 || nowait ? "QEMU does not answer 'query-balloon' for 3 s" : null,
      })),
    }),
    domainMemoryStats: async () => ({ statistics: { actual: 65_536, last_update: 5, rss: 4_096 }, periodSeconds: 5, incomplete: null }),
    domainSetMemoryStatsPeriod: async () => null,
    domainBlockStats: async (_call, { device }) => ({ device, readRequests: 1, readBytes: 512, readTimeNs: 7, writeRequests: 2, writeBytes: 1024, writeTimeNs: 8, flushRequests: 3, flushTimeNs: 9 }),
    domainGetBlockInfo: async (_call, { device }) => ({
      disks: [
        { target: device ?? 'vda', source: '/a', capacityBytes: 1_073_741_824, allocationBytes: 4_096, physicalBytes: 5_000, error: null },
        ...(device === null ? [{ target: 'vdb', source: '/b', capacityBytes: null, allocationBytes: null, physicalBytes: null, error: 'no such file' }] : []),
      ],
    }),
    domainInterfaceStats: async () => ({ name: 'vnet0', rxBytes: 1, rxPackets: 2, rxErrors: 3, rxDropped: 4, txBytes: 5, txPackets: 6, txErrors: 7, txDropped: 8 }),
    domainGetCPUStats: async () => ({ total: { cpuTimeNs: 12_345_678_901, userTimeNs: 1, systemTimeNs: 0 }, perCpu: [{ cpu: 0, cpuTimeNs: 5 }, { cpu: 1, cpuTimeNs: 6 }] }),
    domainGetVcpus: async () => ({ vcpus: [{ number: 0, hostCpu: 1, state: 'running', cpuTimeNs: 1_250_000_000, affinity: [0, 1] }, { number: 2, hostCpu: null, state: null, cpuTimeNs: null, affinity: [3] }], hostCpus: 4 }),
    domainGetVcpusFlags: async () => ({ config: { maximum: 4, current: 2 }, live: { maximum: 4, current: 3 } }),
    domainGetIOThreadInfo: async (_call, { config }) => ({ iothreads: config ? [] : [{ id: 1, threadId: 4712, affinity: [0, 1, 3] }], hostCpus: 4 }),
    domainStartDirtyRateCalc: async () => null,
    domainScreenshot: async () => ({ mediaType: 'image/x-portable-pixmap', widthPixels: 1, heightPixels: 1, image: onePixel.toString('base64') }),
  };
}
