/** Every command of the agent's on the real agent of the sample guest, which is booted once. */
import { once } from 'node:events';
import { readdir, stat } from 'node:fs/promises';
import net from 'node:net';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type AgentOptions, withAgent } from '../../core/agent/agent.ts';
import { systemClock } from '../../core/base/clock.ts';
import { silentLog } from '../../core/base/log.ts';
import type { DomainEvent } from '../../core/domain/domain-summary.ts';
import { type GuestConsole, guestConsole } from '../support/guest-console.ts';
import { openTestHost, type TestHost } from '../support/open-test-host.ts';
import { logIn, untilButtonIsSeen } from '../support/sample-guest-shell.ts';

let host: TestHost;
let serial: GuestConsole;
const on = { domain: 'sample' };

beforeAll(async () => {
  host = await openTestHost();
  await host.client.call('sampleGuestDefine', {});
  const { xml } = await host.client.call('domainGetXMLDesc', { ...on, inactive: true });
  await host.client.call('domainDefineXML', { xml: xml.replace('>1</vcpu>', '>2</vcpu>') });
  await host.client.call('domainCreate', on);
  serial = await guestConsole(host.client, 'sample', null);
  await logIn(serial);
  await untilButtonIsSeen(serial);
  await agentIs('connected');
}, 90_000);

afterAll(async () => {
  await serial?.[Symbol.asyncDispose]();
  await host?.[Symbol.asyncDispose]();
});

/** Also before the first test, where nothing can be expected yet. */
async function agentIs(state: 'connected' | 'disconnected'): Promise<void> {
  const endMs = Date.now() + 40_000;
  for (;;) {
    const { agent } = await host.client.call('domainLookup', on);
    if (agent === state) return;
    if (Date.now() > endMs) throw new Error(`the agent is ${agent} and not ${state}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

let lines = 0;

/** Runs a line in the guest's shell and waits until it has ended. */
async function shell(line: string): Promise<void> {
  lines += 1;
  await serial.type(`${line}\necho en""ded${lines}.\n`);
  await serial.waitFor(new RegExp(`^ended${lines}\\.`, 'm'));
}

/** The agent's own channel, past the driver. */
async function channel(): Promise<AgentOptions> {
  const found = (await readdir(host.home, { recursive: true })).filter((entry) => path.basename(entry) === 'c-channel0').map((entry) => path.join(host.home, entry));
  for (const socket of found) {
    if ((await stat(socket)).isSocket()) return { path: socket, clock: systemClock, log: silentLog, signal: new AbortController().signal, domain: { name: 'sample', uuid: '' } };
  }
  throw new Error(`no socket of the agent below ${host.home}`);
}

const agentLine = 'qemu-ga -d -m virtio-serial -p /dev/virtio-ports/org.qemu.guest_agent.0 -t /run -f /run/qemu-ga.pid -l /run/qemu-ga.log';

describe('the real agent', () => {
  test('says who it is, and is still there for a second client, also after one that left in the middle of a command', async () => {
    const options = await channel();
    await withAgent(options, async (agent) => {
      expect(await agent.execute('guest-ping')).toEqual({});
      const { version, supported_commands: commands } = await agent.execute('guest-info');
      expect(version).toMatch(/^7\.2\./);
      expect(commands).toContainEqual({ name: 'guest-shutdown', enabled: true, 'success-response': false });
      await expect(agent.executeUnchecked('guest-ping', { loudly: true })).rejects.toMatchObject({ details: { agentClass: 'GenericError' } });
    });
    const leaver = net.connect(options.path);
    await once(leaver, 'connect');
    await new Promise((resolve) => leaver.write('{"execute": "guest-inf', resolve));
    leaver.destroy();
    await once(leaver, 'close');
    const interfaces = await withAgent(options, (agent) => agent.execute('guest-network-get-interfaces'));
    expect(interfaces.map((each) => each.name)).toContain('lo');
  });

  test('tells what there is, and leaves out what it cannot', async () => {
    const report = await host.client.call('domainGetGuestInfo', on);
    expect(report).toMatchObject({
      hostname: 'sample',
      os: { machine: 'x86_64', prettyName: null },
      timezone: { name: 'UTC', offsetSeconds: 0 },
      users: [{ name: 'root', domain: null }],
      filesystems: [{ mountpoint: '/data', name: 'vda', type: 'ext2', disks: [{ target: 'vda', serial: null, device: '/dev/vda' }] }],
      disks: [{ name: '/dev/vda', isPartition: false, dependencies: [], target: 'vda', guestBus: 'virtio' }],
      load: null,
      missing: [{ fact: 'load', reason: 'The command guest-get-load has not been found' }],
    });
    const [system] = report.filesystems ?? [];
    expect(system?.totalBytes).toBeGreaterThan(system?.usedBytes ?? 0);
    expect(Math.abs(Date.now() - (report.users?.[0]?.loginTimeMs ?? 0))).toBeLessThan(3_600_000);
  });

  test('refuses what was asked for by name, with its own version', async () => {
    await expect(host.client.call('domainGetGuestInfo', { ...on, types: ['load'] })).rejects.toMatchObject({
      code: 'AGENT_COMMAND_FAILED',
      message: expect.stringMatching(/^guest agent command failed: unable to execute QEMU agent command 'guest-get-load': The command guest-get-load has not been found \(by the guest's QEMU guest agent 7\.2\.\d+\)$/) as string,
      details: { agentRefusalKind: 'unknown command' },
    });
    const { hostname, os } = await host.client.call('domainGetGuestInfo', { ...on, types: ['hostname'] });
    expect({ hostname, os }).toEqual({ hostname: 'sample', os: null });
  });

  test('tells the addresses, and a lease that nobody can read is refused', async () => {
    await expect.poll(async () => (await host.client.call('domainInterfaceAddresses', on)).interfaces.find(({ name }) => name === 'eth0')?.addresses[0], { timeout: 20_000 }).toEqual({ type: 'ipv4', address: '10.0.2.15', prefix: 24 });
    expect(await host.client.call('domainInterfaceAddresses', { ...on, source: 'arp' })).toEqual({ interfaces: [] });
    await expect(host.client.call('domainInterfaceAddresses', { ...on, source: 'lease' })).rejects.toMatchObject({ code: 'OPERATION_UNSUPPORTED' });
    expect(await host.client.call('domainGetHostname', on)).toEqual({ hostname: 'sample' });
  });

  test('freezes, refuses a second freeze each time and whatever else a frozen guest cannot do, and thaws', async () => {
    expect(await host.client.call('domainFSFreezeStatus', on)).toEqual({ status: 'thawed' });
    expect(await host.client.call('domainFSFreeze', on)).toEqual({ frozen: 1 });
    expect(await host.client.call('domainFSFreezeStatus', on)).toEqual({ status: 'frozen' });
    const frozen = { code: 'AGENT_COMMAND_FAILED', message: expect.stringContaining('the agent is in frozen state') as string, details: { agentRefusalKind: 'frozen' } };
    await expect(host.client.call('domainFSFreeze', on)).rejects.toMatchObject(frozen);
    await expect(host.client.call('domainFSFreeze', { ...on, mountpoints: ['/data'] })).rejects.toMatchObject(frozen);
    await expect(host.client.call('domainGetGuestInfo', on)).rejects.toMatchObject(frozen);
    expect(await host.client.call('domainFSThaw', on)).toEqual({ thawed: 1 });
    expect(await host.client.call('domainFSThaw', on)).toEqual({ thawed: 0 });
    expect(await host.client.call('domainFSFreeze', { ...on, mountpoints: ['/data'] })).toEqual({ frozen: 1 });
    expect(await host.client.call('domainFSThaw', on)).toEqual({ thawed: 1 });
  });

  test('trims', async () => {
    const { paths } = await host.client.call('domainFSTrim', on);
    expect(paths).toEqual([{ path: '/data', trimmedBytes: expect.any(Number) as number, minimumBytes: 0, error: null }]);
  });

  test('sets the clock, and takes it back from the hardware clock', async () => {
    await host.client.call('domainSetTime', { ...on, time: { seconds: 1_700_000_000 } });
    expect((await host.client.call('domainGetTime', on)).seconds - 1_700_000_000).toBeLessThan(60);
    await shell('date -s @1600000000 >/dev/null');
    await host.client.call('domainSetTime', { ...on, time: null });
    expect((await host.client.call('domainGetTime', on)).seconds - 1_700_000_000).toBeLessThan(120);
  });

  test('takes a CPU from the guest and gives it back', async () => {
    expect(await host.client.call('domainGetGuestVcpus', on)).toEqual({ vcpus: '0-1', online: '0-1', offlinable: '1' });
    await host.client.call('domainSetGuestVcpus', { ...on, cpus: '1', online: false });
    expect((await host.client.call('domainGetGuestVcpus', on)).online).toBe('0');
    await expect(host.client.call('domainSetGuestVcpus', { ...on, cpus: '0', online: false })).rejects.toMatchObject({ code: 'OPERATION_UNSUPPORTED', message: "Operation not supported: vCPU '0' is not offlinable" });
    await expect(host.client.call('domainSetGuestVcpus', { ...on, cpus: '1-3', online: true })).rejects.toMatchObject({ code: 'INVALID_ARG', message: "invalid argument: guest is missing vCPUs '2-3'" });
    await host.client.call('domainSetGuestVcpus', { ...on, cpus: '1', online: true });
    expect((await host.client.call('domainGetGuestVcpus', on)).online).toBe('0-1');
  });

  test('keeps SSH keys', async () => {
    const keys = async (): Promise<readonly string[]> => (await host.client.call('domainAuthorizedSSHKeysGet', { ...on, user: 'root' })).keys;
    await host.client.call('domainAuthorizedSSHKeysSet', { ...on, user: 'root', keys: ['ssh-ed25519 AAAA a@b', 'ssh-rsa BBBB c@d'] });
    await host.client.call('domainAuthorizedSSHKeysSet', { ...on, user: 'root', keys: ['ssh-rsa BBBB c@d'], change: 'remove' });
    expect(await keys()).toEqual(['ssh-ed25519 AAAA a@b']);
    await host.client.call('domainAuthorizedSSHKeysSet', { ...on, user: 'root', keys: ['ssh-rsa CCCC e@f'], change: 'replace' });
    expect(await keys()).toEqual(['ssh-rsa CCCC e@f']);
    await host.client.call('domainAuthorizedSSHKeysSet', { ...on, user: 'root', keys: [], change: 'replace' });
    expect(await keys()).toEqual([]);
  });

  test('sets a password, of which no log tells', async () => {
    await host.client.call('domainSetUserPassword', { ...on, user: 'root', password: 'quite secret' });
    await shell("grep -c '^root:[$]6[$]' /etc/shadow");
    expect(serial.text()).toMatch(/^1\r$/m);
    await host.client.call('domainSetUserPassword', { ...on, user: 'root', password: '', encrypted: true });
    await expect(host.client.call('domainSetUserPassword', { ...on, user: 'nobody-here', password: 'quite secret' })).rejects.toMatchObject({ code: 'AGENT_COMMAND_FAILED' });
    const { text } = await host.client.call('domainGetLog', on);
    for (const words of ['quite secret', Buffer.from('quite secret').toString('base64')]) expect(host.log.join('\n') + text).not.toContain(words);
  });

  test('runs programs: output, errors, input, exit code, signal, one that is not there, one that takes too long', async () => {
    const run = (script: string, more: { input?: string; environment?: string[]; timeoutSeconds?: number } = {}): ReturnType<typeof host.client.call<'domainGuestExec'>> => host.client.call('domainGuestExec', { ...on, program: '/bin/sh', arguments: ['-c', script], ...more });
    const base64 = (text: string): string => Buffer.from(text).toString('base64');
    expect(await run('cat; echo $A >&2; exit 3', { input: base64('in'), environment: ['A=b'] })).toEqual({ exitCode: 3, signal: null, output: base64('in'), errors: base64('b\n'), isTruncated: false });
    expect(await run('kill -9 $$')).toMatchObject({ exitCode: null, signal: 9, output: '' });
    await expect(host.client.call('domainGuestExec', { ...on, program: '/nowhere' })).rejects.toMatchObject({ code: 'AGENT_COMMAND_FAILED', message: expect.stringContaining('No such file or directory') as string });
    await expect(run('sleep 100', { timeoutSeconds: 1 })).rejects.toMatchObject({ code: 'OPERATION_TIMEOUT', message: expect.stringMatching(/the program runs on in the guest as process \d+: it did not end within 1 s/) as string });
    expect((await host.client.call('domainLookup', on)).jobs.agent).toBe(null);
    const { output } = await run('head -c 100000 /dev/zero');
    expect(Buffer.from(output, 'base64')).toEqual(Buffer.alloc(100_000));
  });

  test('obeys words of the user, which taint the run', async () => {
    expect((await host.client.call('domainLookup', on)).taints).not.toContain('custom-ga-command');
    const { result } = await host.client.call('qemuDomainAgentCommand', { ...on, command: '{"execute": "guest-get-cpustats"}' });
    expect(JSON.parse(result ?? '')).toMatchObject({ return: [{ type: 'linux' }, { type: 'linux' }] });
    expect(await host.client.call('qemuDomainAgentCommand', { ...on, command: 'guest-ping', timeoutSeconds: -2 })).toEqual({ result: '{"return":{}}' });
    const write = JSON.stringify({ execute: 'guest-exec', arguments: { path: '/bin/touch', arg: ['/tmp/sent'] } });
    expect(await host.client.call('qemuDomainAgentCommand', { ...on, command: write, timeoutSeconds: 0 })).toEqual({ result: null });
    await shell('until [ -e /tmp/sent ]; do sleep 0.1; done');
    expect((await host.client.call('domainLookup', on)).taints).toContain('custom-ga-command');
    await expect(host.client.call('qemuDomainAgentCommand', { ...on, command: '{"run": 1}' })).rejects.toMatchObject({ code: 'INVALID_ARG' });
    await expect(host.client.call('qemuDomainAgentCommand', { ...on, command: 'guest-dance' })).rejects.toMatchObject({ code: 'AGENT_COMMAND_FAILED', details: { agentRefusalKind: 'unknown command' } });
  });
});

describe('an agent in trouble', () => {
  test('that is hung is told after the limit of this domain, which the next driver knows, and holds nothing but its slot', async () => {
    await shell('killall -STOP qemu-ga');
    await host.client.call('domainAgentSetResponseTimeout', { ...on, timeoutSeconds: 1 });
    await host.reopen();
    serial = await guestConsole(host.client, 'sample', null);
    await agentIs('connected');
    const asking = host.client.call('domainGetHostname', on).catch((error: unknown) => error);
    await expect.poll(async () => (await host.client.call('domainLookup', on)).jobs.agent?.kind, { timeout: 5_000, interval: 5 }).toBe('query');
    await host.client.call('domainSuspend', on);
    await host.client.call('domainResume', on);
    expect(await asking).toMatchObject({ code: 'AGENT_UNRESPONSIVE', message: "Guest agent is not responding: no answer to 'guest-sync-delimited' within 1 s" });
    await shell('killall -CONT qemu-ga');
    expect(await host.client.call('domainGetHostname', on)).toEqual({ hostname: 'sample' });
  });

  test('that is ended in mid-command fails it at once, and the one that is started next answers', async () => {
    await host.client.call('domainAgentSetResponseTimeout', { ...on, timeoutSeconds: -2 });
    await shell('killall -STOP qemu-ga');
    const asking = host.client.call('domainFSThaw', on).catch((error: unknown) => error);
    await expect.poll(async () => (await host.client.call('domainLookup', on)).jobs.agent?.kind, { timeout: 5_000 }).toBe('modify');
    const begun = Date.now();
    await shell('killall -KILL qemu-ga');
    expect(await asking).toMatchObject({ code: 'AGENT_UNRESPONSIVE', details: { agent: 'disconnected' } });
    expect(Date.now() - begun).toBeLessThan(5_000);
    await agentIs('disconnected');
    await expect(host.client.call('domainGetHostname', on)).rejects.toMatchObject({ code: 'AGENT_UNRESPONSIVE', message: 'Guest agent is not responding: QEMU guest agent is not connected' });
    const state = async (inactive: boolean): Promise<string | undefined> => /<target type='virtio' name='org.qemu.guest_agent.0'( state='\w+')?\/>/.exec((await host.client.call('domainGetXMLDesc', { ...on, inactive })).xml)?.[1];
    expect(await state(false)).toBe(" state='disconnected'");
    await shell(agentLine);
    await agentIs('connected');
    expect([await state(false), await state(true)]).toEqual([" state='connected'", undefined]);
    await host.client.call('domainAgentSetResponseTimeout', { ...on, timeoutSeconds: -1 });
    expect(await host.client.call('domainGetHostname', on)).toEqual({ hostname: 'sample' });
  });

  test('that is replaced by a program that floods is not responding, and hurts nobody', async () => {
    const events: DomainEvent[] = [];
    host.client.on('domain', (event) => void events.push(event));
    await host.client.call('domainAgentSetResponseTimeout', { ...on, timeoutSeconds: 2 });
    await shell('killall -KILL qemu-ga; (yes | tr -d "\\n" >/dev/virtio-ports/org.qemu.guest_agent.0 & echo $! >/run/flood) 2>/dev/null');
    await expect.poll(() => events.filter(({ type }) => type === 'agent-lifecycle').at(-1)?.detail, { timeout: 10_000 }).toBe('connected');
    const before = process.memoryUsage().arrayBuffers;
    await expect(host.client.call('domainGetHostname', on)).rejects.toMatchObject({ code: 'AGENT_UNRESPONSIVE' });
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(64 * 1024 * 1024);
    expect(await host.client.call('domainGetInfo', on)).toMatchObject({ summary: { state: 'running' } });
    await shell(`killall yes tr; ${agentLine}`);
    await host.client.call('domainAgentSetResponseTimeout', { ...on, timeoutSeconds: -1 });
    await expect.poll(async () => host.client.call('domainGetHostname', on).catch(() => null), { timeout: 20_000 }).toEqual({ hostname: 'sample' });
  });

  test('that is hung is passed over for the power button by default, and mode agent says so', async () => {
    await shell('killall -STOP qemu-ga');
    await expect(host.client.call('domainShutdown', { ...on, mode: 'agent' })).rejects.toMatchObject({ code: 'AGENT_UNRESPONSIVE' });
    await host.client.call('domainShutdown', on);
    await expect.poll(async () => (await host.client.call('domainLookup', on)).state, { timeout: 30_000 }).toBe('shut off');
    await expect(host.client.call('domainGetHostname', on)).rejects.toMatchObject({ code: 'OPERATION_INVALID', message: 'Requested operation is not valid: domain is not running' });
  });
});
