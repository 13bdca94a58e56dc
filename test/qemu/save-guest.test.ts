/** A real Linux that is saved and restored: what it does in memory, and what it holds on its disk, go on. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { guestConsole } from '../support/guest-console.ts';
import { type TestHost, openTestHost } from '../support/open-test-host.ts';
import { logIn } from '../support/sample-guest-shell.ts';

const on = { domain: 'sample' };
let host: TestHost;

beforeAll(async () => {
  host = await openTestHost();
  await host.client.call('sampleGuestDefine', {});
});
afterAll(async () => {
  await host[Symbol.asyncDispose]();
});

test('a program counts on, its open file and the disk are as they were', { timeout: 240_000 }, async () => {
  await host.client.call('domainCreate', on);
  {
    await using serial = await guestConsole(host.client, 'sample', null);
    await logIn(serial);
    await serial.type("(i=0; while :; do i=$((i+1)); echo $i > /tmp/count; sleep 0.1; done) & exec 7>/tmp/open; echo one >&7; echo of-the-disk | dd of=/dev/vda bs=512 seek=2048 conv=sync 2>/dev/null; sync; until [ $(cat /tmp/count) -gt 3 ]; do sleep 0.1; done; echo rea''dy\n");
    await serial.waitFor(/^ready/m);
  }
  await host.client.call('domainManagedSave', on);
  expect(await host.client.call('domainLookup', on)).toMatchObject({ state: 'shut off', reason: 'saved', hasManagedSave: true });
  expect(await host.client.call('domainCreate', on)).toMatchObject({ state: 'running', reason: 'restored' });
  await using serial = await guestConsole(host.client, 'sample', null, { from: 'now' });
  // No login, and the count is beyond what a boot could have reached in no time: it is the same shell.
  await serial.type("a=$(cat /tmp/count); until [ $(cat /tmp/count) -gt $a ]; do sleep 0.1; done; echo two >&7; echo $(cat /tmp/open) $(dd if=/dev/vda bs=512 skip=2048 count=1 2>/dev/null | head -n 1) go''es-on\n");
  await serial.waitFor(/^one two of-the-disk goes-on/m);
  // The agent's channel came with the guest.
  await expect.poll(async () => (await host.client.call('domainLookup', on)).agent, { timeout: 40_000 }).toBe('connected');
});
