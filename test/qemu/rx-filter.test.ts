/**
 * A guest that is trusted with its receive filter, on a macvtap in a network namespace of its own. Needs root, unshare(1)
 * and macvtap; it says so by skipping.
 */
import { execFile, execFileSync, spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import { connectLocal } from '../../core/api/local-client.ts';
import { buildHostProgram } from '../support/host-process.ts';
import { guestConsole } from '../support/guest-console.ts';
import { openTestHost } from '../support/open-test-host.ts';
import { logIn } from '../support/sample-guest-shell.ts';

const run = promisify(execFile);

function hasMacvtap(): boolean {
  try {
    execFileSync('unshare', ['-n', '-m', 'sh', '-c', 'mount -t sysfs sysfs /sys && ip link add v0 type veth peer name v1 && ip link add link v0 name probe0 type macvtap mode bridge'], { stdio: 'ignore' });
    return process.geteuid?.() === 0;
  } catch {
    return false;
  }
}

interface Link {
  readonly address: string;
  readonly flags: readonly string[];
}

async function linkAt(pid: number, name: string): Promise<Link | undefined> {
  const { stdout } = await run('nsenter', ['-t', String(pid), '-n', 'ip', '-j', 'link', 'show', 'dev', name]);
  return (JSON.parse(stdout) as readonly Link[])[0];
}

test.skipIf(!hasMacvtap())('a guest that is trusted changes its MAC address, and the macvtap behind it follows, as often as it does', { timeout: 120_000 }, async () => {
  const folder = await mkdtemp('/tmp/vireo-');
  await using host = await openTestHost();
  await host.client.call('sampleGuestDefine', {});
  const { xml } = await host.client.call('domainGetXMLDesc', { domain: 'sample' });
  const card = "<interface type='direct' trustGuestRxFilters='yes'><mac address='52:54:00:11:22:33'/><source dev='veth0' mode='bridge'/><target dev='vmac0'/><model type='virtio'/></interface>";
  await host.client.call('domainDefineXML', { xml: xml.replace(/<interface[\s\S]*<\/interface>/, card) });
  await host.close();
  const program = await buildHostProgram(folder);
  const prepare = 'mount -t sysfs sysfs /sys && ip link add veth0 type veth peer name veth1 && ip link set veth0 up && ip link set veth1 up && exec "$0" "$@"';
  const inside = spawn('unshare', ['-n', '-m', 'sh', '-c', prepare, process.execPath, program, host.home, 'sample'], { stdio: ['ignore', 'pipe', 'inherit'] });
  try {
    let said = '';
    inside.stdout.on('data', (bytes: Buffer) => (said += bytes.toString()));
    await expect.poll(() => said, { timeout: 40_000 }).toContain('ready');
    const client = await connectLocal(path.join(host.home, 'run', 'api'), 'the test', { deadlineMs: 20_000 });
    await using serial = await guestConsole(client, 'sample', null);
    await logIn(serial);
    const link = async (): Promise<Link | undefined> => linkAt(inside.pid ?? 0, 'vmac0');
    await serial.type('ip link set eth0 down; ip link set eth0 address 52:54:00:aa:bb:01; ip link set eth0 up; echo first-do""ne\n');
    await serial.waitFor(/first-done/);
    await expect.poll(async () => (await link())?.address, { timeout: 20_000 }).toBe('52:54:00:aa:bb:01');
    await serial.type('ip link set eth0 down; ip link set eth0 address 52:54:00:aa:bb:02; ip link set eth0 promisc on; ip link set eth0 up; echo second-do""ne\n');
    await serial.waitFor(/second-done/);
    await expect.poll(async () => (await link())?.address, { timeout: 20_000 }).toBe('52:54:00:aa:bb:02');
    await expect.poll(async () => (await link())?.flags, { timeout: 20_000 }).toContain('PROMISC');
    await expect.poll(async () => (await client.call('domainGetXMLDesc', { domain: 'sample' })).xml, { timeout: 20_000 }).toContain("currentAddress='52:54:00:aa:bb:02'");
    await client.call('domainDestroy', { domain: 'sample' });
    client.close();
  } finally {
    inside.kill('SIGTERM');
    await new Promise((resolve) => (inside.exitCode === null && inside.signalCode === null ? inside.once('exit', resolve) : resolve(null)));
    await rm(folder, { recursive: true, force: true });
    await host.open();
  }
});
