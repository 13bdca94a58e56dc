/** The contract of dumps and of disk errors, implemented by the modules that know. */
import type { Driver } from '../driver/driver.ts';
import { diskErrors } from '../process/disk-errors.ts';
import { dumpDomain } from '../process/dump.ts';
import type { dumpMethods } from './dump-contract.ts';
import type { Implementation } from './server.ts';

export function dumpService(driver: Driver): Implementation<typeof dumpMethods> {
  return {
    domainCoreDumpWithFormat: (call, { domain, to, ...options }) => driver.on(domain, async (found) => ({ ...(await dumpDomain(driver.context, call, found, { file: to, ...options })) })),
    domainGetDiskErrors: (call, { domain }) => driver.on(domain, async (found) => ({ errors: [...(await diskErrors(call, found))] })),
  };
}
