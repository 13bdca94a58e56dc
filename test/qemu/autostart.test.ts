/** Domains that start with the computer's session, on real QEMU. */
import { readFile, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { expect, test } from 'vitest';
import type { DomainEvent, DomainSummary } from '../../core/domain/domain-summary.ts';
import { type TestHost, openTestHost } from '../support/open-test-host.ts';

const xml = (name: string, more = ''): string => `<domain type='qemu'><name>${name}</name><memory unit='MiB'>32</memory><os><type arch='x86_64' machine='q35'>hvm</type></os><devices>${more}</devices></domain>`;
const missingDisk = "<disk type='file' device='disk'><driver name='qemu' type='raw'/><source file='/nowhere/to/be.raw'/><target dev='vda' bus='virtio'/></disk>";
const lookup = (host: TestHost, domain: string): Promise<DomainSummary> => host.client.call('domainLookup', { domain });
const doneFile = (host: TestHost): string => path.join(host.home, 'autostart-done.json');

async function define(host: TestHost, name: string, more = ''): Promise<string> {
  return (await host.client.call('domainDefineXML', { xml: xml(name, more) })).domain.uuid;
}

/** The state folder as it is after the machine was started anew: nobody has started anything yet. */
async function reboot(host: TestHost): Promise<void> {
  await host.close();
  await writeFile(doneFile(host), JSON.stringify({ version: 1, boot: 'an earlier one' }));
  await host.open();
}

test('the mark survives the host, is told, and goes with the definition', async () => {
  await using host = await openTestHost();
  const events: DomainEvent[] = [];
  host.client.on('domain', (event) => void events.push(event));
  const uuid = await define(host, 'marked');
  await host.client.call('domainSetAutostart', { domain: 'marked', autostart: true });
  await expect.poll(() => events.at(-1)).toMatchObject({ type: 'changed', summary: { uuid, autostart: true } });
  await host.reopen();
  expect((await host.client.call('domainGetInfo', { domain: uuid })).autostart).toBe(true);
  expect(await lookup(host, 'marked')).toMatchObject({ autostart: true, state: 'shut off' }); // this boot's autostart was done before it was marked
  await host.client.call('domainUndefine', { domain: uuid });
  await host.client.call('domainDefineXML', { xml: xml('marked').replace('<name>', `<uuid>${uuid}</uuid><name>`) });
  await host.reopen();
  expect(await lookup(host, 'marked')).toMatchObject({ uuid, autostart: false });
});

test('a transient domain cannot be marked, and one that becomes transient is marked no more', async () => {
  await using host = await openTestHost();
  await host.client.call('domainCreateXML', { xml: xml('passing'), paused: true });
  await expect(host.client.call('domainSetAutostart', { domain: 'passing', autostart: true })).rejects.toMatchObject({ code: 'OPERATION_INVALID', message: 'Requested operation is not valid: cannot set autostart for transient domain' });
  await define(host, 'kept');
  await host.client.call('domainSetAutostart', { domain: 'kept', autostart: true });
  await host.client.call('domainCreate', { domain: 'kept', paused: true });
  await host.client.call('domainUndefine', { domain: 'kept' });
  expect(await lookup(host, 'kept')).toMatchObject({ persistent: false, autostart: false });
});

test('after a boot the first host starts all that are marked, the next one starts none that were stopped', async () => {
  await using host = await openTestHost();
  const names = ['a', 'b', 'c', 'd', 'e', 'f'];
  for (const name of [...names, 'unmarked']) await define(host, name);
  for (const name of names) await host.client.call('domainSetAutostart', { domain: name, autostart: true });
  await reboot(host);
  await expect.poll(async () => (await Promise.all(names.map((name) => lookup(host, name)))).map(({ state }) => state), { timeout: 30_000 }).toEqual(names.map(() => 'running'));
  expect((await lookup(host, 'unmarked')).state).toBe('shut off');
  const pids = (await Promise.all(names.map((name) => lookup(host, name)))).map(({ pid }) => pid);

  await host.client.call('domainDestroy', { domain: 'a' });
  await host.reopen();
  expect(await Promise.all(names.map(async (name) => (await lookup(host, name)).pid))).toEqual([null, ...pids.slice(1)]);
  expect(JSON.parse(await readFile(doneFile(host), 'utf8'))).toMatchObject({ version: 1, boot: expect.not.stringMatching('an earlier one') });
});

test('one that cannot be started is told with its reason and stops no other', async () => {
  await using host = await openTestHost();
  const uuid = await define(host, 'broken', missingDisk);
  await define(host, 'sound');
  for (const domain of ['broken', 'sound']) await host.client.call('domainSetAutostart', { domain, autostart: true });
  await reboot(host);
  await expect.poll(async () => (await lookup(host, 'sound')).state, { timeout: 30_000 }).toBe('running');
  await expect.poll(async () => (await host.client.call('hostGetStatus', {})).problems, { timeout: 30_000 }).toEqual([
    { what: expect.stringMatching(/^'broken' was not started with this computer's session: .*\/nowhere\/to\/be\.raw/), path: expect.stringContaining(uuid), notStarted: { uuid, name: 'broken' } },
  ]);
  expect(host.log.filter((line) => line.includes('a domain could not be started with the session'))).toHaveLength(1);
  expect(await lookup(host, 'broken')).toMatchObject({ state: 'shut off', reason: 'failed' });
});

test('a host that closes while it starts them leaves none half started', async () => {
  await using host = await openTestHost();
  for (let index = 0; index < 6; index += 1) {
    await define(host, `guest-${index}`);
    await host.client.call('domainSetAutostart', { domain: `guest-${index}`, autostart: true });
  }
  await reboot(host);
  await host.reopen();
  await host.host.driver.reconnected;
  const { domains } = await host.client.call('connectListAllDomains', {});
  expect(domains.filter(({ state }) => state !== 'running' && state !== 'shut off')).toEqual([]);
});

test('without a note of what was done nothing is started', async () => {
  await using host = await openTestHost();
  await define(host, 'waiting');
  await host.client.call('domainSetAutostart', { domain: 'waiting', autostart: true });
  await host.close();
  await rm(doneFile(host));
  const { mkdir } = await import('node:fs/promises');
  await mkdir(doneFile(host)); // no file can be put in its place
  await host.open();
  await expect.poll(async () => (await host.client.call('hostGetStatus', {})).problems, { timeout: 10_000 }).toMatchObject([{ what: expect.stringContaining("no guest was started with this computer's session"), notStarted: null }]);
  expect((await lookup(host, 'waiting')).state).toBe('shut off');
});
