/** Guests go from one host process to the next, closed in good order or killed, and their consoles with them (F13, G3, G5). */
import { readFile, readdir, rm } from 'node:fs/promises';
import path from 'node:path';
import { mkdtemp, writeFile } from 'node:fs/promises';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { Client } from '../../core/api/client.ts';
import { connectLocal } from '../../core/api/local-client.ts';
import { readOwner } from '../../core/status/owner-file.ts';
import { type StateLayout, prepareStateFolder, stateLayout } from '../../core/status/state-folder.ts';
import { bootGuestXml } from '../support/boot-guest.ts';
import { bootSectorImage, greeting } from '../support/boot-sector.ts';
import { CountedConsole, afterGreeting, type Stretch } from '../support/counted-console.ts';
import { findLine, FloodLog } from '../support/flood-log.ts';
import { HostProcess, buildHostProgram } from '../support/host-process.ts';
import { qemuProcessesOf } from '../support/open-test-host.ts';
import { print } from '../support/print.ts';

let programFolder: string;
let program: string;
let layout: StateLayout;

beforeAll(async () => {
  programFolder = await mkdtemp('/tmp/vireo-');
  program = await buildHostProgram(programFolder);
});

afterAll(async () => {
  await rm(programFolder, { recursive: true, force: true });
});

beforeEach(async () => {
  layout = stateLayout(await mkdtemp('/tmp/vireo-'));
  await prepareStateFolder(layout);
});

afterEach(async () => {
  for (const pid of await qemuProcessesOf(layout.root)) process.kill(pid, 'SIGKILL');
  await rm(layout.root, { recursive: true, force: true });
});

/** A host process with a client at its local door, as another window or the command has one. */
class RunningHost implements AsyncDisposable {
  readonly process: HostProcess;
  readonly client: Client;

  private constructor(process_: HostProcess, client: Client) {
    this.process = process_;
    this.client = client;
  }

  static async start(): Promise<RunningHost> {
    const process_ = new HostProcess(program, layout.root);
    try {
      return new RunningHost(process_, await connectLocal(layout.socket, 'the test', { deadlineMs: 20_000, waitForHost: true }));
    } catch (error) {
      await process_.kill();
      throw error;
    }
  }

  async end(how: 'close' | 'kill'): Promise<void> {
    await this.process[how]();
    this.client.close();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.end('kill');
  }
}

async function defineGuest(client: Client, serial: 'unix' | 'pty'): Promise<void> {
  const disk = path.join(layout.root, 'boot.raw');
  await writeFile(disk, bootSectorImage());
  await client.call('domainDefineXML', { xml: bootGuestXml(disk, { serial }) });
}

/** The holders of the terminal's lock files, which both names must agree on; none where locks cannot be placed. */
async function lockHolders(terminal: string): Promise<readonly number[]> {
  const end = terminal.slice('/dev/'.length).replaceAll('/', '_');
  const names = (await readdir('/var/lock')).filter((name) => name === `LCK..${end}` || name === `LCK.._${end}`);
  return Promise.all(names.map(async (name) => Number(await readFile(path.join('/var/lock', name), 'utf8'))));
}

async function files(): Promise<Record<string, string[]>> {
  const unfinished = (await readdir(layout.root, { recursive: true })).filter((name) => name.endsWith('.new'));
  return { unfinished, status: await readdir(layout.status), run: await readdir(layout.run), owner: (await readdir(layout.root)).filter((name) => name.startsWith('owner')) };
}

const endings = ['close', 'kill', 'close', 'kill', 'kill', 'close'] as const;
/** More than the history that is in memory, so that readers live through what they find, its end, and what comes. */
const readBytes = { unix: 300_000, pty: 600_000 } as const;

describe.each(['unix', 'pty'] as const)('a guest that floods its %s console', (serial) => {
  test('goes from host to host, and each one has the whole stream that QEMU gave', async () => {
    const seen: Stretch[] = [];
    let terminal: string | null = null;
    let lastHost = 0;
    let identity: unknown = null;
    for (const [turn, how] of [...endings, 'last' as const].entries()) {
      await using host = await RunningHost.start();
      const { client } = host;
      if (turn === 0) {
        await defineGuest(client, serial);
        await client.call('domainCreate', { domain: 'boot' });
        const { xml } = await client.call('domainGetXMLDesc', { domain: 'boot' });
        terminal = /<source path='(\/dev\/pts\/\d+)'/.exec(xml)?.[1] ?? null;
      }
      const { id, pid, uuid } = await client.call('domainLookup', { domain: 'boot' });
      identity ??= { id, pid, uuid };
      expect({ id, pid, uuid }).toEqual(identity);
      using flood = await CountedConsole.open(client, 'boot');
      expect(flood.mode).toBe('write'); // nobody of an earlier host holds the input
      if (turn === 0) {
        await flood.until(({ tail }) => tail.includes(greeting));
        await flood.type('F');
      }
      await flood.until(({ received }) => received > readBytes[serial]);
      if (terminal !== null) expect(new Set(await lockHolders(terminal))).toEqual(new Set([host.process.pid]));
      if (how === 'last') {
        await flood.type('S');
        await flood.type('z');
        await flood.until(({ tail }) => tail.endsWith('z'));
      }
      const { stretches } = flood;
      expect(stretches.length).toBe(1); // what fits in memory has no gap
      seen.push({ ...stretches[0]!, bytes: cleaned(stretches[0]!.bytes, turn === 0, how === 'last') });
      if (how === 'last') await client.call('domainDestroy', { domain: 'boot' });
      lastHost = host.process.pid ?? 0;
      await host.end(how === 'last' ? 'close' : how);
    }
    // The log went on while nobody was there: it has every line, and accounts for what each host had.
    const log = new FloodLog(afterGreeting(await readFile(path.join(layout.logs, String((identity as { uuid: string }).uuid), 'serial0.log'))).subarray(0, -1));
    const parts = seen.map(({ bytes }) => {
      const { at, place } = findLine(bytes);
      return { place, ...log.account(bytes.subarray(at), place) };
    });
    print(`${serial}: ${parts.map(({ place, end, doubled, givenUp }) => `${place}-${end}: ${doubled} twice, ${givenUp} given up`).join('; ')}`);
    if (serial === 'unix') expect(parts.map(({ givenUp }) => givenUp)).toEqual(parts.map(() => 0));
    expect(parts.at(-1)!.end).toBe(log.length);
    // Each host's history begins in the log where it says: one that begins before another's end has lines of it.
    for (const [index, { offset }] of seen.entries()) {
      const before = seen[index - 1];
      if (before && before.offset + before.bytes.length >= offset) expect(parts[index]!.place).toBeLessThanOrEqual(parts[index - 1]!.end + 20);
    }
    expect(await qemuProcessesOf(layout.root)).toEqual([]);
    expect(await files()).toEqual({ unfinished: [], status: [], run: [], owner: [] });
    // The terminal's number may be another test's by now, and locked for that.
    if (terminal !== null) expect(await lockHolders(terminal)).not.toContain(lastHost);
  });
});

function cleaned(bytes: Buffer, hasGreeting: boolean, isLast: boolean): Buffer {
  const flooded = hasGreeting ? afterGreeting(bytes) : bytes;
  return isLast ? flooded.subarray(0, -1) : flooded;
}

test('a host that is killed while it owns the folder is followed at once, and two that come together agree on one', async () => {
  {
    await using first = await RunningHost.start();
    await defineGuest(first.client, 'unix');
    await first.client.call('domainCreate', { domain: 'boot', paused: true });
    await first.end('kill');
  }
  await using one = new HostProcess(program, layout.root);
  await using two = new HostProcess(program, layout.root);
  await expect.poll(() => one.isReady || two.isReady, { timeout: 20_000 }).toBe(true);
  const owner = await readOwner(layout);
  expect([one.pid, two.pid]).toContain(owner?.pid);
  const client = await connectLocal(layout.socket, 'the test', { deadlineMs: 20_000 });
  expect(await client.call('domainLookup', { domain: 'boot' })).toMatchObject({ state: 'paused', id: 1 });
  expect((await client.call('hostGetStatus', {})).pid).toBe(owner?.pid);
  await client.call('domainDestroy', { domain: 'boot' });
  client.close();
  await Promise.all([one.close(), two.close()]);
  expect(await files()).toEqual({ unfinished: [], status: [], run: [], owner: [] });
});
