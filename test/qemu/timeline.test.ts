/** What a domain's timeline tells of a real QEMU: who did what, how a run ended, and what nobody saw. */
import { appendFile, mkdtemp, readFile, readdir, rm } from 'node:fs/promises';
import path from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { entryInWords } from '../../core/timeline/entry-in-words.ts';
import type { TimelineEntry } from '../../core/timeline/timeline-entry.ts';
import { bootGuestXml, defineBootGuest, lookup, waitForState } from '../support/boot-guest.ts';
import { HostProcess, buildHostProgram } from '../support/host-process.ts';
import { type TestHost, openTestHost, qemuProcessesOf } from '../support/open-test-host.ts';

let folder: string;
let program: string;
let host: TestHost;

beforeAll(async () => {
  folder = await mkdtemp('/tmp/vireo-');
  program = await buildHostProgram(folder);
});

afterAll(async () => {
  await rm(folder, { recursive: true, force: true });
});

beforeEach(async () => {
  host = await openTestHost();
});

afterEach(async () => {
  await host[Symbol.asyncDispose]();
});

/** Oldest first. */
async function timeline(domain = 'boot'): Promise<TimelineEntry[]> {
  const { entries } = await host.client.call('domainGetTimeline', { domain, limit: 1_000 });
  return entries.toReversed();
}

async function start(): Promise<number> {
  await defineBootGuest(host);
  await host.client.call('domainCreate', { domain: 'boot' });
  return (await lookup(host)).pid!;
}

function ofKind(entries: readonly TimelineEntry[], kind: TimelineEntry['kind']): string[] {
  return entries.filter((entry) => entry.kind === kind).map(({ what }) => what);
}

/** The log's file of the one domain of the host. */
async function logFile(): Promise<string> {
  return path.join(host.home, 'logs', (await lookup(host)).uuid, 'qemu.log');
}

test('it has who asked for what, how long it took, and why it was refused', async () => {
  await start();
  await host.client.call('domainSuspend', { domain: 'boot' });
  await expect(host.client.call('domainCreate', { domain: 'boot' })).rejects.toThrow('already running');
  const entries = await timeline();
  const actions = entries.filter(({ kind }) => kind === 'action');
  expect(actions.map(({ what, outcome }) => [what, outcome?.ok])).toEqual([['domainDefineXML', true], ['domainCreate', true], ['domainSuspend', true], ['domainCreate', false]]);
  expect(actions.at(-1)).toMatchObject({ by: { owner: 'remoteDispatchDomainCreate', client: 'the test' }, outcome: { error: { code: 'OPERATION_INVALID' } } });
  expect(ofKind(entries, 'job')).toEqual(['began', 'ended']);
  expect(ofKind(entries, 'lifecycle')).toEqual(['defined', 'started', 'suspended']);
  expect(ofKind(entries, 'qmp')).toEqual(['RESUME', 'STOP']);
  expect(entries.map(({ seq }) => seq)).toEqual(entries.map((_, index) => index + 1));
});

describe('after a kill -9 of QEMU', () => {
  test('it shows the signal, the last words and the last messages, also once the domain is undefined', async () => {
    const pid = await start();
    const { uuid } = await lookup(host);
    await appendFile(await logFile(), 'qemu-system-x86_64: the last straw\n'); // what a QEMU writes that is about to break
    await expect.poll(async () => ofKind(await timeline(), 'stderr'), { timeout: 20_000 }).not.toEqual([]);
    await host.client.call('qemuDomainMonitorCommand', { domain: 'boot', command: '{"execute":"query-status"}' });
    process.kill(pid, 'SIGKILL');
    await waitForState(host, 'shut off');
    await host.client.call('domainUndefine', { domain: 'boot' });
    const stopped = (await timeline(uuid)).findLast(({ what }) => what === 'stopped')!;
    expect(stopped).toMatchObject({ run: 1, account: { signal: 'SIGKILL', exitCode: null, endedByDriver: false, state: 'running', reason: 'booted', unanswered: null } });
    expect(stopped.account!.stderrTail).toContain('qemu-system-x86_64: the last straw');
    expect(stopped.account!.lastMessages.map(({ direction, name }) => `${direction} ${name}`)).toEqual(expect.arrayContaining(['command cont', 'event RESUME', 'command query-status', 'reply query-status']));
    expect(entryInWords(stopped, String)).toBe('Crashed. QEMU was ended by SIGKILL');
  });

  test('by a driver that did not start it, it says that nobody knows how it ended, and what was said until then', async () => {
    await start();
    await host.reopen();
    await host.host.driver.reconnected;
    process.kill((await lookup(host)).pid!, 'SIGKILL');
    await waitForState(host, 'shut off');
    const stopped = (await timeline()).findLast(({ what }) => what === 'stopped')!;
    expect(stopped.account).toMatchObject({ signal: null, exitCode: null, endedByDriver: false, state: 'running' });
    expect(stopped.account!.lastMessages.length).toBeGreaterThan(0);
    expect(entryInWords(stopped, String)).toMatch(/not known: this driver did not start it$/);
  });
});

test('a force off and a failed start are no riddles either', async () => {
  await start();
  await host.client.call('domainDestroy', { domain: 'boot' });
  const forced = (await timeline()).findLast(({ what }) => what === 'stopped')!;
  expect(forced.account).toMatchObject({ endedByDriver: true });
  expect(entryInWords(forced, String)).toBe('Forced off');
  await host.remove('boot.raw');
  await expect(host.client.call('domainCreate', { domain: 'boot' })).rejects.toThrow();
  const failed = (await timeline()).findLast(({ what }) => what === 'domainCreate')!;
  expect(failed.outcome).toMatchObject({ ok: false, error: { message: expect.stringContaining('boot.raw') as unknown } });
});

describe('over a restart of the driver', () => {
  test('that closed, it marks the gap, goes on counting, and has what QEMU said meanwhile', async () => {
    await start();
    const before = (await timeline()).at(-1)!.seq;
    const log = await logFile();
    await host.close();
    await appendFile(log, 'qemu-system-x86_64: said while nobody watched\n');
    await host.open();
    await host.host.driver.reconnected;
    await expect.poll(async () => ofKind(await timeline(), 'stderr'), { timeout: 20_000 }).toEqual(['line']);
    const after = (await timeline()).filter(({ seq }) => seq > before);
    expect(ofKind(after, 'driver')).toEqual(['let-go', 'nobody-watched', 'found', 'reached']);
    expect(after.map(({ seq }) => seq)).toEqual(after.map((_, index) => before + 1 + index));
    expect(after.find(({ what }) => what === 'nobody-watched')?.details).toMatchObject({ letGo: true });
    expect(after.find(({ kind }) => kind === 'stderr')?.details['line']).toBe('qemu-system-x86_64: said while nobody watched');
  });

  test('that was killed with its guest dead meanwhile, it tells that, too', async () => {
    await defineBootGuest(host);
    await host.close();
    await using killed = new HostProcess(program, host.home, 'boot');
    await expect.poll(() => killed.isReady, { timeout: 20_000 }).toBe(true);
    const [pid] = await qemuProcessesOf(host.home);
    await killed.kill();
    process.kill(pid!, 'SIGKILL');
    await host.open();
    await waitForState(host, 'shut off');
    const entries = await timeline();
    expect(entries.find(({ what }) => what === 'nobody-watched')?.details).toMatchObject({ letGo: false });
    expect(entries.findLast(({ what }) => what === 'stopped')?.account).toMatchObject({ signal: null, exitCode: null });
  });
});

test('an idle running domain writes nothing, and looking at it neither', async () => {
  await start();
  const file = path.join(path.dirname(await logFile()), 'timeline.jsonl');
  await timeline();
  const before = await readFile(file, 'utf8');
  let written = 0;
  host.client.on('timeline', () => (written += 1));
  for (let index = 0; index < 50; index += 1) {
    await host.client.call('domainGetInfo', { domain: 'boot' });
    await host.client.call('domainGetTimeline', { domain: 'boot' });
  }
  expect(await readFile(file, 'utf8')).toBe(before);
  expect(written).toBe(0);
});

test('no secret reaches any log, through a command, a definition or a crash', async () => {
  const marker = 'MARKERpw71';
  const disk = await defineBootGuest(host);
  const withPassword = bootGuestXml(disk).replace('</devices>', `<graphics type='vnc' autoport='yes' passwd='${marker.slice(0, 8)}'/></devices>`);
  await host.client.call('domainUndefine', { domain: 'boot' });
  await host.client.call('domainDefineXML', { xml: withPassword });
  await host.client.call('domainCreate', { domain: 'boot' });
  const said = [
    { command: JSON.stringify({ execute: 'set_password', arguments: { protocol: 'vnc', password: marker.slice(0, 8) } }), hmp: false },
    { command: JSON.stringify({ execute: 'object-add', arguments: { 'qom-type': 'secret', id: 's0', data: marker } }), hmp: false },
    { command: JSON.stringify({ execute: 'set_password', arguments: { protocol: marker, password: marker } }), hmp: false },
    { command: `set_password vnc ${marker}`, hmp: true },
  ];
  for (const words of said) await host.client.call('qemuDomainMonitorCommand', { domain: 'boot', ...words }).catch(() => {});
  process.kill((await lookup(host)).pid!, 'SIGKILL');
  await waitForState(host, 'shut off');
  const entries = await timeline();
  expect(entries.filter(({ what }) => what === 'qemuDomainMonitorCommand').map(({ details }) => details['command'])).toEqual(['set_password', 'object-add', 'set_password', 'set_password']);
  expect(entries.findLast(({ account }) => account !== null)?.account?.lastMessages.length).toBeGreaterThan(0);
  const { uuid } = await lookup(host);
  for (const name of await readdir(path.join(host.home, 'logs', uuid))) {
    expect(await readFile(path.join(host.home, 'logs', uuid, name), 'utf8'), name).not.toContain(marker.slice(0, 8));
  }
});
