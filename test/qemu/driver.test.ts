import { expect, test } from 'vitest';
import type { DomainEvent } from '../../core/domain/domain-summary.ts';
import { openTestHost, qemuProcessesOf } from '../support/open-test-host.ts';
import { guestConsole } from '../support/guest-console.ts';
import { logIn, untilButtonIsSeen } from '../support/sample-guest-shell.ts';

test('the sample guest starts, is logged in to, and powers off by its button', async () => {
  await using host = await openTestHost();
  const events: DomainEvent[] = [];
  host.client.on('domain', (event) => void events.push(event));
  const { domain: defined } = await host.client.call('sampleGuestDefine', {});
  expect(defined).toMatchObject({ name: 'sample', state: 'shut off', persistent: true, id: null });
  const started = await host.client.call('domainCreate', { domain: 'sample' });
  expect(started).toMatchObject({ state: 'running', reason: 'booted', id: 1 });
  await using serial = await guestConsole(host.client, 'sample', null);
  await logIn(serial);
  await serial.type('echo $((6 * 7)) on $(hostname)\n');
  await serial.waitFor(/42 on sample/);
  await untilButtonIsSeen(serial);
  await host.client.call('domainShutdown', { domain: 'sample', mode: 'acpi' });
  await expect.poll(async () => (await host.client.call('domainLookup', { domain: 'sample' })).state, { timeout: 30_000 }).toBe('shut off');
  expect(await host.client.call('domainLookup', { domain: 'sample' })).toMatchObject({ reason: 'shutdown', pid: null });
  const lifecycle = events.filter((event) => event.type === 'lifecycle').map((event) => `${event.event}/${event.detail}`);
  expect(lifecycle).toEqual(['defined/added', 'started/booted', 'shutdown/guest', 'stopped/shutdown']);
  expect(events.map((event) => event.revision)).toEqual(events.map((_, index) => index + 1));
  expect(await qemuProcessesOf(host.home)).toEqual([]);
});
