import { expect, test } from 'vitest';
import { guestConsole } from '../support/guest-console.ts';
import { openTestHost } from '../support/open-test-host.ts';

const on = { domain: 'sample' };

test('sleep, reboot in mode agent and shutdown by default all go through the agent', async () => {
  await using host = await openTestHost();
  const state = async (): Promise<string> => (await host.client.call('domainLookup', on)).state;
  const agent = async (): Promise<string> => (await host.client.call('domainLookup', on)).agent;
  await host.client.call('sampleGuestDefine', {});
  await expect(host.client.call('domainShutdown', { ...on, mode: 'agent' })).rejects.toThrow('domain is not running');
  const { pid } = await host.client.call('domainCreate', on);
  await using serial = await guestConsole(host.client, 'sample', null);
  await serial.waitFor(/login: $/);
  await expect.poll(agent, { timeout: 30_000 }).toBe('connected');

  // Asleep before the reboot: a guest of q35 in QEMU 7.2 that has slept cannot switch its machine off until a reset.
  await expect(host.client.call('domainPMSuspendForDuration', { ...on, target: 'hybrid' })).rejects.toMatchObject({ code: 'AGENT_COMMAND_FAILED' });
  await host.client.call('domainPMSuspendForDuration', { ...on, target: 'mem' });
  expect(await state()).toBe('pmsuspended');
  await expect(host.client.call('domainGetHostname', on)).rejects.toMatchObject({ code: 'OPERATION_INVALID', message: expect.stringContaining('domain is not running: it is pmsuspended') as string });
  await host.client.call('domainPMWakeup', on);
  await expect.poll(state, { timeout: 20_000 }).toBe('running');
  // The port is reset with the machine: the agent is there, gone, and there again.
  await expect.poll(() => host.client.call('domainGetHostname', on).catch(() => null), { timeout: 30_000 }).toEqual({ hostname: 'sample' });

  await host.client.call('domainReboot', { ...on, mode: 'agent' });
  await serial.waitFor(/login: $/, 80_000);
  await expect.poll(agent, { timeout: 30_000 }).toBe('connected');
  expect((await host.client.call('domainLookup', on)).pid).toBe(pid);
  await host.client.call('domainShutdown', on);
  await expect.poll(state, { timeout: 30_000 }).toBe('shut off');
  expect(host.log.filter((line) => line.includes('pressing the power button'))).toEqual([]);
});
