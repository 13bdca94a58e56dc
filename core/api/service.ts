/** The contract, implemented by the driver: one line a method, so that what a method does is found in the driver. */
import { VireoError } from '../base/errors.ts';
import type { CapabilitiesDocuments } from '../driver/documents/capabilities-documents.ts';
import type { Driver } from '../driver/driver.ts';
import type { Defined } from '../driver/definitions.ts';
import type { Call } from '../job/call.ts';
import type { HostStatus, Methods } from './contract.ts';
import type { Implementation } from './server.ts';

export interface ServiceParts {
  readonly driver: Driver;
  readonly status: () => Promise<HostStatus>;
  readonly handOver: () => void;
  readonly documents: CapabilitiesDocuments;
  readonly defineSample: (call: Call, name: string) => Promise<Defined>;
}

export function driverService({ driver, status, handOver, documents, defineSample }: ServiceParts): Implementation<Methods> {
  const defined = ({ domain, notUnderstood }: Defined): { domain: ReturnType<Driver['list']>['domains'][number]; notUnderstood: { path: string; line: number }[] } => ({
    domain: driver.summaryOf(domain),
    notUnderstood: [...notUnderstood],
  });
  const done = (work: Promise<void>): Promise<null> => work.then(() => null);
  return {
    hostGetStatus: () => status(),
    hostHandOver: async () => {
      handOver();
      return null;
    },
    connectListAllDomains: async () => driver.list(),
    connectGetCapabilities: async (call) => ({ xml: await documents.host(call.signal) }),
    connectGetDomainCapabilities: async (call, request) => ({ xml: await documents.domain(request, call.signal) }),
    domainLookup: async (_call, { domain }) => driver.find(domain).summary(),
    domainDefineXML: async (call, { xml, source }) => defined(await driver.define(call, xml, source)),
    domainCreateXML: async (call, { xml, source, paused }) => defined(await driver.create(call, xml, source, paused)),
    domainUndefine: (call, { domain }) => done(driver.undefine(call, domain)),
    domainCreate: async (call, { domain, paused }) => driver.summaryOf(await driver.start(call, domain, paused)),
    domainShutdown: (call, { domain, mode }) => done(driver.shutdown(call, domain, mode)),
    domainReboot: (call, { domain, mode }) => done(driver.reboot(call, domain, mode)),
    domainReset: (call, { domain }) => done(driver.reset(call, domain)),
    domainDestroy: (call, { domain, graceful }) => done(driver.destroy(call, domain, graceful)),
    domainSuspend: (call, { domain }) => done(driver.suspend(call, domain)),
    domainResume: (call, { domain }) => done(driver.resume(call, domain)),
    domainGetInfo: (_call, { domain }) => driver.info(domain),
    domainGetXMLDesc: async (_call, { domain, inactive, secure }) => ({ xml: driver.xml(domain, { inactive, secure }) }),
    connectDomainXMLToNative: (_call, { xml, domain }) => {
      if (xml !== undefined) return driver.toNative({ xml });
      if (domain !== undefined) return driver.toNative({ reference: domain });
      return Promise.reject(new VireoError('INVALID_ARG', 'connectDomainXMLToNative needs an xml or a domain'));
    },
    domainGetControlInfo: async (_call, { domain }) => driver.controlInfo(domain),
    domainGetJobStats: async (_call, { domain, completed }) => ({ statistics: driver.jobStatistics(domain, completed) }),
    domainAbortJob: (call, { domain }) => done(driver.abortJob(call, domain)),
    domainGetLog: (_call, { domain, maximumBytes }) => driver.log(domain, maximumBytes),
    qemuDomainMonitorCommand: async (call, { domain, command, hmp }) => ({ result: await driver.monitorCommand(call, domain, command, hmp) }),
    sampleGuestDefine: async (call, { name }) => defined(await defineSample(call, name)),
  };
}
