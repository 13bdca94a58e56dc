/** Many guests at once, some of them ended, stopped or damaged while no driver was there: each has exactly its own fate (F5). */
import { readFile, readdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { monitorEventLoopDelay, performance } from 'node:perf_hooks';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { runFolder } from '../../core/status/state-folder.ts';
import type { DomainSummary } from '../../core/domain/domain-summary.ts';
import { defineBootGuest, lookup } from '../support/boot-guest.ts';
import { countSyncs } from '../support/count-syncs.ts';
import { type TestHost, openTestHost, qemuProcessesOf } from '../support/open-test-host.ts';
import { print } from '../support/print.ts';

const count = Number(process.env['VIREO_MANY'] ?? 40);
const atOnce = 4;
let host: TestHost;

beforeEach(async () => {
  host = await openTestHost({ silenceMs: 600 });
});

afterEach(async () => {
  await host[Symbol.asyncDispose]();
});

async function eachOf<T>(items: readonly T[], work: (item: T) => Promise<unknown>): Promise<void> {
  const left = [...items];
  await Promise.all(Array.from({ length: atOnce }, async () => {
    for (let item = left.shift(); item !== undefined; item = left.shift()) await work(item);
  }));
}

async function domains(): Promise<Map<string, DomainSummary>> {
  const { domains: all } = await host.client.call('connectListAllDomains', {});
  return new Map(all.map((domain) => [domain.name, domain]));
}

interface Fate {
  readonly state: DomainSummary['state'];
  readonly reason: string;
  readonly id: number | null;
  readonly pid: number | null;
}

const fateOf = ({ state, reason, id, pid }: DomainSummary): Fate => ({ state, reason, id, pid });

/** Opens the host again and prints what it cost. */
async function reopenMeasured(reached: () => Promise<boolean>): Promise<void> {
  using syncs = await countSyncs();
  const delay = monitorEventLoopDelay({ resolution: 1 });
  delay.enable();
  const cpuBefore = process.cpuUsage();
  const beganMs = performance.now();
  await host.open();
  const listedMs = performance.now() - beganMs;
  await expect.poll(reached, { timeout: 30_000, interval: 10 }).toBe(true);
  const reachedMs = performance.now() - beganMs;
  delay.disable();
  const { user, system } = process.cpuUsage(cpuBefore);
  const ms = (ns: number): string => (ns / 1e6).toFixed(1);
  print(`${count} domains: listed after ${listedMs.toFixed(0)} ms, reached after ${reachedMs.toFixed(0)} ms; event loop delay median ${ms(delay.percentile(50))}, 99 % ${ms(delay.percentile(99))}, most ${ms(delay.max)} ms; CPU ${((user + system) / 1e3).toFixed(0)} ms; ${syncs.count} fsyncs`);
  // One write of a state file for each, with one sync of the file and at most one of the folder; a few for the host itself.
  expect(syncs.count).toBeLessThanOrEqual(2 * count + 20);
}

test(`${count} paused guests are found again, and each that met something meanwhile is what it met`, async () => {
  const names = Array.from({ length: count }, (_, index) => `guest-${String(index).padStart(3, '0')}`);
  const beganMs = performance.now();
  await eachOf(names, async (name) => {
    await defineBootGuest(host, { name });
    await host.client.call('domainCreate', { domain: name, paused: true });
  });
  print(`${count} domains: defined and started in ${(performance.now() - beganMs).toFixed(0)} ms`);
  const before = await domains();
  const [stopped, killed, [cut, misnamed]] = [names[1] as string, [names[2], names[3], names[4]] as string[], [names[5], names[6]] as [string, string]];
  const pidOf = (name: string): number => before.get(name)?.pid as number;
  const fileOf = (name: string): string => path.join(host.home, 'status', `${before.get(name)?.uuid}.json`);

  await host.close();
  process.kill(pidOf(stopped), 'SIGSTOP');
  for (const name of killed) process.kill(pidOf(name), 'SIGKILL');
  const text = await readFile(fileOf(cut), 'utf8');
  await writeFile(fileOf(cut), text.slice(0, text.length / 2));
  // Readable, and wrong: nobody may believe that this guest is dead and give its disk to a second QEMU.
  const { process: process_, ...record } = JSON.parse(await readFile(fileOf(misnamed), 'utf8')) as { process: { pid: number } };
  await writeFile(fileOf(misnamed), JSON.stringify({ ...record, process: { ...process_, pid: process_.pid + 1_000_000 } }));
  await expect.poll(async () => (await qemuProcessesOf(host.home)).length, { timeout: 10_000 }).toBe(count - killed.length);

  const isDone = ({ name, control, jobs }: DomainSummary): boolean => (name === stopped ? control.state === 'error' : control.state === 'ok' && jobs.sync === null);
  await reopenMeasured(async () => {
    const now = await domains();
    return [...now.values()].every(isDone) && killed.every((name) => now.get(name)?.state === 'shut off');
  });
  const after = await domains();
  const expected = new Map([...before].map(([name, domain]): [string, Fate] => {
    if (killed.includes(name)) return [name, { state: 'shut off', reason: 'crashed', id: null, pid: null }];
    if (name === cut || name === misnamed) return [name, { state: 'shut off', reason: 'unknown', id: null, pid: null }];
    return [name, fateOf(domain)];
  }));
  expect(new Map([...after].map(([name, domain]) => [name, fateOf(domain)]))).toEqual(expected);
  const { problems } = await host.client.call('hostGetStatus', {});
  const layout = host.host.layout;
  expect(problems.toSorted((a, b) => a.what.localeCompare(b.what))).toEqual([
    { what: `a QEMU (pid ${pidOf(cut)}) runs that no state file tells of`, path: runFolder(layout, before.get(cut)?.uuid as string), notStarted: null },
    { what: expect.stringMatching(/^a state file cannot be read: it is no JSON: /), path: `${fileOf(cut)}.unreadable`, notStarted: null },
    { what: expect.stringContaining(`its state file names process ${pidOf(misnamed) + 1_000_000}, but its QEMU has pid ${pidOf(misnamed)}`), path: fileOf(misnamed), notStarted: null },
  ]);
  for (const name of [cut, misnamed]) await expect(host.client.call('domainCreate', { domain: name })).rejects.toMatchObject({ code: 'OPERATION_FAILED', details: { pid: pidOf(name) } });

  process.kill(pidOf(stopped), 'SIGCONT');
  await host.host.driver.reconnected;
  expect(fateOf(await lookup(host, stopped))).toEqual(fateOf(before.get(stopped) as DomainSummary));
  expect((await host.client.call('domainCreate', { domain: killed[0] as string, paused: true })).id).toBeGreaterThan(count); // a start that is refused uses up an id

  for (const name of [cut, misnamed]) process.kill(pidOf(name), 'SIGKILL');
  await eachOf(names.filter((name) => name !== cut && name !== misnamed && !killed.slice(1).includes(name)), (name) => host.client.call('domainDestroy', { domain: name }));
  await expect.poll(() => qemuProcessesOf(host.home), { timeout: 10_000 }).toEqual([]);
  await host.close();
  await host.open();
  await host.host.driver.reconnected;
  expect([...(await domains()).values()].filter(({ state }) => state !== 'shut off')).toEqual([]);
  expect(await readdir(path.join(host.home, 'status'))).toEqual([path.basename(`${fileOf(cut)}.unreadable`)]);
  // The folder of a guest whose state file is set aside may stay with it until the next start.
  const aside = path.basename(runFolder(layout, before.get(cut)?.uuid as string));
  expect((await readdir(path.join(host.home, 'run'))).filter((name) => name !== 'api' && !name.startsWith(aside))).toEqual([]);
});
