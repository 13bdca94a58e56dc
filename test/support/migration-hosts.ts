/** Two hosts of one computer between which guests move: each with a state folder, a socket and a driver of its own. */
import { readFile, readdir } from 'node:fs/promises';
import path from 'node:path';
import type { Client } from '../../core/api/client.ts';
import type { MigrationOptions, MigrationOptionsInput } from '../../core/migration/migration-options.ts';
import { migrationOptionsSchema } from '../../core/migration/migration-options.ts';
import { leaseRecordsOf } from './left-leases.ts';
import { type TestHost, type TestHostOptions, openTestHost } from './open-test-host.ts';

export interface MigrationHosts extends AsyncDisposable {
  readonly source: TestHost;
  readonly destination: TestHost;
  /** As others name a host: through its local socket. */
  uriOf(host: TestHost): string;
}

export async function openMigrationHosts(options: { readonly source?: TestHostOptions; readonly destination?: TestHostOptions } = {}): Promise<MigrationHosts> {
  const [source, destination] = await Promise.all([openTestHost(options.source), openTestHost(options.destination)]);
  return {
    source,
    destination,
    uriOf: ({ home }) => `vireo+unix://${home}`,
    async [Symbol.asyncDispose]() {
      await Promise.all([source[Symbol.asyncDispose](), destination[Symbol.asyncDispose]()]);
    },
  };
}

/** The options of a migration on one computer: memory goes over the loopback, and no client that leads can tell that both hosts have the disks. */
export function migrationOptions(options: MigrationOptionsInput = {}): MigrationOptions {
  return migrationOptionsSchema.parse({ live: true, unsafe: true, ...(options.tunnelled === true || options.uri ? {} : { uri: 'tcp:127.0.0.1' }), ...options });
}

export interface Phases {
  readonly uuid: string;
  readonly name: string;
  readonly options: MigrationOptions;
}

/** The five phases as a client that leads calls them, one at a time; each can be left out or be made to fail. */
export class LedMigration {
  readonly #source: Client;
  readonly #destination: Client;
  readonly #of: Phases;
  begun: { readonly xml: string; readonly cookie: string } = { xml: '', cookie: '' };
  prepared: { readonly cookie: string; readonly uri: string } = { cookie: '', uri: '' };
  /** From Perform. */
  cookie = '';

  constructor(source: Client, destination: Client, of: Phases) {
    this.#source = source;
    this.#destination = destination;
    this.#of = of;
  }

  async begin(): Promise<void> {
    this.begun = await this.#source.call('domainMigrateBegin3Params', { domain: this.#of.uuid, options: this.#of.options });
  }

  async prepare(): Promise<void> {
    const { uuid, name, options } = this.#of;
    this.prepared = await this.#destination.call('domainMigratePrepare3Params', { uuid, name, options, ...this.begun });
  }

  async perform(): Promise<void> {
    const { uuid: domain, options } = this.#of;
    this.cookie = (await this.#source.call('domainMigratePerform3Params', { domain, options, ...this.prepared })).cookie;
  }

  finish(cancelled = false): Promise<{ readonly cookie: string; readonly id: number | null }> {
    const { uuid, name, options } = this.#of;
    return this.#destination.call('domainMigrateFinish3Params', { uuid, name, options, cookie: cancelled ? '' : this.cookie, cancelled });
  }

  async confirm(cookie: string, cancelled = false): Promise<void> {
    const { uuid: domain, options } = this.#of;
    await this.#source.call('domainMigrateConfirm3Params', { domain, options, cookie, cancelled });
  }

  async all(): Promise<number | null> {
    await this.begin();
    await this.prepare();
    await this.perform();
    const { cookie, id } = await this.finish();
    await this.confirm(cookie);
    return id;
  }
}

/** What a host still has of guests that do not run on it: nothing, after every end of a migration. */
export async function leftoversOf(host: TestHost): Promise<readonly string[]> {
  const running = new Set(host.host.runningDomains().map(({ pid }) => pid));
  const processes = (await processesOfRuns(host.home)).filter(({ pid }) => !running.has(pid)).map(({ pid, program }) => `${program} ${pid}`);
  const files = running.size > 0 ? [] : (await readdir(path.join(host.home, 'run')).catch(() => [])).filter((name) => /^[\da-f]{8}/.test(name)).map((name) => `run/${name}`);
  const leases = running.size > 0 ? [] : await leaseRecordsOf(host.home);
  const states = running.size > 0 ? [] : (await readdir(path.join(host.home, 'status')).catch(() => [])).map((name) => `status/${name}`);
  const busy = (await host.client.call('connectListAllDomains', {})).domains.filter(({ jobs }) => jobs.async !== null).map(({ name, jobs }) => `job ${jobs.async?.kind} of ${name}`);
  return [...processes, ...files, ...leases.map(String), ...states, ...busy];
}

/** Of guests; what the host tries its QEMU with has no run folder. */
async function processesOfRuns(home: string): Promise<readonly { readonly pid: number; readonly program: string }[]> {
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name)).map(Number);
  const found = await Promise.all(pids.map(async (pid) => {
    const [program = '', ...argv] = (await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '')).split('\0');
    const of = argv.find((arg) => new RegExp(`${home}/run/[\\da-f]{8}/`).test(arg));
    return of === undefined ? null : { pid, program: `${path.basename(program)} ${of}` };
  }));
  return found.filter((each) => each !== null);
}
