/**
 * A start is whole or not at all (F3): each of its steps is made to fail, by itself and by everything that can come from
 * outside, and nothing stays behind. The steps are those of the driver's own table, whatever is in it.
 */
import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { readdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { VireoError } from '../../core/base/errors.ts';
import { spawnStep, type StartStep, startSteps, stepsBeforeQemu, stepsToReady, stepsToRun } from '../../core/process/start-steps.ts';
import { bootSectorImage } from '../support/boot-sector.ts';
import { bootGuestXml, EventRecord, lookup } from '../support/boot-guest.ts';
import { openTestHost, qemuProcessesOf, type TestHost } from '../support/open-test-host.ts';

let host: TestHost;
/** What happens when the start comes to a step. */
let happen: { readonly step: string; readonly what: () => void | Promise<void> } | null = null;
let reached: string[] = [];

beforeAll(async () => {
  host = await openTestHost({
    atStep: async (_operation, step) => {
      reached.push(step);
      if (happen?.step === step) await happen.what();
    },
  });
  await writeFile(path.join(host.home, 'boot.raw'), bootSectorImage());
  await writeFile(path.join(host.home, 'base.raw'), bootSectorImage());
  await promisify(execFile)('qemu-img', ['create', '-q', '-f', 'qcow2', '-b', 'base.raw', '-F', 'raw', 'top.qcow2', '1M'], { cwd: host.home });
  await host.client.call('domainDefineXML', { xml: guestXml() });
});
afterAll(() => host[Symbol.asyncDispose]());

/** With something for most of the steps to do. */
function guestXml(): string {
  const more = `<disk type='file' device='disk'><driver name='qemu' type='qcow2'/><source file='${host.home}/top.qcow2'/><target dev='vda' bus='virtio'/><iotune><total_iops_sec>1000</total_iops_sec></iotune></disk>
    <interface type='user'><model type='virtio'/><link state='down'/></interface>
    <channel type='unix'><target type='virtio' name='org.qemu.guest_agent.0'/></channel>
    <graphics type='vnc' port='-1' autoport='yes' passwd='secret'/>
    <tpm model='tpm-crb'><backend type='emulator' version='2.0'/></tpm>
    <memballoon model='virtio'><stats period='5'/></memballoon>`;
  return bootGuestXml(`${host.home}/boot.raw`).replace("<memballoon model='none'/>", more).replace("<memory unit='MiB'>16</memory>", "<memory unit='MiB'>32</memory><currentMemory unit='MiB'>24</currentMemory>");
}

const run = (name: string): Promise<readonly string[]> => readdir(path.join(host.home, name));

async function nothingIsLeft(): Promise<void> {
  expect(await qemuProcessesOf(host.home)).toEqual([]);
  expect(await processesNaming(host.home)).toEqual([]);
  expect(await run('status')).toEqual([]);
  expect((await run('run')).filter((name) => name !== 'api')).toEqual([]);
}

/** Side programs of the run, too. */
async function processesNaming(home: string): Promise<readonly string[]> {
  const { stdout } = await promisify(execFile)('ps', ['-eo', 'args']);
  return stdout.split('\n').filter((line) => line.includes(`${home}/run/`));
}

async function descriptors(): Promise<number> {
  return (await readdir('/proc/self/fd')).length;
}

interface Failed {
  readonly error: VireoError;
  readonly told: readonly string[];
}

/** Starts the guest, which fails, and looks at what is left. */
async function failedStart(step: string, what: () => void | Promise<void>, signal?: AbortSignal): Promise<Failed> {
  const events = new EventRecord(host);
  const before = await descriptors();
  happen = { step, what };
  reached = [];
  const error = await host.client.call('domainCreate', { domain: 'boot', paused: true }, signal ? { signal } : {}).then(
    () => expect.unreachable(`the start succeeded, though '${step}' failed`),
    (thrown: unknown) => thrown as VireoError,
  );
  happen = null;
  expect(reached).toContain(step);
  await expect.poll(() => lookup(host), { timeout: 20_000, interval: 10 }).toMatchObject({ state: 'shut off', id: null, pid: null, consoles: [], taints: [], jobs: { sync: null, async: null, agent: null } });
  await nothingIsLeft();
  await expect.poll(descriptors, { timeout: 5_000, interval: 10 }).toBeLessThanOrEqual(before);
  return { error, told: events.told };
}

async function startsNow(): Promise<void> {
  expect(await host.client.call('domainCreate', { domain: 'boot', paused: true })).toMatchObject({ state: 'paused', reason: 'user' });
  await host.client.call('domainDestroy', { domain: 'boot' });
  await nothingIsLeft();
}

test('the table names each step once', () => {
  const names = startSteps.map(({ name }) => name);
  expect(new Set(names).size).toBe(names.length);
});

describe('a step that fails', () => {
  test.each(startSteps.map(({ name }) => name))('%s: leaves nothing behind and tells its reason, to the caller and in the log', async (step) => {
    const { error, told } = await failedStart(step, () => {
      throw new VireoError('OPERATION_FAILED', 'the test has made it fail');
    });
    expect(error).toMatchObject({ code: 'OPERATION_FAILED', message: 'operation failed: the test has made it fail', domain: { name: 'boot' } });
    expect(told).toEqual([]);
    const { text } = await host.client.call('domainGetLog', { domain: 'boot' });
    expect(text).toContain(`the start failed (${step}): operation failed: the test has made it fail\n`);
    expect(await lookup(host)).toMatchObject({ reason: 'failed' });
  });
});

describe('a caller that gives up', () => {
  test.each([...stepsBeforeQemu, spawnStep].map(({ name }) => name))('at %s is heard, and nothing is left', async (step) => {
    const caller = new AbortController();
    const { told } = await failedStart(step, () => caller.abort(new VireoError('OPERATION_ABORTED', 'no longer wanted')), caller.signal);
    expect(told).toEqual([]);
  });
});

test('a caller that gives up once QEMU is there changes nothing: only a destroy ends the start then', async () => {
  const caller = new AbortController();
  happen = { step: 'monitor', what: () => caller.abort(new VireoError('OPERATION_ABORTED', 'no longer wanted')) };
  await host.client.call('domainCreate', { domain: 'boot', paused: true }, { signal: caller.signal }).catch(() => {});
  happen = null;
  await expect.poll(() => lookup(host), { timeout: 20_000 }).toMatchObject({ state: 'paused', reason: 'user' });
  await host.client.call('domainDestroy', { domain: 'boot' });
});

describe('with QEMU there', () => {
  /** Each step has one of the two: they end a run in the same way. */
  const stepsWithQemu = [...stepsToReady, ...stepsToRun];
  const turns = (turn: number): string[] => stepsWithQemu.filter((_, at) => at % 2 === turn).map(({ name }) => name);

  test.each(turns(0))('a destroy at %s ends it, and is told', async (step) => {
    const { error, told } = await failedStart(step, async () => void (await host.client.call('domainDestroy', { domain: 'boot' })));
    expect(error).toMatchObject({ code: 'OPERATION_ABORTED', message: 'operation aborted: the domain was destroyed while it was starting' });
    expect(told).toEqual(['stopped/destroyed']);
  });

  test('a destroy waits for what a step writes down, and removes it', async () => {
    const step = stepsToReady.find(({ name }) => name === 'control groups') as StartStep;
    using _slow = vi.spyOn(step, 'run').mockImplementationOnce(async ({ live }) => {
      void host.client.call('domainDestroy', { domain: 'boot' });
      await expect.poll(() => live.died.aborted, { timeout: 10_000, interval: 2 }).toBe(true);
      const { runFolder } = live.facts;
      await expect.poll(() => existsSync(runFolder), { timeout: 300, interval: 2 }).toBe(false).catch(() => {}); // whoever does not wait has removed it by then
      await writeFile(`${runFolder}.groups.json`, JSON.stringify({ version: 1, folders: [] }));
    });
    const { told } = await failedStart('control groups', () => {});
    expect(told).toEqual(['stopped/destroyed']);
  });

  test.each(turns(1))('QEMU’s death at %s is told to the caller alone', async (step) => {
    const { error, told } = await failedStart(step, async () => {
      const { live } = host.host.driver.find('boot');
      process.kill(live?.facts.process.pid ?? 0, 'SIGKILL');
      await live?.facts.process.exited;
      if (live?.isMonitorOpen) await expect.poll(() => live.died.aborted, { timeout: 10_000, interval: 5 }).toBe(true);
    });
    expect(error.message).toBe('internal error: process exited while connecting to monitor: it said nothing (signal SIGKILL)');
    expect(told).toEqual([]);
  });
});

test.each(startSteps.filter((_, at) => at % 4 === 1).map(({ name }) => name))('a driver that closes at %s undoes the start before it lets go of the folder', async (step) => {
  const closed: Promise<void>[] = [];
  const closes = async (): Promise<void> => {
    const { closing: isClosing } = host.host.driver.context;
    closed.push(host.close());
    await expect.poll(() => isClosing.aborted).toBe(true);
  };
  happen = { step, what: closes };
  await expect(host.client.call('domainCreate', { domain: 'boot', paused: true })).rejects.toThrow();
  happen = null;
  await Promise.all(closed);
  await nothingIsLeft();
  await host.open();
  expect(await lookup(host)).toMatchObject({ state: 'shut off' });
});

test('and after all that a start goes well', startsNow);
