/** The contract of what is counted, implemented by core/statistics. */
import type { Driver } from '../driver/driver.ts';
import { allDomainStatistics } from '../statistics/all-domain-statistics.ts';
import { startDirtyRate } from '../statistics/dirty-rate.ts';
import { setMemoryStatisticsPeriod } from '../statistics/memory-period.ts';
import { domainCpuStatistics } from '../statistics/cpu-statistics.ts';
import { domainBlockSizes, domainBlockStatistics, domainInterfaceStatistics, domainMemoryStatistics } from '../statistics/one-domain.ts';
import { takeScreenshot } from '../statistics/screenshot.ts';
import { domainIothreads, domainVcpus, vcpuCounts } from '../statistics/thread-placement.ts';
import type { Implementation } from './server.ts';
import type { statisticsMethods } from './statistics-contract.ts';

export function statisticsService(driver: Driver): Implementation<typeof statisticsMethods> {
  const { context } = driver;
  return {
    connectGetAllDomainStats: async (call, request) => ({ records: [...(await allDomainStatistics(context, call, request))] }),
    domainMemoryStats: (call, { domain }) => driver.on(domain, (each) => domainMemoryStatistics(context, call, each)),
    domainSetMemoryStatsPeriod: async (call, { domain, ...change }) => {
      await driver.on(domain, (each) => setMemoryStatisticsPeriod(context, call, each, change));
      return null;
    },
    domainBlockStats: (call, { domain, device }) => driver.on(domain, (each) => domainBlockStatistics(context, call, each, device)),
    domainGetBlockInfo: async (call, { domain, device }) => ({ disks: [...(await driver.on(domain, (each) => domainBlockSizes(context, call, each, device)))] }),
    domainInterfaceStats: async (_call, { domain, device }) => {
      const { name, rx, tx } = await driver.on(domain, (each) => domainInterfaceStatistics(each, device));
      return { name, rxBytes: rx.bytes, rxPackets: rx.packets, rxErrors: rx.errors, rxDropped: rx.dropped, txBytes: tx.bytes, txPackets: tx.packets, txErrors: tx.errors, txDropped: tx.dropped };
    },
    domainGetCPUStats: (_call, { domain }) => driver.on(domain, (each) => domainCpuStatistics(context, each)),
    domainGetVcpus: (_call, { domain }) => driver.on(domain, (each) => domainVcpus(each)),
    domainGetVcpusFlags: (_call, { domain }) => Promise.resolve(vcpuCounts(driver.find(domain))),
    domainGetIOThreadInfo: (_call, { domain, config }) => driver.on(domain, (each) => domainIothreads(each, config)),
    domainStartDirtyRateCalc: async (call, { domain, ...measure }) => {
      await driver.on(domain, (each) => startDirtyRate(call, each, measure));
      return null;
    },
    domainScreenshot: async (call, { domain, screen }) => {
      const { image, ...picture } = await driver.on(domain, (each) => takeScreenshot(context, call, each, screen));
      return { ...picture, image: image.toString('base64') };
    },
  };
}
