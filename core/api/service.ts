/** The contract, implemented by the driver: one line a method, so that what a method does is found in the driver. */
import { VireoError } from '../base/errors.ts';
import type { CapabilitiesDocuments } from '../driver/documents/capabilities-documents.ts';
import { checkDefinition } from '../driver/check-definition.ts';
import type { Driver } from '../driver/driver.ts';
import type { Defined } from '../driver/definitions.ts';
import { importFolder } from '../driver/import-folder.ts';
import { migratableXml } from '../driver/migratable-xml.ts';
import { definitionFromNative, nativeCommandLine } from '../driver/native.ts';
import type { Call } from '../job/call.ts';
import type { HostStatus, Methods } from './contract.ts';
import { agentService } from './agent-service.ts';
import { consoleHistoryService } from './console-history-service.ts';
import { type HostWindows, displayFactsService } from './display-facts-service.ts';
import { dumpService } from './dump-service.ts';
import { migrationService } from './migration-service.ts';
import { saveService } from './save-service.ts';
import { secretService } from './secret-service.ts';
import { statisticsService } from './statistics-service.ts';
import type { Implementation } from './server.ts';
import { timelineService } from './timeline-service.ts';
import { tuningService } from './tuning-service.ts';

export interface ServiceParts {
  readonly driver: Driver;
  readonly status: () => Promise<HostStatus>;
  readonly handOver: () => void;
  readonly windows: () => HostWindows | null;
  readonly documents: CapabilitiesDocuments;
  readonly defineSample: (call: Call, name: string) => Promise<Defined>;
}

export function driverService({ driver, status, handOver, windows, documents, defineSample }: ServiceParts): Implementation<Methods> {
  const defined = ({ domain, notUnderstood }: Defined): { domain: ReturnType<Driver['list']>['domains'][number]; notUnderstood: { path: string; line: number }[] } => ({
    domain: driver.summaryOf(domain),
    notUnderstood: [...notUnderstood],
  });
  const done = (work: Promise<void>): Promise<null> => work.then(() => null);
  return {
    hostGetStatus: () => status(),
    ...agentService(driver),
    ...consoleHistoryService(driver),
    ...displayFactsService(driver, windows),
    ...dumpService(driver),
    ...migrationService(driver),
    ...saveService(driver),
    ...secretService(driver.context.secrets),
    ...statisticsService(driver),
    ...timelineService(driver.context),
    ...tuningService(driver),
    hostHandOver: async () => {
      handOver();
      return null;
    },
    connectListAllDomains: async () => driver.list(),
    connectGetCapabilities: async (call) => ({ xml: await documents.host(call.signal) }),
    connectGetDomainCapabilities: async (call, request) => ({ xml: await documents.domain(request, call.signal) }),
    domainLookup: async (_call, { domain }) => driver.find(domain).summary(),
    domainDefineXML: async (call, { xml, source }) => defined(await driver.define(call, xml, source)),
    domainCreateXML: async (call, { xml, source, ...options }) => defined(await driver.create(call, xml, source, options)),
    domainUndefine: (call, { domain, ...options }) => done(driver.undefine(call, domain, options)),
    domainCreate: async (call, { domain, ...options }) => driver.summaryOf(await driver.start(call, domain, options)),
    domainSetAutostart: (call, { domain, autostart }) => done(driver.setAutostart(call, domain, autostart)),
    domainShutdown: (call, { domain, mode }) => done(driver.shutdown(call, domain, mode)),
    domainReboot: (call, { domain, mode }) => done(driver.reboot(call, domain, mode)),
    domainReset: (call, { domain }) => done(driver.reset(call, domain)),
    domainDestroy: (call, { domain, graceful }) => done(driver.destroy(call, domain, graceful)),
    domainInjectNMI: (call, { domain }) => done(driver.injectNmi(call, domain)),
    domainSendKey: (call, { domain, ...press }) => done(driver.sendKeys(call, domain, press)),
    domainSuspend: (call, { domain }) => done(driver.suspend(call, domain)),
    domainResume: (call, { domain }) => done(driver.resume(call, domain)),
    domainGetInfo: (_call, { domain }) => driver.info(domain),
    connectCheckDomainXML: (_call, { xml }) => checkDefinition(driver.context, xml),
    connectImportFolder: (call, { folder, dryRun }) => importFolder(driver, call, { folder, dryRun }),
    domainGetXMLDesc: async (_call, { domain, migratable, ...form }) => ({ xml: migratable ? await migratableXml(driver.context, driver.find(domain), form) : driver.xml(domain, form) }),
    connectDomainXMLToNative: (_call, { xml, domain, capabilities }) => {
      if (xml !== undefined) return nativeCommandLine(driver.context, { xml }, capabilities);
      if (domain !== undefined) return nativeCommandLine(driver.context, { domain: driver.find(domain) }, capabilities);
      return Promise.reject(new VireoError('INVALID_ARG', 'connectDomainXMLToNative needs an xml or a domain'));
    },
    connectDomainXMLFromNative: async (_call, { config }) => ({ xml: await definitionFromNative(driver.context, config) }),
    domainGetControlInfo: async (_call, { domain }) => driver.controlInfo(domain),
    domainGetJobStats: async (_call, { domain, completed }) => driver.jobStatistics(domain, completed),
    domainAbortJob: (call, { domain }) => done(driver.abortJob(call, domain)),
    domainGetLog: (_call, { domain, maximumBytes }) => driver.log(domain, maximumBytes),
    qemuDomainMonitorCommand: async (call, { domain, command, hmp }) => ({ result: await driver.monitorCommand(call, domain, command, hmp) }),
    sampleGuestDefine: async (call, { name }) => defined(await defineSample(call, name)),
  };
}
