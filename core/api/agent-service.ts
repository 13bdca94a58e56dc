/** The contract of the guest's agent, implemented by the modules that hold its job. */
import type { Driver } from '../driver/driver.ts';
import { changeAuthorizedKeys, readAuthorizedKeys, setUserPassword } from '../process/agent-accounts.ts';
import { agentCommand, setAgentTimeout } from '../process/agent-command.ts';
import { runInGuest } from '../process/agent-exec.ts';
import { freezeFilesystems, readFreezeStatus, thawFilesystems, trimFilesystems } from '../process/agent-filesystems.ts';
import { readDomainFilesystems, readDomainHostname, readGuestFacts } from '../process/agent-guest-facts.ts';
import { readInterfaceAddresses } from '../process/agent-interfaces.ts';
import { putToSleep, wake } from '../process/agent-sleep.ts';
import { readGuestTime, setGuestTime } from '../process/agent-time.ts';
import { readGuestVcpus, setGuestVcpus } from '../process/agent-vcpus.ts';
import type { agentMethods } from './agent-contract.ts';
import type { Implementation } from './server.ts';

export function agentService(driver: Driver): Implementation<typeof agentMethods> {
  const { context } = driver;
  const done = (work: Promise<void>): Promise<null> => work.then(() => null);
  return {
    qemuDomainAgentCommand: async (call, { domain, command, timeoutSeconds }) => ({ result: await driver.on(domain, (found) => agentCommand(context, call, found, command, timeoutSeconds)) }),
    domainAgentSetResponseTimeout: (_call, { domain, timeoutSeconds }) => done(driver.on(domain, (found) => setAgentTimeout(context, found, timeoutSeconds))),
    domainGetGuestInfo: (call, { domain, types }) => driver.on(domain, (found) => readGuestFacts(context, call, found, types)),
    domainGetHostname: async (call, { domain, source }) => ({ hostname: await driver.on(domain, (found) => readDomainHostname(context, call, found, source)) }),
    domainInterfaceAddresses: async (call, { domain, source }) => ({ interfaces: await driver.on(domain, (found) => readInterfaceAddresses(context, call, found, source)) }),
    domainGetFSInfo: async (call, { domain }) => ({ filesystems: await driver.on(domain, (found) => readDomainFilesystems(context, call, found)) }),
    domainFSFreeze: async (call, { domain, mountpoints }) => ({ frozen: await driver.on(domain, (found) => freezeFilesystems(context, call, found, mountpoints)) }),
    domainFSThaw: async (call, { domain }) => ({ thawed: await driver.on(domain, (found) => thawFilesystems(context, call, found)) }),
    domainFSFreezeStatus: async (call, { domain }) => ({ status: await driver.on(domain, (found) => readFreezeStatus(context, call, found)) }),
    domainFSTrim: async (call, { domain, minimumBytes }) => ({ paths: await driver.on(domain, (found) => trimFilesystems(context, call, found, minimumBytes)) }),
    domainGetTime: (call, { domain }) => driver.on(domain, (found) => readGuestTime(context, call, found)),
    domainSetTime: (call, { domain, time }) => done(driver.on(domain, (found) => setGuestTime(context, call, found, time))),
    domainGetGuestVcpus: (call, { domain }) => driver.on(domain, (found) => readGuestVcpus(context, call, found)),
    domainSetGuestVcpus: (call, { domain, cpus, online }) => done(driver.on(domain, (found) => setGuestVcpus(context, call, found, cpus, online))),
    domainSetUserPassword: (call, { domain, ...password }) => done(driver.on(domain, (found) => setUserPassword(context, call, found, password))),
    domainAuthorizedSSHKeysGet: async (call, { domain, user }) => ({ keys: await driver.on(domain, (found) => readAuthorizedKeys(context, call, found, user)) }),
    domainAuthorizedSSHKeysSet: (call, { domain, user, keys, change }) => done(driver.on(domain, (found) => changeAuthorizedKeys(context, call, found, user, keys, change))),
    domainPMSuspendForDuration: (call, { domain, target }) => done(driver.on(domain, (found) => putToSleep(context, call, found, target))),
    domainPMWakeup: (call, { domain }) => done(driver.on(domain, (found) => wake(call, found))),
    domainGuestExec: (call, { domain, input, timeoutSeconds, ...program }) =>
      driver.on(domain, async (found) => {
        const { output, errors, ...end } = await runInGuest(context, call, found, { ...program, input: input === null ? null : Buffer.from(input, 'base64'), timeoutMs: timeoutSeconds * 1_000 });
        return { ...end, output: output.toString('base64'), errors: errors.toString('base64') };
      }),
  };
}
