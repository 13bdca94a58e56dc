import { expect, test } from 'vitest';
import { guestConsole } from '../support/guest-console.ts';
import { openTestHost } from '../support/open-test-host.ts';

test('reboot in mode agent and shutdown by default both go through the agent', async () => {
  await using host = await openTestHost();
  const agent = async (): Promise<string> => (await host.client.call('domainLookup', { domain: 'sample' })).agent;
  await host.client.call('sampleGuestDefine', {});
  await expect(host.client.call('domainShutdown', { domain: 'sample', mode: 'agent' })).rejects.toThrow('domain is not running');
  const { pid } = await host.client.call('domainCreate', { domain: 'sample' });
  await using serial = await guestConsole(host.client, 'sample', null);
  await serial.waitFor(/login: $/);
  await expect.poll(agent, { timeout: 30_000 }).toBe('connected');
  await host.client.call('domainReboot', { domain: 'sample', mode: 'agent' });
  await serial.waitFor(/login: $/);
  await expect.poll(agent, { timeout: 30_000 }).toBe('connected');
  expect((await host.client.call('domainLookup', { domain: 'sample' })).pid).toBe(pid);
  await host.client.call('domainShutdown', { domain: 'sample' });
  await expect.poll(async () => (await host.client.call('domainLookup', { domain: 'sample' })).state, { timeout: 30_000 }).toBe('shut off');
  expect(host.log.filter((line) => line.includes('pressing the power button'))).toEqual([]);
});

test('where the agent has hung, the default falls back to the power button and mode agent says so', async () => {
  await using host = await openTestHost();
  await host.client.call('sampleGuestDefine', {});
  await host.client.call('domainCreate', { domain: 'sample' });
  await using serial = await guestConsole(host.client, 'sample', null);
  await serial.waitFor(/login: $/);
  await serial.type('root\n');
  await serial.waitFor(/# /);
  await expect.poll(async () => (await host.client.call('domainLookup', { domain: 'sample' })).agent, { timeout: 30_000 }).toBe('connected');
  await serial.type('killall -STOP qemu-ga && echo hu""ng\n');
  await serial.waitFor(/hung/);
  await expect(host.client.call('domainShutdown', { domain: 'sample', mode: 'agent' })).rejects.toMatchObject({ code: 'AGENT_UNRESPONSIVE' });
  await host.client.call('domainShutdown', { domain: 'sample' });
  await expect.poll(async () => (await host.client.call('domainLookup', { domain: 'sample' })).state, { timeout: 30_000 }).toBe('shut off');
});
