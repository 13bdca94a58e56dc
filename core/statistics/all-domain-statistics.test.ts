import { expect, test } from 'vitest';
import { systemClock } from '../base/clock.ts';
import { sampleDomain } from '../conf/sample-domain.ts';
import { parseDomain } from '../devices/domain-xml.ts';
import { DomainRegistry } from '../domain/domain-registry.ts';
import { EventHub } from '../domain/event-hub.ts';
import { Call } from '../job/call.ts';
import type { ProcessContext } from '../process/process-context.ts';
import { allDomainStatistics } from './all-domain-statistics.ts';

const definition = parseDomain(sampleDomain({ type: 'qemu', name: 'sample', kernel: '/k', initrd: '/i', disk: '/d', memoryMiB: 64 }));

test('a domain that is undefined before its turn comes is left out, as one that is gone is', async () => {
  const hub = new EventHub(systemClock);
  const registry = new DomainRegistry({ clock: systemClock, hub, saveStatus: () => Promise.resolve() });
  const domains = Array.from({ length: 60 }, (_, number) => registry.add(`0b4a3c52-7a51-4d6f-9d0e-3f1c5c1a7e${String(number).padStart(2, '0')}`, `sample-${number}`, definition));
  const last = domains.at(-1)!;
  const asked = allDomainStatistics({ clock: systemClock, registry } as unknown as ProcessContext, new Call({ owner: 'remoteDispatchConnectGetAllDomainStats', client: 'a test' }), { domains: [], groups: ['state', 'vcpu'], filters: [], backing: false, enforce: false, nowait: false });
  last.persistent = null;
  registry.removeIfNothing(last);
  const records = await asked;
  expect(records.map(({ domain }) => domain.name)).toEqual(domains.slice(0, -1).map(({ name }) => name));
});
