import { once } from 'node:events';
import { readdir, stat } from 'node:fs/promises';
import net from 'node:net';
import path from 'node:path';
import { expect, test } from 'vitest';
import { type AgentOptions, withAgent } from '../../core/agent/agent.ts';
import { askGuestPower } from '../../core/agent/guest-power.ts';
import { systemClock } from '../../core/base/clock.ts';
import { silentLog } from '../../core/base/log.ts';
import type { DomainEvent } from '../../core/domain/domain-summary.ts';
import { guestConsole } from '../support/guest-console.ts';
import { openTestHost, type TestHost } from '../support/open-test-host.ts';

/** The sample guest, up to where its agent has opened the channel. */
async function startSample(host: TestHost): Promise<AgentOptions> {
  const { domain } = await host.client.call('sampleGuestDefine', {});
  await host.client.call('domainCreate', { domain: 'sample' });
  await agentConnects(host);
  return {
    path: await findSocket(host.home, 'c-channel0'),
    clock: systemClock,
    log: silentLog,
    signal: new AbortController().signal,
    domain: { name: 'sample', uuid: domain.uuid },
  };
}

async function agentConnects(host: TestHost): Promise<void> {
  await expect.poll(async () => (await host.client.call('domainLookup', { domain: 'sample' })).agent, { timeout: 40_000 }).toBe('connected');
}

async function findSocket(home: string, name: string): Promise<string> {
  const found = (await readdir(home, { recursive: true })).filter((entry) => path.basename(entry) === name);
  const paths = found.map((entry) => path.join(home, entry));
  for (const candidate of paths) if ((await stat(candidate)).isSocket()) return candidate;
  throw new Error(`no socket ${name} below ${home}`);
}

test('a real agent says who it is, and is still there for a second client', async () => {
  await using host = await openTestHost();
  const options = await startSample(host);
  await withAgent(options, async (agent) => {
    expect(await agent.execute('guest-ping')).toEqual({});
    const { version, supported_commands: commands } = await agent.execute('guest-info');
    expect(version).toMatch(/^7\.2\./);
    expect(commands).toContainEqual({ name: 'guest-shutdown', enabled: true, 'success-response': false });
    expect(await agent.execute('guest-get-host-name')).toEqual({ 'host-name': 'sample' });
    expect(await agent.execute('guest-get-osinfo')).toMatchObject({ machine: 'x86_64' });
    await expect(agent.executeUnchecked('guest-dance')).rejects.toMatchObject({
      code: 'INTERNAL_ERROR',
      message: "internal error: unable to execute QEMU agent command 'guest-dance': The command guest-dance has not been found",
      domain: options.domain,
      details: { command: 'guest-dance', agentClass: 'CommandNotFound' },
    });
    await expect(agent.executeUnchecked('guest-ping', { loudly: true })).rejects.toMatchObject({ details: { agentClass: 'GenericError' } });
  });
  const interfaces = await withAgent(options, (agent) => agent.execute('guest-network-get-interfaces'));
  expect(interfaces.map((found) => found.name)).toContain('lo');
});

test('a real agent answers the next client although the last one left in the middle of a command', async () => {
  await using host = await openTestHost();
  const options = await startSample(host);
  const leaver = net.connect(options.path);
  await once(leaver, 'connect');
  await new Promise((resolve) => leaver.write('{"execute": "guest-inf', resolve));
  leaver.destroy();
  await once(leaver, 'close');
  expect(await withAgent(options, (agent) => agent.execute('guest-ping'))).toEqual({});
});

test('a guest agrees to power down and does', async () => {
  await using host = await openTestHost();
  const options = await startSample(host);
  await using serial = await guestConsole(host.client, 'sample', null);
  await serial.waitFor(/login: $/); // busybox init is deaf to the order before its start scripts are through
  await askGuestPower(options, 'powerdown');
  await expect.poll(async () => (await host.client.call('domainLookup', { domain: 'sample' })).state, { timeout: 30_000 }).toBe('shut off');
  expect(await host.client.call('domainLookup', { domain: 'sample' })).toMatchObject({ reason: 'shutdown' });
});

test('a guest agrees to reboot and comes back by itself in the same QEMU', async () => {
  await using host = await openTestHost();
  const options = await startSample(host);
  const { pid } = await host.client.call('domainLookup', { domain: 'sample' });
  const events: DomainEvent[] = [];
  host.client.on('domain', (event) => void events.push(event));
  await using serial = await guestConsole(host.client, 'sample', null);
  await serial.waitFor(/login: $/);
  await askGuestPower(options, 'reboot');
  await serial.waitFor(/login: $/);
  await agentConnects(host);
  expect(await host.client.call('domainLookup', { domain: 'sample' })).toMatchObject({ state: 'running', pid });
  expect(events.filter((event) => event.type === 'reboot').map((event) => event.detail)).toEqual(['guest']);
  expect(await withAgent(options, (agent) => agent.execute('guest-ping'))).toEqual({});
});
