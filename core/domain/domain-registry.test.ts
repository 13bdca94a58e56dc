import { expect, test } from 'vitest';
import { VirtualClock, settled } from '../../test/support/virtual-clock.ts';
import { sampleDomain } from '../conf/sample-domain.ts';
import type { DomainDefinition } from '../conf/domain-definition.ts';
import { parseDomain } from '../devices/domain-xml.ts';
import { Call } from '../job/call.ts';
import type { DomainEvent } from './domain-summary.ts';
import { DomainRegistry } from './domain-registry.ts';
import { EventHub } from './event-hub.ts';

const uuid = '0b4a3c52-7a51-4d6f-9d0e-3f1c5c1a7e01';
const definition: DomainDefinition = parseDomain(sampleDomain({ type: 'qemu', name: 'sample', kernel: '/k', initrd: '/i', disk: '/d', memoryMiB: 64 }));
const call = (): Call => new Call({ owner: 'remoteDispatchDomainSave', client: 'a test' });

function makeRegistry(): { registry: DomainRegistry; clock: VirtualClock; events: DomainEvent[] } {
  const clock = new VirtualClock();
  const hub = new EventHub(clock);
  const events: DomainEvent[] = [];
  hub.events.on((event) => void events.push(event));
  return { registry: new DomainRegistry({ clock, hub, saveStatus: () => Promise.resolve() }), clock, events };
}

test('a domain that is neither defined nor running holds its name and UUID and is in no list', () => {
  const { registry } = makeRegistry();
  const domain = registry.add(uuid, 'sample', null);
  expect({ listed: registry.list(), byName: registry.byName('sample'), byUuid: registry.byUuid(uuid) }).toEqual({ listed: [], byName: domain, byUuid: domain });
  expect(() => registry.find('sample')).toThrow("Domain not found: no domain with matching name, id or uuid 'sample'");
});

test('what came to nothing is let go of, with those who wait for it; what is defined stays', async () => {
  const { registry } = makeRegistry();
  const domain = registry.add(uuid, 'sample', null);
  const job = await domain.jobs.begin(call(), 'modify');
  const waiting = domain.jobs.begin(call(), 'modify');
  registry.removeIfNothing(domain);
  await expect(waiting).rejects.toMatchObject({ code: 'NO_DOMAIN', domain: { name: 'sample', uuid } });
  await job[Symbol.asyncDispose]();
  expect(registry.byUuid(uuid)).toBeNull();
  const defined = registry.add(uuid, 'sample', definition);
  registry.removeIfNothing(defined);
  registry.removeIfNothing(domain); // an older one of the same UUID takes nothing with it
  expect(registry.list()).toEqual([defined]);
});

test('the reports of a job are told to clients, however many there are in one moment', async () => {
  const { registry, clock, events } = makeRegistry();
  const domain = registry.add(uuid, 'sample', definition);
  const job = await domain.jobs.beginAsync(call(), 'save');
  clock.advance(1_000);
  await settled();
  events.length = 0;
  for (let percent = 0; percent < 100; percent++) job.report({ remainingMs: 100 - percent });
  clock.advance(1_000);
  await settled();
  expect(events.map(({ type, domain: { name } }) => ({ type, name }))).toEqual([{ type: 'changed', name: 'sample' }]);
  await job[Symbol.asyncDispose]();
});
