/** A guest that is bound to the client that started it ends with that client, however the client ends. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { Client } from '../../core/api/client.ts';
import { unbindFromClient } from '../../core/process/autodestroy.ts';
import { type BuiltCommand, type RunningCommand, buildCommand, spawnCommand } from '../cli/built-command.ts';
import { bootSectorImage } from '../support/boot-sector.ts';
import { EventRecord, bootGuestXml, defineBootGuest, lookup, waitForState } from '../support/boot-guest.ts';
import { endProcesses, eventually, processesNaming } from '../support/electron-processes.ts';
import { type TestHost, openTestHost, qemuProcessesOf } from '../support/open-test-host.ts';

describe('a domain that is started with autodestroy', () => {
  let host: TestHost;
  let starter: Client;

  beforeEach(async () => {
    host = await openTestHost();
    starter = host.host.client('the starter');
    await defineBootGuest(host);
  });

  afterEach(() => host[Symbol.asyncDispose]());

  test('is destroyed when its client closes, and what others started is not', async () => {
    await defineBootGuest(host, { name: 'other' });
    const events = new EventRecord(host);
    await starter.call('domainCreate', { domain: 'boot', paused: true, autodestroy: true });
    await starter.call('domainCreate', { domain: 'other', paused: true });
    starter.close();
    expect(await waitForState(host, 'shut off')).toMatchObject({ reason: 'destroyed' });
    expect(await lookup(host, 'other')).toMatchObject({ state: 'paused' });
    expect(events.told.at(-1)).toBe('stopped/destroyed');
    await host.client.call('domainDestroy', { domain: 'other' });
  });

  test('is gone for good when it is defined nowhere', async () => {
    const disk = path.join(host.home, 'transient.raw');
    await writeFile(disk, bootSectorImage());
    await starter.call('domainCreateXML', { xml: bootGuestXml(disk, { name: 'transient' }), autodestroy: true });
    starter.close();
    await expect.poll(() => lookup(host, 'transient').catch((error: { code: string }) => error.code), { timeout: 20_000 }).toBe('NO_DOMAIN');
  });

  test('does not survive a client that is gone before its start is done', async () => {
    const starting = starter.call('domainCreate', { domain: 'boot', autodestroy: true }).catch(() => null);
    await expect.poll(async () => (await qemuProcessesOf(host.home)).length, { interval: 5, timeout: 20_000 }).toBe(1);
    starter.close();
    await starting;
    expect(await waitForState(host, 'shut off')).toMatchObject({ reason: 'destroyed' });
    expect(await qemuProcessesOf(host.home)).toEqual([]);
  });

  test('ends with the host that its client is connected to, before that host is closed', async () => {
    await starter.call('domainCreate', { domain: 'boot', autodestroy: true });
    await host.close();
    expect(await qemuProcessesOf(host.home)).toEqual([]);
    await host.open();
    expect(await lookup(host)).toMatchObject({ state: 'shut off' });
  });

  test('is nobody’s any more once it was set free, and has no second life in the next run', async () => {
    await starter.call('domainCreate', { domain: 'boot', paused: true, autodestroy: true });
    await host.client.call('domainDestroy', { domain: 'boot' });
    await host.client.call('domainCreate', { domain: 'boot', paused: true });
    const second = host.host.client('a second');
    await defineBootGuest(host, { name: 'freed' });
    await second.call('domainCreate', { domain: 'freed', paused: true, autodestroy: true });
    const freed = host.host.driver.find('freed');
    if (freed.live) await unbindFromClient(host.host.driver.context, freed, freed.live);
    starter.close();
    second.close();
    await host.reopen();
    for (const domain of ['boot', 'freed']) {
      expect(await waitForState(host, 'paused', domain)).toMatchObject({ state: 'paused' });
      await host.client.call('domainDestroy', { domain });
    }
  });
});

describe('the command', () => {
  const deadlineMs = 40_000;
  let command: BuiltCommand;
  let home: string;
  const begin = (...words: string[]): RunningCommand => spawnCommand(command, home, words);

  beforeAll(async () => {
    command = await buildCommand();
  });
  afterAll(() => command[Symbol.asyncDispose]());

  beforeEach(async () => {
    home = await mkdtemp('/tmp/vireo-');
    const disk = path.join(home, 'boot.raw');
    await writeFile(disk, bootSectorImage());
    await writeFile(path.join(home, 'boot.xml'), bootGuestXml(disk));
    expect(await begin('define', path.join(home, 'boot.xml')).outcome).toMatchObject({ exitCode: 0 });
  });

  afterEach(async () => {
    await endProcesses(await processesNaming(home));
    await rm(home, { recursive: true, force: true });
  });

  async function started(...words: string[]): Promise<RunningCommand> {
    const running = begin(...words);
    await eventually('the guest has started', () => Promise.resolve(/ (started|created from)/.test(running.printed())), deadlineMs);
    return running;
  }

  const state = async (): Promise<string> => (await begin('domstate', 'boot').outcome).stdout.trim();

  test('that is killed takes its guest with it, and so does a host that is killed', async () => {
    const killed = await started('start', 'boot', '--autodestroy');
    killed.child.kill('SIGKILL');
    await eventually('no guest is left', async () => (await qemuProcessesOf(home)).length === 0, deadlineMs);
    const orphaned = await started('start', 'boot', '--autodestroy');
    await endProcesses((await processesNaming(home)).filter(({ words }) => words.includes('host')));
    expect(await orphaned.outcome).toMatchObject({ exitCode: 1 });
    expect(await qemuProcessesOf(home)).toHaveLength(1);
    await eventually('the next host has destroyed the guest', async () => (await state()) === 'shut off', deadlineMs);
    expect(await qemuProcessesOf(home)).toEqual([]);
  });

  test('stays until it is interrupted and destroys its guest, or until the guest has stopped', async () => {
    const interrupted = await started('start', 'boot', '--autodestroy');
    interrupted.child.kill('SIGINT');
    expect(await interrupted.outcome).toMatchObject({ exitCode: 0, stderr: '', stdout: expect.stringMatching(/Domain 'boot' will be destroyed when this command ends[^]*Domain 'boot' destroyed\n/) as string });
    expect(await state()).toBe('shut off');
    await begin('undefine', 'boot').outcome;
    const stopped = await started('create', path.join(home, 'boot.xml'), '--autodestroy');
    await begin('destroy', 'boot').outcome;
    expect(await stopped.outcome).toMatchObject({ exitCode: 0, stderr: '', stdout: expect.stringContaining("Domain 'boot' has stopped\n") as string });
  });

  test('that leaves the console of its guest destroys it', async () => {
    const running = await started('start', 'boot', '--autodestroy', '--console');
    await eventually('the console is open', () => Promise.resolve(running.printed().includes('Escape character')), deadlineMs);
    running.child.stdin.end('\u001d');
    expect(await running.outcome).toMatchObject({ exitCode: 0, stdout: expect.stringContaining("Domain 'boot' destroyed\n") as string });
    expect(await state()).toBe('shut off');
  });
});
