/** The contract of tuning, implemented by core/tuning. */
import type { Driver } from '../driver/driver.ts';
import { blkioParameters, setBlkioParameters } from '../tuning/blkio-parameters.ts';
import { memoryParameters, setMemoryParameters } from '../tuning/memory-parameters.ts';
import { numaParameters, setNumaParameters } from '../tuning/numa-parameters.ts';
import { emulatorPin, pinEmulator, pinIothread, pinVcpu, vcpuPins } from '../tuning/pins.ts';
import { schedulerParameters, setSchedulerParameters } from '../tuning/scheduler-parameters.ts';
import type { Implementation } from './server.ts';
import type { tuningMethods } from './tuning-contract.ts';

export function tuningService(driver: Driver): Implementation<typeof tuningMethods> {
  const { context } = driver;
  const done = (work: Promise<void>): Promise<null> => work.then(() => null);
  return {
    domainGetSchedulerParameters: async (_call, { domain, ...affected }) => ({ parameters: await schedulerParameters(driver.find(domain), affected) }),
    domainSetSchedulerParameters: (call, { domain: name, parameters, ...affected }) => done(driver.on(name, (domain) => setSchedulerParameters(context, call, domain, affected, parameters))),
    domainGetVcpuPinInfo: async (_call, { domain, ...affected }) => ({ vcpus: [...(await vcpuPins(driver.find(domain), affected))] }),
    domainPinVcpu: (call, { domain: name, vcpu, cpus, ...affected }) => done(driver.on(name, (domain) => pinVcpu(context, call, domain, affected, vcpu, cpus))),
    domainGetEmulatorPinInfo: async (_call, { domain, ...affected }) => ({ cpus: await emulatorPin(driver.find(domain), affected) }),
    domainPinEmulator: (call, { domain: name, cpus, ...affected }) => done(driver.on(name, (domain) => pinEmulator(context, call, domain, affected, cpus))),
    domainPinIOThread: (call, { domain: name, iothread, cpus, ...affected }) => done(driver.on(name, (domain) => pinIothread(context, call, domain, affected, iothread, cpus))),
    domainGetMemoryParameters: async (_call, { domain, ...affected }) => ({ parameters: await memoryParameters(driver.find(domain), affected) }),
    domainSetMemoryParameters: (call, { domain: name, parameters, ...affected }) => done(driver.on(name, (domain) => setMemoryParameters(context, call, domain, affected, parameters))),
    domainGetBlkioParameters: async (_call, { domain, ...affected }) => {
      const { weight, ...devices } = await blkioParameters(driver.find(domain), affected);
      const copied = Object.fromEntries(Object.entries(devices).map(([name, values]) => [name, values.map((value) => ({ ...value }))])) as Record<keyof typeof devices, { path: string; value: number }[]>;
      return { parameters: { weight, ...copied } };
    },
    domainSetBlkioParameters: (call, { domain: name, parameters, ...affected }) => done(driver.on(name, (domain) => setBlkioParameters(context, call, domain, affected, parameters))),
    domainGetNumaParameters: async (_call, { domain, ...affected }) => numaParameters(driver.find(domain), affected),
    domainSetNumaParameters: (call, { domain: name, mode, nodeset, ...affected }) => done(driver.on(name, (domain) => setNumaParameters(context, call, domain, affected, { mode, nodeset }))),
  };
}
