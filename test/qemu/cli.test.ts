/** The bundled command with a host that it starts itself, real QEMU and the sample guest. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { type BuiltCommand, type RunningCommand, buildCommand, spawnCommand } from '../cli/built-command.ts';
import { endProcesses, eventually, processesNaming } from '../support/electron-processes.ts';

const deadlineMs = 40_000;
let command: BuiltCommand;
let home: string;
beforeAll(async () => {
  command = await buildCommand();
});
afterAll(() => command[Symbol.asyncDispose]());
beforeEach(async () => {
  home = await mkdtemp('/tmp/vireo-');
});
afterEach(async () => {
  await endProcesses(await processesNaming(home));
  await rm(home, { recursive: true, force: true });
});

const begin = (...words: string[]): RunningCommand => spawnCommand(command, home, words);
const vireo = (...words: string[]): RunningCommand['outcome'] => begin(...words).outcome;
const printed = (...lines: string[]): object => ({ exitCode: 0, stdout: `${[...lines, ''].join('\n')}\n`, stderr: '' });

async function hosts(): Promise<number[]> {
  return (await processesNaming(home)).filter(({ words }) => words.includes('host')).map(({ pid }) => pid);
}

async function guests(): Promise<number[]> {
  return (await processesNaming(home)).filter(({ program }) => program.includes('qemu-system')).map(({ pid }) => pid);
}

/** A console fed by the test; `shows` waits for what the guest prints. */
function openConsole(...words: string[]): RunningCommand & { type(text: string): void; shows(text: string): Promise<void> } {
  const running = begin('console', ...words);
  return {
    ...running,
    type: (text) => void running.child.stdin.write(text),
    shows: (text) => eventually(`the console shows ${JSON.stringify(text)}, but: ${running.printed().slice(-500)}`, () => Promise.resolve(running.printed().includes(text)), deadlineMs),
  };
}

describe('the first command', () => {
  test('starts a host, which answers the next ones and ends when it is told to', async () => {
    expect(await vireo('list', '--all')).toEqual(printed(' Id   Name   State', '--------------------'));
    const [host, ...others] = await hosts();
    expect(others).toEqual([]);
    const { stdout } = await vireo('version', '--json');
    expect(JSON.parse(stdout)).toMatchObject({ pid: host, role: 'host', stateFolder: { path: home }, qemu: { found: true } });
    expect(await vireo('host', '--stop')).toEqual(printed('Host is being stopped'));
    await eventually('the host is gone', async () => (await hosts()).length === 0, deadlineMs);
    expect(await vireo('host', '--stop')).toEqual(printed('No host is running'));
  });

  test('shares its host with others that came at the same moment', async () => {
    const outcomes = await Promise.all(Array.from({ length: 5 }, () => vireo('list', '--name')));
    expect(outcomes).toEqual(outcomes.map(() => printed()));
    await eventually('one host is left', async () => (await hosts()).length === 1, deadlineMs);
  });

  test('replaces a host that was killed', async () => {
    await vireo('list');
    await endProcesses((await processesNaming(home)).filter(({ words }) => words.includes('host')));
    expect(await vireo('list', '--name')).toEqual(printed());
    expect(await hosts()).toHaveLength(1);
  });
});

test('a second host on the same folder is refused with who owns it', async () => {
  await vireo('list');
  const [pid] = await hosts();
  const refused = await vireo('host');
  expect({ ...refused, stderr: refused.stderr.replace(/since .*/, 'since then') }).toEqual({
    exitCode: 1,
    stdout: '\n',
    stderr: `error: resource busy: ${home} is owned by a screenless Vireo host, process ${pid}, since then\n`,
  });
});

test('a malformed definition gives one clear error with its place', async () => {
  await writeFile(`${home}/broken.xml`, "<domain type='qemu'>\n  <name>broken</nam>\n</domain>\n");
  const { exitCode, stderr } = await vireo('define', 'broken.xml');
  expect(exitCode).toBe(1);
  expect(stderr).toMatch(/^error: Failed to define domain from broken\.xml\nerror: XML error: .*2.*\n$/);
});

test('a guest is started, logged in to, kept through the death of its host, and powered off from its console', async ({ skip }) => {
  const { sampleGuest } = JSON.parse((await vireo('version', '--json')).stdout) as { sampleGuest: { available: boolean; reason?: string } };
  if (!sampleGuest.available) skip(`no sample guest: ${sampleGuest.reason}`);
  expect(await vireo('sample', 'first', '--start')).toEqual(printed("Domain 'first' defined from the sample guest", "Domain 'first' started"));
  expect(await vireo('domstate', 'first', '--reason')).toEqual(printed('running (booted)'));

  const first = openConsole('first');
  await first.shows('login: ');
  first.type('root\n');
  await first.shows('# ');
  first.type('kept=$((6 * 7))\n');
  const refused = await vireo('console', 'first');
  expect(refused).toMatchObject({ exitCode: 1, stderr: expect.stringMatching(/^error: operation failed: Active console session exists for this domain\nerror: held by vireo console \(pid \d+\)/) });
  const second = openConsole('first', '--force');
  await second.shows('Escape character');
  await eventually('the first is told', () => Promise.resolve(first.complained().includes('took over the console; you are watching')), deadlineMs);

  const [qemu] = await guests();
  await endProcesses((await processesNaming(home)).filter(({ words }) => words.includes('host')));
  expect([await first.outcome, await second.outcome]).toEqual([
    { exitCode: 1, stdout: expect.any(String), stderr: expect.stringMatching(/took over the console; you are watching .*error: the connection to the Vireo host was closed/s) },
    { exitCode: 1, stdout: expect.any(String), stderr: 'error: the connection to the Vireo host was closed\n' },
  ]);
  expect(await guests()).toEqual([qemu]);

  const events = begin('event', '--event', 'lifecycle', '--timeout', '60');
  const third = openConsole('first');
  await third.shows('# '); // its history came through the death of the host
  third.type('echo kept:$kept\n');
  await third.shows('kept:42');
  third.type('poweroff\n');
  expect(await third.outcome).toMatchObject({ exitCode: 0, stderr: '' });
  expect(await events.outcome).toMatchObject({ exitCode: 0, stdout: expect.stringMatching(/^event 'lifecycle' for domain 'first': (Shutdown|Stopped) /) });
  await eventually('the guest is off', async () => (await vireo('domstate', 'first', '--reason')).stdout === 'shut off (shutdown)\n\n', deadlineMs);
  expect(await guests()).toEqual([]);
});
