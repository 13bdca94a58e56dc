/** Keys, the interrupt that cannot be masked, and the end by a signal, on real guests. */
import { expect, test } from 'vitest';
import { EventRecord, defineBootGuest, lookup, waitForState } from '../support/boot-guest.ts';
import { guestConsole } from '../support/guest-console.ts';
import { openTestHost, qemuProcessesOf } from '../support/open-test-host.ts';
import { logIn } from '../support/sample-guest-shell.ts';

test('the guest gets the keys that were sent, the interrupt, and Ctrl+Alt+Del', async () => {
  await using host = await openTestHost();
  await host.client.call('sampleGuestDefine', {});
  await host.client.call('domainCreate', { domain: 'sample' });
  await using serial = await guestConsole(host.client, 'sample', null);
  await logIn(serial);

  // Each press and each release are three events of 24 bytes; type 1 is a key, with its code and 1 or 0 after it.
  await serial.type("dd if=/dev/input/event0 bs=24 count=12 2>/dev/null | od -An -v -tu2 -w24 | awk '$9==1 {print \"<\" $10 \":\" $11 \">\"}' & sleep 1; echo rea\"\"dy\n");
  await serial.waitFor(/ready/);
  await host.client.call('domainSendKey', { domain: 'sample', codeset: 'linux', holdTimeMs: 20, keys: [16] });
  await host.client.call('domainSendKey', { domain: 'sample', codeset: 'win32', holdTimeMs: 20, keys: [0x41] });
  await serial.waitFor(/<16:1>\s+<16:0>\s+<30:1>\s+<30:0>/);
  await expect(host.client.call('domainSendKey', { domain: 'sample', codeset: 'usb', keys: [4, 0xffff] })).rejects.toMatchObject({ code: 'INVALID_ARG', message: expect.stringContaining('QEMU has no key for keycode 65535 (0xffff) of the usb codeset') });

  await host.client.call('domainInjectNMI', { domain: 'sample' });
  await serial.type('\n grep NMI: /proc/interrupts\n');
  await serial.waitFor(/NMI:\s+1\s/);

  await host.client.call('domainSendKey', { domain: 'sample', keys: [29, 56, 111] });
  await serial.waitFor(/login: $/);
  expect((await lookup(host, 'sample')).state).toBe('running');
});

test('keys and the interrupt need a guest that runs', async () => {
  await using host = await openTestHost();
  await defineBootGuest(host);
  await expect(host.client.call('domainSendKey', { domain: 'boot', keys: [1] })).rejects.toThrow('domain is not running');
  await expect(host.client.call('domainInjectNMI', { domain: 'boot' })).rejects.toThrow('domain is not running');
  await host.client.call('domainCreate', { domain: 'boot' });
  await host.client.call('domainInjectNMI', { domain: 'boot' });
  await host.client.call('domainSendKey', { domain: 'boot', keys: [30] });
});

test('a break comes to the guest between the bytes, where its port reads a zero', async () => {
  await using host = await openTestHost();
  await defineBootGuest(host);
  await host.client.call('domainCreate', { domain: 'boot' });
  await using writer = await guestConsole(host.client, 'boot', null);
  await writer.waitFor(/BOOT-SECTOR-READY\r\n/);
  await writer.type('before');
  await writer.waitFor(/before/);
  writer.say({ type: 'break' });
  await writer.waitFor(/^\0/);
  await writer.type('after');
  await writer.waitFor(/^after/);
  expect(writer.messages).toEqual([]);
});

test('a signal ends QEMU in good order: shut down, not destroyed, not crashed, also while it is paused', async () => {
  await using host = await openTestHost();
  await defineBootGuest(host);
  await expect(host.client.call('domainShutdown', { domain: 'boot', mode: 'signal' })).rejects.toThrow('domain is not running');
  for (const paused of [false, true]) {
    await host.client.call('domainCreate', { domain: 'boot', paused });
    const events = new EventRecord(host);
    await host.client.call('domainShutdown', { domain: 'boot', mode: 'signal' });
    expect(await waitForState(host, 'shut off', 'boot')).toMatchObject({ reason: 'shutdown' });
    expect(events.told).toEqual(['stopped/shutdown']);
  }
  expect(await qemuProcessesOf(host.home)).toEqual([]);
});
