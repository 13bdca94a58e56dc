import { type ChildProcess, spawn } from 'node:child_process';
import { mkdir, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { systemClock } from '../base/clock.ts';
import { silentLog } from '../base/log.ts';
import { processStartTime } from '../base/process-identity.ts';
import type { HostSetup, SideProcess } from '../devices/device-module.ts';
import type { LaunchContext } from '../devices/launch-context.ts';
import { removeRunFolder, runHostSetups, startSideProcesses } from './side-work.ts';

let home: string;
let launch: LaunchContext;
let ended: string[];

beforeEach(async () => {
  ended = [];
  home = await mkdtemp('/tmp/vireo-');
  const [runFolder, logFolder] = [path.join(home, 'run'), path.join(home, 'log')];
  await mkdir(runFolder);
  await mkdir(logFolder);
  launch = { runFolder, logFolder } as LaunchContext;
});

afterEach(async () => {
  await removeRunFolder(launch.runFolder, systemClock, silentLog);
  await rm(home, { recursive: true, force: true });
});

function shell(script: string, more: Partial<SideProcess> = {}): SideProcess {
  return { name: 'helper-net0', programs: ['sh'], argv: ['-c', script], socket: null, folders: [], ...more };
}

async function start(programs: readonly SideProcess[], setups: readonly HostSetup[] = [], deadlineMs = 5_000): Promise<void> {
  const signal = new AbortController().signal;
  await startSideProcesses({ needs: [], programs, setups }, { launch, clock: systemClock, log: silentLog, deadlineMs, signal, onEnd: (name, ending) => ended.push(`${name}: ${ending}`) });
}

async function recordedPids(): Promise<number[]> {
  const record = JSON.parse(await readFile(`${launch.runFolder}.side.json`, 'utf8')) as { processes: { pid: number }[] };
  return record.processes.map(({ pid }) => pid);
}

async function living(pids: readonly number[]): Promise<boolean[]> {
  return Promise.all(pids.map(async (pid) => (await processStartTime(pid)) !== null));
}

test('programs end with their run folder, also one that does not heed SIGTERM', async () => {
  const folder = path.join(home, 'state', 'of', 'it');
  const endless = 'while :; do sleep 1; done';
  await start([shell(endless, { folders: [folder] }), shell(`trap '' TERM; touch ${home}/deaf; ${endless}`, { name: 'deaf-fs0' })]);
  await expect.poll(() => stat(path.join(home, 'deaf')).then(() => true, () => false)).toBe(true);
  expect((await stat(folder)).mode & 0o777).toBe(0o700);
  const pids = await recordedPids();
  expect(await living(pids)).toEqual([true, true]);
  await removeRunFolder(launch.runFolder, systemClock, silentLog);
  expect(await living(pids)).toEqual([false, false]);
  expect(ended.toSorted()).toEqual(['deaf-fs0: signal SIGKILL', 'helper-net0: signal SIGTERM']);
  await expect(stat(launch.runFolder)).rejects.toMatchObject({ code: 'ENOENT' });
});

test('a program that ends before its socket is there is quoted with its last line', async () => {
  const failing = start([shell('echo first; echo "the port is taken" >&2; exit 3', { socket: path.join(launch.runFolder, 's') })]);
  await expect(failing).rejects.toMatchObject({ code: 'OPERATION_FAILED', message: 'operation failed: helper-net0 ended before it was ready (exit code 3): the port is taken' });
  expect(await readFile(path.join(launch.logFolder, 'helper-net0.log'), 'utf8')).toMatch(/: starting up: \/.*sh -c 'echo first.*'\nfirst\nthe port is taken\n$/);
});

test('a program that never opens its socket is waited for no longer than the deadline, and is ended', async () => {
  const failing = start([shell('sleep 600', { socket: path.join(launch.runFolder, 's') })], [], 100);
  await expect(failing).rejects.toMatchObject({ code: 'OPERATION_TIMEOUT', message: 'Timed out during operation: helper-net0 did not open its socket within 0.1 s' });
  const pids = await recordedPids();
  expect(await living(pids)).toEqual([true]);
  await removeRunFolder(launch.runFolder, systemClock, silentLog);
  expect(await living(pids)).toEqual([false]);
});

test('a program that was spawned in the moment before its driver died is ended too, and no other', async () => {
  const spawnIn = (folder: string): ChildProcess => spawn('sleep', ['600'], { env: { ...process.env, HOME: folder }, stdio: 'ignore' });
  const unwritten = spawnIn(launch.runFolder);
  const stranger = spawnIn(home);
  try {
    const bootId = (await readFile('/proc/sys/kernel/random/boot_id', 'utf8')).trim();
    await writeFile(`${launch.runFolder}.side.json`, JSON.stringify({ version: 1, bootId, processes: [], spawning: 'passt-net0', afterwards: [] }));
    await removeRunFolder(launch.runFolder, systemClock, silentLog);
    expect(await living([unwritten.pid ?? 0, stranger.pid ?? 0])).toEqual([false, true]);
  } finally {
    unwritten.kill('SIGKILL');
    stranger.kill('SIGKILL');
  }
});

test('while its programs are started it is written down which one comes next', async () => {
  const spawning = async (): Promise<unknown> => (JSON.parse(await readFile(`${launch.runFolder}.side.json`, 'utf8')) as { spawning: unknown }).spawning;
  const failing = start([shell('sleep 600'), shell('sleep 600', { name: 'slow-fs0', socket: path.join(launch.runFolder, 's') })], [], 300);
  await expect(failing).rejects.toMatchObject({ code: 'OPERATION_TIMEOUT' });
  expect(await spawning()).toBeNull();
  await expect(start([shell('exec sleep 600'), shell('', { name: 'missing-tpm0', programs: ['no-such-program'] })])).rejects.toMatchObject({ code: 'OPERATION_FAILED' });
  expect(await spawning()).toBe('missing-tpm0');
});

test('a program that is not there is named', async () => {
  await expect(start([shell('', { programs: ['no-such-program', '/nor/this'] })])).rejects.toMatchObject({ message: 'operation failed: no-such-program or /nor/this is not installed' });
});

test("what a command has made is taken away with the run folder, and a command's own words are told", async () => {
  const made = path.join(home, 'made');
  const setup: HostSetup = { name: 'network card net0', onceSpawned: [['touch', made]], afterwards: [['false'], ['rm', made]] };
  await start([], [setup]);
  await runHostSetups([setup], new AbortController().signal);
  expect((await stat(made)).isFile()).toBe(true);
  await expect(runHostSetups([{ ...setup, onceSpawned: [['ls', path.join(home, 'nowhere')]] }], new AbortController().signal)).rejects.toMatchObject({
    code: 'OPERATION_FAILED',
    message: expect.stringMatching(/network card net0: 'ls .*nowhere' failed: .*No such file/) as string,
  });
  await removeRunFolder(launch.runFolder, systemClock, silentLog);
  await expect(stat(made)).rejects.toMatchObject({ code: 'ENOENT' });
});

test('nothing is done for a run that has ended, and nothing is begun for a caller who has gone', async () => {
  const made = path.join(home, 'made');
  const gone = AbortSignal.abort(new Error('it is over'));
  await expect(runHostSetups([{ name: 'network card net0', onceSpawned: [['touch', made]], afterwards: [] }], gone)).rejects.toThrow('it is over');
  const setup: HostSetup = { name: 'network card net0', beforehand: [['touch', made]], onceSpawned: [], afterwards: [] };
  await expect(startSideProcesses({ needs: [], programs: [], setups: [setup] }, { launch, clock: systemClock, log: silentLog, deadlineMs: 5_000, signal: gone, onEnd: () => {} })).rejects.toThrow('it is over');
  await expect(stat(made)).rejects.toMatchObject({ code: 'ENOENT' });
});
