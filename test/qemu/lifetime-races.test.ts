/**
 * APIs that race with the end of the domain they are about, on a real QEMU (A2): four clients do what comes into their
 * heads to three domains. Whatever the order, each ends well or with an error that says precisely what was in its way,
 * nobody acts on a ghost, and the disk and every client's list agree with the driver in the end.
 *
 *     VIREO_RACE_SEED=7 npx vitest run --project qemu test/qemu/lifetime-races.test.ts   # repeats the choices of one
 *     VIREO_RACE_RUNS=100 npx vitest run --project qemu test/qemu/lifetime-races.test.ts # looks for more, some minutes
 */
import { readdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { expect, test } from 'vitest';
import type { Client } from '../../core/api/client.ts';
import { type VireoError, asVireoError } from '../../core/base/errors.ts';
import { type DomainEvent, type DomainList, applyDomainEvent } from '../../core/domain/domain-summary.ts';
import { bootSectorImage } from '../support/boot-sector.ts';
import { bootGuestXml } from '../support/boot-guest.ts';
import { type TestHost, openTestHost, qemuProcessesOf } from '../support/open-test-host.ts';

const clients = 4;
const actsEach = 30;
const { VIREO_RACE_SEED: onlySeed, VIREO_RACE_RUNS: runs = '3' } = process.env;
const seeds = onlySeed === undefined ? Array.from({ length: Number(runs) }, (_, index) => index + 1) : [Number(onlySeed)];

/** What has succeeded at least once, whatever the seed: races in which everything is refused show nothing. */
const done = new Set<string>();

/** Numbers below `limit`, the same for the same seed (mulberry32). */
function seeded(seed: number): (limit: number) => number {
  let state = seed;
  return (limit) => {
    state = (state + 0x6d_2b_79_f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) % limit;
  };
}

interface Target {
  readonly uuid: string;
  readonly xml: string;
}

type Act = (client: Client, target: Target) => Promise<unknown>;

/** What is done, more often where it is what others race with. */
const acts: readonly (readonly [name: string, act: Act])[] = [
  ['define', (client, { xml }) => client.call('domainDefineXML', { xml })],
  ['create', (client, { xml }) => client.call('domainCreateXML', { xml, paused: true })],
  ['create', (client, { xml }) => client.call('domainCreateXML', { xml, paused: true })],
  ['start', (client, { uuid }) => client.call('domainCreate', { domain: uuid, paused: true })],
  ['start', (client, { uuid }) => client.call('domainCreate', { domain: uuid, paused: true })],
  ['destroy', (client, { uuid }) => client.call('domainDestroy', { domain: uuid })],
  ['destroy', (client, { uuid }) => client.call('domainDestroy', { domain: uuid })],
  ['undefine', (client, { uuid }) => client.call('domainUndefine', { domain: uuid })],
  ['undefine', (client, { uuid }) => client.call('domainUndefine', { domain: uuid })],
  ['kill', killQemu],
  ['suspend', (client, { uuid }) => client.call('domainSuspend', { domain: uuid })],
  ['resume', (client, { uuid }) => client.call('domainResume', { domain: uuid })],
  ['reset', (client, { uuid }) => client.call('domainReset', { domain: uuid })],
  ['monitor command', (client, { uuid }) => client.call('qemuDomainMonitorCommand', { domain: uuid, command: 'query-status' })],
  ['dumpxml', (client, { uuid }) => client.call('domainGetXMLDesc', { domain: uuid })],
  ['info', (client, { uuid }) => client.call('domainGetInfo', { domain: uuid })],
  ['control info', (client, { uuid }) => client.call('domainGetControlInfo', { domain: uuid })],
  ['console', openConsole],
];

async function killQemu(client: Client, { uuid }: Target): Promise<void> {
  const { pid } = await client.call('domainLookup', { domain: uuid });
  try {
    if (pid !== null) process.kill(pid, 'SIGKILL');
  } catch {
    // It has ended meanwhile.
  }
}

async function openConsole(client: Client, { uuid }: Target): Promise<void> {
  const handlers = { onBytes: (_bytes: Uint8Array, _offset: number, acknowledge: () => void) => acknowledge(), onMessage() {}, onEnd() {} };
  (await client.openStream('domainOpenConsole', { domain: uuid, mode: 'watch' }, handlers)).close();
}

/** What an API may end with when its domain is taken from under it. */
const precise: readonly RegExp[] = [
  /^Domain not found: no domain with matching (name, id or )?uuid '[^']+'/,
  /^Requested operation is not valid: domain is not running$/,
  /^Requested operation is not valid: domain is already running$/,
  /^Requested operation is not valid: domain '\w+' is already (active|being started)$/,
  /^Requested operation is not valid: cannot undefine transient domain$/,
  /^operation aborted: the domain was destroyed while it was starting$/,
  /^internal error: process exited while connecting to monitor: it said nothing \(signal SIGKILL\)$/,
];

function isPrecise(error: VireoError): boolean {
  return precise.some((form) => form.test(error.message));
}

async function stateOnDisk(host: TestHost): Promise<object> {
  const uuids = async (folder: string, ending: string): Promise<string[]> => (await readdir(path.join(host.home, folder))).map((name) => name.replace(ending, '')).sort();
  const runFolders = (await readdir(path.join(host.home, 'run'), { withFileTypes: true })).filter((entry) => entry.isDirectory());
  return { definitions: await uuids('domains', '.xml'), states: await uuids('status', '.json'), runFolders: runFolders.length, processes: (await qemuProcessesOf(host.home)).length };
}

/** The list as a client keeps it that was there from the beginning. */
async function followList(host: TestHost): Promise<{ current: DomainList | null; readonly ids: number[] }> {
  const client = host.host.client('a window');
  const followed: { current: DomainList | null; readonly ids: number[] } = { current: null, ids: [] };
  const early: DomainEvent[] = [];
  client.on('domain', (event) => {
    if (event.event === 'started' && event.domain.id !== null) followed.ids.push(event.domain.id);
    if (followed.current) followed.current = applyDomainEvent(followed.current, event);
    else early.push(event);
  });
  const { revision, domains } = await client.call('connectListAllDomains', {});
  followed.current = early.reduce<DomainList | null>((list, event) => list && applyDomainEvent(list, event), { revision, domains: new Map(domains.map((each) => [each.uuid, each])) });
  return followed;
}

test.each(seeds)('whatever races, every API ends precisely and nothing is left behind (seed %i)', async (seed) => {
  await using host = await openTestHost();
  const targets = await Promise.all(
    ['one', 'two', 'three'].map(async (name, index): Promise<Target> => {
      const disk = path.join(host.home, `${name}.raw`);
      await writeFile(disk, bootSectorImage());
      const uuid = `5e0d1c8a-0000-4000-8000-00000000000${index}`;
      return { uuid, xml: bootGuestXml(disk, { name, uuid }) };
    }),
  );
  const list = await followList(host);
  const told: string[] = [];
  const imprecise: string[] = [];
  const worker = async (number: number): Promise<void> => {
    const random = seeded(seed * 1000 + number);
    const client = host.host.client(`client ${number}`);
    for (let count = 0; count < actsEach; count++) {
      const [name, act] = acts[random(acts.length)] as (typeof acts)[number];
      const outcome = await act(client, targets[random(targets.length)] as Target).then(() => 'done', (thrown: unknown) => asVireoError(thrown));
      told.push(`${name}: ${typeof outcome === 'string' ? outcome : outcome.message}`);
      if (typeof outcome !== 'string' && !isPrecise(outcome)) imprecise.push(`${name}: ${outcome.code} ${outcome.message}`);
    }
    client.close();
  };
  await Promise.all(Array.from({ length: clients }, (_, number) => worker(number)));
  expect(imprecise, told.slice(-40).join('\n')).toEqual([]);

  // A QEMU that was killed last may still be on its way out.
  await expect.poll(async () => {
    const { domains } = await host.client.call('connectListAllDomains', {});
    const running = domains.filter(({ id }) => id !== null);
    const expected = { definitions: domains.filter(({ persistent }) => persistent).map(({ uuid }) => uuid).sort(), states: running.map(({ uuid }) => uuid).sort(), runFolders: running.length, processes: running.length };
    return { onDisk: await stateOnDisk(host), expected };
  }, { timeout: 10_000 }).toSatisfy(({ onDisk, expected }: { onDisk: object; expected: object }) => JSON.stringify(onDisk) === JSON.stringify(expected));

  const { domains } = await host.client.call('connectListAllDomains', {});
  for (const { id, uuid } of domains) if (id !== null) await host.client.call('domainDestroy', { domain: uuid });
  const left = await host.client.call('connectListAllDomains', {});
  await expect.poll(() => [...(list.current?.domains.keys() ?? ['the list lost an event'])].sort()).toEqual(left.domains.map(({ uuid }) => uuid).sort());
  expect(await stateOnDisk(host)).toMatchObject({ states: [], runFolders: 0, processes: 0 });
  expect(new Set(list.ids).size).toBe(list.ids.length);
  for (const line of told) if (line.endsWith(': done')) done.add(line);
});

test.skipIf(onlySeed !== undefined)('and domains did come and go meanwhile', () => {
  expect([...done]).toEqual(expect.arrayContaining(['create: done', 'start: done', 'destroy: done', 'undefine: done', 'suspend: done', 'console: done']));
});
