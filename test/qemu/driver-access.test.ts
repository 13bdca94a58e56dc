/** Who may do what with a running domain: consoles, the raw monitor, jobs, and what everybody is told meanwhile. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { access, mkdir } from 'node:fs/promises';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { Call } from '../../core/job/call.ts';
import { EventRecord, bootGuestXml, defineBootGuest, lookup } from '../support/boot-guest.ts';
import { guestConsole } from '../support/guest-console.ts';
import { type TestHost, openTestHost } from '../support/open-test-host.ts';

let host: TestHost;

beforeEach(async () => {
  host = await openTestHost({ jobWaitMs: 2_000 });
  await defineBootGuest(host);
  await host.client.call('domainCreate', { domain: 'boot' });
});

afterEach(async () => {
  await host[Symbol.asyncDispose]();
});

describe('a console', () => {
  test('has one writer: the second is refused with the name of the first, or watches', async () => {
    await using first = await guestConsole(host.host.client('window 1'), 'boot', null);
    await first.waitFor(/BOOT-SECTOR-READY/);
    const second = guestConsole(host.host.client('window 2'), 'boot', 'serial0');
    await expect(second).rejects.toMatchObject({ code: 'OPERATION_FAILED', message: 'operation failed: Active console session exists for this domain', details: { holder: 'window 1' } });
    await using watcher = await guestConsole(host.host.client('window 2'), 'boot', null, { mode: 'write-or-watch' });
    expect(watcher.mode).toBe('watch');
    await first.type('seen by both');
    await Promise.all([first.waitFor(/seen by both/), watcher.waitFor(/seen by both/)]);
    expect(watcher.text()).toBe(first.text());
    expect((await lookup(host)).consoles).toMatchObject([{ alias: 'serial0', label: 'ttyS0', state: 'open', writer: { label: 'window 1' }, watchers: 1 }]);
    await watcher.type('not from here');
    await expect.poll(() => watcher.messages).toMatchObject([{ type: 'refused', holder: 'window 1' }]);
  });

  test('is taken over by force, and the first is told by whom', async () => {
    await using first = await guestConsole(host.host.client('window 1'), 'boot', null);
    await first.waitFor(/BOOT-SECTOR-READY/);
    await using second = await guestConsole(host.host.client('window 2'), 'boot', null, { mode: 'write-or-watch' });
    second.say({ type: 'request-write', force: false });
    await expect.poll(() => second.messages).toMatchObject([{ type: 'refused', holder: 'window 1' }]);
    second.say({ type: 'request-write', force: true });
    await expect.poll(() => first.messages).toMatchObject([{ type: 'notice', what: 'taken-over', by: 'window 2' }, { type: 'mode', mode: 'watch' }]);
    await second.type('mine');
    await first.waitFor(/mine/);
    second.say({ type: 'release' });
    await expect.poll(() => first.messages.at(-1)).toMatchObject({ type: 'notice', what: 'released', by: 'window 2' });
    expect((await lookup(host)).consoles).toMatchObject([{ writer: null, watchers: 2 }]);
  });

  test('is asked for, and given when the writer has gone', async () => {
    const gone = host.host.client('window 1');
    await using first = await guestConsole(gone, 'boot', null);
    await first.waitFor(/BOOT-SECTOR-READY/);
    await using second = await guestConsole(host.host.client('window 2'), 'boot', null, { mode: 'watch' });
    second.say({ type: 'ask' });
    await expect.poll(() => first.messages, { timeout: 20_000 }).toMatchObject([{ type: 'requests', from: [{ label: 'window 2' }] }]);
    expect((await lookup(host)).consoles).toMatchObject([{ sessions: [{ label: 'window 1', mode: 'write' }, { label: 'window 2', mode: 'watch', asksSinceMs: expect.any(Number) }] }]);
    gone.close();
    await expect.poll(() => second.messages.slice(-2), { timeout: 20_000 }).toMatchObject([{ type: 'notice', what: 'handed-over', by: 'window 1' }, { type: 'mode', mode: 'write' }]);
    await second.type('mine');
    await second.waitFor(/mine/);
  });

  test('is free again when the writer’s client is gone, and a late reader has its history', async () => {
    const gone = host.host.client('window 1');
    const first = await guestConsole(gone, 'boot', null);
    await first.waitFor(/BOOT-SECTOR-READY/);
    await first.type('left behind');
    await first.waitFor(/left behind/);
    gone.close();
    await expect.poll(async () => (await lookup(host)).consoles[0]?.writer).toBeNull();
    await using late = await guestConsole(host.host.client('window 2'), 'boot', null);
    expect(late.mode).toBe('write');
    await late.waitFor(/BOOT-SECTOR-READY\r\nleft behind/);
  });

  test('ends for everybody when the domain stops', async () => {
    await using writer = await guestConsole(host.client, 'boot', null);
    await using watcher = await guestConsole(host.client, 'boot', null, { mode: 'watch' });
    await host.client.call('domainDestroy', { domain: 'boot' });
    await expect.poll(() => [writer.ended(), watcher.ended()]).toEqual([true, true]);
    expect(writer.messages).toMatchObject([{ type: 'notice', what: 'closed' }]);
    await expect(guestConsole(host.client, 'boot', null)).rejects.toMatchObject({ message: 'Requested operation is not valid: domain is not running' });
  });

  test('that floods tells of no more changes than people can see', async () => {
    await using serial = await guestConsole(host.client, 'boot', null);
    await serial.waitFor(/BOOT-SECTOR-READY/);
    const events = new EventRecord(host);
    const beganMs = performance.now();
    await serial.type('F');
    await serial.waitFor(/00001000/);
    await serial.type('S');
    expect(events.all.length).toBeLessThanOrEqual(2 + ((performance.now() - beganMs) / 1000) * 13);
  });
});

describe('the raw monitor', () => {
  test('takes a name, QMP or human words, and taints the domain once', async () => {
    const run = (command: string, hmp = false): Promise<{ result: string }> => host.client.call('qemuDomainMonitorCommand', { domain: 'boot', command, hmp });
    expect(JSON.parse((await run('query-status')).result)).toMatchObject({ return: { status: 'running' } });
    expect(JSON.parse((await run('{"execute": "qom-get", "arguments": {"path": "/machine", "property": "type"}}')).result)).toMatchObject({ return: expect.stringContaining('q35') });
    expect((await run('info status', true)).result).toMatch(/^VM status: running/);
    expect((await lookup(host)).taints).toContain('custom-monitor');
    const { text } = await host.client.call('domainGetLog', { domain: 'boot' });
    expect(text.match(/Domain id=1 is tainted: custom-monitor/g)).toHaveLength(1);
    await host.client.call('domainDestroy', { domain: 'boot' });
    expect(await lookup(host)).toMatchObject({ taints: [] });
  });

  test.each(['{"execute": ', '[]', '{"execute": 1}', '{"execute": "stop", "arguments": []}'])('refuses %s before QEMU sees it', async (command) => {
    await expect(host.client.call('qemuDomainMonitorCommand', { domain: 'boot', command })).rejects.toMatchObject({ code: 'INVALID_ARG' });
    expect((await lookup(host)).taints).not.toContain('custom-monitor');
  });

  test('passes on QEMU’s refusal', async () => {
    await expect(host.client.call('qemuDomainMonitorCommand', { domain: 'boot', command: 'no-such-command' })).rejects.toMatchObject({ message: expect.stringContaining('no-such-command'), domain: { name: 'boot' } });
  });
});

describe('a job that takes long', () => {
  test('is named to who waits in vain, and keeps no query waiting', async () => {
    const domain = host.host.driver.find('boot');
    const call = new Call({ owner: 'remoteDispatchDomainReset', client: 'window 1' });
    await using job = await domain.jobs.begin(call, 'modify');
    job.assertHeld();
    const suspend = host.client.call('domainSuspend', { domain: 'boot' });
    expect(await lookup(host)).toMatchObject({ jobs: { sync: { owner: 'remoteDispatchDomainReset', client: 'window 1' }, waiting: 1 }, control: { state: 'job', details: 'modify by remoteDispatchDomainReset' } });
    // The job is held to the end of this test: that these answer is the proof.
    await Promise.all([host.client.call('domainGetInfo', { domain: 'boot' }), host.client.call('domainGetXMLDesc', { domain: 'boot' }), host.client.call('connectListAllDomains', {})]);
    await expect(suspend).rejects.toMatchObject({
      message: 'Timed out during operation: cannot acquire state change lock (held by monitor=remoteDispatchDomainReset)',
      domain: { name: 'boot' },
      details: { holders: [{ kind: 'modify', owner: 'remoteDispatchDomainReset', client: 'window 1' }] },
    });
  });
});

describe('what everybody is told', () => {
  test('has revisions that rise by one, and a list that fits them', async () => {
    const { revision } = await host.client.call('connectListAllDomains', {});
    const events = new EventRecord(host);
    await host.client.call('domainSuspend', { domain: 'boot' });
    await host.client.call('domainResume', { domain: 'boot' });
    await host.client.call('domainDestroy', { domain: 'boot' });
    expect(events.revisions).toEqual(events.revisions.map((_, index) => revision + 1 + index));
    // What changes last is told a moment later, because such changes are gathered.
    await expect.poll(async () => events.all.at(-1)?.summary).toMatchObject({ state: 'shut off', jobs: { sync: null, waiting: 0 } });
    expect(events.all.at(-1)?.summary).toEqual(await lookup(host));
    expect((await host.client.call('connectListAllDomains', {})).revision).toBe(events.revisions.at(-1));
    expect(events.revisions).toEqual(events.revisions.map((_, index) => revision + 1 + index));
  });
});

test('the native command line of a definition is one that QEMU runs', async () => {
  await host.client.call('domainDestroy', { domain: 'boot' });
  const { argv, text } = await host.client.call('connectDomainXMLToNative', { xml: bootGuestXml(path.join(host.home, 'boot.raw'), { name: `Bob's, "guest"` }) });
  expect(argv[0]).toMatch(/qemu-system-x86_64$/);
  // The folders of a run that never was are missing.
  const pidFile = argv[argv.indexOf('-pidfile') + 1] as string;
  const log = /logfile=([^,]+),/.exec(text)?.[1] ?? '';
  for (const file of [pidFile, log]) await mkdir(path.dirname(file), { recursive: true });
  const qemu = spawn('sh', ['-c', `exec ${text}`], { stdio: ['ignore', 'ignore', 'pipe'] });
  let said = '';
  qemu.stderr.on('data', (bytes: Buffer) => (said += bytes.toString()));
  const ended = once(qemu, 'exit');
  await expect.poll(() => access(pidFile).then(() => 'runs', () => said), { timeout: 20_000 }).toBe('runs');
  await host.monitorOf(qemu.pid as number, ['quit'], 'SHUTDOWN');
  expect(await ended).toEqual([0, null]);
});
