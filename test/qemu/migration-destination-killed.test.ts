/** A driver that is killed while a guest comes to it, and what the next one makes of it: the guest runs here, or nothing of it stays. */
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Host, openHost } from '../../core/api/host.ts';
import { connectLocal } from '../../core/api/local-client.ts';
import { systemClock } from '../../core/base/clock.ts';
import { silentLog } from '../../core/base/log.ts';
import type { DestinationPhase } from '../../core/migration/migration-phases.ts';
import { prepareStateFolder, stateLayout } from '../../core/status/state-folder.ts';
import { defineBootGuest, lookup } from '../support/boot-guest.ts';
import { buildProgram } from '../support/build-program.ts';
import { HostProcess } from '../support/host-process.ts';
import { leaseRecordsOf, removeLeasesOf } from '../support/left-leases.ts';
import { LedMigration, migrationOptions } from '../support/migration-hosts.ts';
import { until } from '../support/migration-guest.ts';
import { openTestHost, qemuProcessesOf } from '../support/open-test-host.ts';

let folder: string;
let program: string;
beforeAll(async () => {
  folder = await mkdtemp('/tmp/vireo-');
  program = await buildProgram(fileURLToPath(new URL('../support/receiving-host-main.ts', import.meta.url)), folder, 'receiving-host');
}, 60_000);
afterAll(() => rm(folder, { recursive: true, force: true }));

test.each<[DestinationPhase | 'ran', 'arrives' | 'is gone', 'transient' | 'persistent']>([
  ['prepare', 'is gone', 'persistent'],
  ['finish2', 'arrives', 'persistent'],
  ['finish2', 'arrives', 'transient'],
  ['finish3', 'is gone', 'persistent'],
  ['ran', 'arrives', 'transient'],
])('a guest whose destination is killed in %s %s (%s)', async (fatal, becomes, kind) => {
  await using source = await openTestHost();
  await defineBootGuest(source);
  await source.client.call('domainCreate', { domain: 'boot' });
  const { uuid } = await lookup(source);
  await using destination = await Receiver.open(fatal);
  const leader = await connectLocal(destination.layout.socket, 'the leader', { deadlineMs: 20_000 });
  const led = new LedMigration(source.client, leader, { uuid, name: 'boot', options: migrationOptions({ persistDestination: kind === 'persistent' }) });
  await led.begin();
  const phases = async (): Promise<unknown> => {
    await led.prepare();
    await led.perform();
    return await led.finish();
  };
  await expect(phases()).rejects.toMatchObject({ code: 'RPC' });
  leader.close();
  const next = await destination.openNext();
  const client = next.client('the test');
  const { arrival } = await client.call('domainMigrateGetArrival', { uuid, sinceMs: 0 });
  expect(arrival).toBe(becomes === 'arrives' ? 'here' : 'not here');
  if (becomes === 'arrives') {
    expect(await client.call('domainLookup', { domain: uuid })).toMatchObject({ state: 'running', persistent: kind === 'persistent', jobs: { async: null } });
    await led.confirm('');
    await client.call('domainDestroy', { domain: uuid });
  } else {
    await expect(client.call('domainLookup', { domain: uuid })).rejects.toMatchObject({ code: 'NO_DOMAIN' });
    await led.confirm('', true).catch(() => {}); // Perform that has failed has ended the migration
    expect(await lookup(source)).toMatchObject({ state: 'running', jobs: { async: null } });
  }
  await until(async () => (await destination.leftovers()).length === 0).catch(async () => expect(await destination.leftovers()).toEqual([]));
}, 90_000);

/** A state folder whose host is killed, and opened again here. */
class Receiver implements AsyncDisposable {
  readonly home: string;
  readonly #process: HostProcess;
  #next: Host | null = null;

  private constructor(home: string, process: HostProcess) {
    this.home = home;
    this.#process = process;
  }

  static async open(fatal: string): Promise<Receiver> {
    const home = await mkdtemp('/tmp/vireo-');
    await prepareStateFolder(stateLayout(home));
    const process = new HostProcess(program, home, fatal);
    await until(() => Promise.resolve(process.isReady));
    return new Receiver(home, process);
  }

  get layout(): ReturnType<typeof stateLayout> {
    return stateLayout(this.home);
  }

  async openNext(): Promise<Host> {
    await this.#process.kill();
    this.#next = await openHost({ layout: this.layout, role: 'in process', clock: systemClock, log: silentLog, version: '0.0.0-test' });
    await this.#next.driver.reconnected;
    return this.#next;
  }

  async leftovers(): Promise<readonly string[]> {
    const inFolder = async (name: string): Promise<readonly string[]> => (await readdir(path.join(this.home, name)).catch(() => [])).filter((each) => /^[\da-f]{8}/.test(each));
    const processes = (await qemuProcessesOf(this.home)).map((pid) => `QEMU ${pid}`);
    return [...processes, ...(await inFolder('run')), ...(await inFolder('status')), ...(await leaseRecordsOf(this.home))];
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#next?.close();
    await this.#process.kill();
    for (const pid of await qemuProcessesOf(this.home)) process.kill(pid, 'SIGKILL');
    await removeLeasesOf(this.home);
    await rm(this.home, { recursive: true, force: true });
  }
}
