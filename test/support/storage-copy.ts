/**
 * Two hosts on one computer, a guest that writes its disks on one and a QEMU that waits for it on the other: what copies
 * disks between them is tried by itself, without the phases of a migration.
 */
import { execFile } from 'node:child_process';
import { mkdir, readdir, readFile, readlink } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';
import type { DomainDefinition } from '../../core/conf/domain-definition.ts';
import { formatDomain } from '../../core/devices/domain-xml.ts';
import type { Domain } from '../../core/domain/domain.ts';
import type { LiveDomain } from '../../core/domain/live-domain.ts';
import { Call } from '../../core/job/call.ts';
import type { AsyncJob } from '../../core/job/handles.ts';
import type { CookieNbd } from '../../core/migration/cookie/migration-cookie.ts';
import { type MigrationOptions, type MigrationOptionsInput, migrationOptionsSchema } from '../../core/migration/migration-options.ts';
import { StorageCopy } from '../../core/migration/storage/copy-disks.ts';
import { planCopies } from '../../core/migration/storage/copy-plan.ts';
import { endLeftMirrors } from '../../core/migration/storage/end-mirrors.ts';
import { createImages, type DestinationImages } from '../../core/migration/storage/create-images.ts';
import { serverAddress } from '../../core/migration/storage/nbd-address.ts';
import { DiskServer, diskCapacities } from '../../core/migration/storage/receive-disks.ts';
import { discardMadeFiles } from '../../core/process/made-images.ts';
import { makeReady } from '../../core/process/start-domain.ts';
import { StartState } from '../../core/process/start-state.ts';
import { type LifecycleGuest, startLifecycleGuest } from './lifecycle-guest.ts';
import { openTestHost, type TestHost } from './open-test-host.ts';

const run = promisify(execFile);

export interface CopyHostsOptions {
  /** The guest's disks but the first, whose files lie in the folder that is given. */
  readonly disks: (folder: string) => Promise<string>;
}

/** A waiting QEMU with its server, or what became of it. */
export interface Receiver extends AsyncDisposable {
  readonly images: DestinationImages;
  readonly server: DiskServer | null;
  readonly domain: Domain;
  readonly live: LiveDomain;
  readonly job: AsyncJob<'migration-in'>;
  /** For Perform. */
  readonly nbd: CookieNbd;
}

export class CopyHosts implements AsyncDisposable {
  readonly source: TestHost;
  readonly destination: TestHost;
  readonly guest: LifecycleGuest;
  /** What is asked for from now on. */
  options: MigrationOptions = migrationOptionsSchema.parse({ copyStorage: 'all' });

  private constructor(source: TestHost, destination: TestHost, guest: LifecycleGuest) {
    this.source = source;
    this.destination = destination;
    this.guest = guest;
  }

  static async open({ disks }: CopyHostsOptions): Promise<CopyHosts> {
    const [source, destination] = [await openTestHost(), await openTestHost()];
    for (const { home } of [source, destination]) await mkdir(path.join(home, 'images'));
    const guest = await startLifecycleGuest(source, { devices: await disks(path.join(source.home, 'images')) });
    return new CopyHosts(source, destination, guest);
  }

  ask(options: MigrationOptionsInput): void {
    this.options = migrationOptionsSchema.parse({ copyStorage: 'all', ...options });
  }

  get sourceDomain(): Domain {
    return this.source.host.driver.find('boot');
  }

  get sourceLive(): LiveDomain {
    const { live } = this.sourceDomain;
    if (!live) throw new Error('the guest has ended');
    return live;
  }

  /** The same file on the other host. */
  there(file: string): string {
    return file.replaceAll(this.source.home, this.destination.home);
  }

  async beginOut(): Promise<AsyncJob<'migration-out'>> {
    return await this.sourceDomain.jobs.beginAsync(new Call({ owner: 'test', client: 'the test' }), 'migration-out');
  }

  /** What Begin would say. */
  async begin(job: AsyncJob<'migration-out'>): Promise<{ readonly definition: DomainDefinition; readonly nbd: CookieNbd }> {
    const { value: disks } = await job.nest((monitor) => diskCapacities(monitor, this.sourceLive.definition));
    const migratable = await this.source.host.driver.migration.migratableForm(this.sourceDomain, { inactive: false });
    const definition = await this.destination.host.driver.migration.readDefinition(this.there(formatDomain(migratable, { form: 'inactive', secure: true })));
    return { definition, nbd: { port: null, disks } };
  }

  /** What Prepare would do. */
  async receive({ definition, nbd }: { readonly definition: DomainDefinition; readonly nbd: CookieNbd }, ports = this.destination.host.driver.migration.ports): Promise<Receiver> {
    const context = this.destination.host.driver.migration;
    if (!this.destination.host.driver.context.registry.byUuid(definition.uuid ?? '')) await this.destination.client.call('domainDefineXML', { xml: formatDomain(definition, { form: 'inactive', secure: true }) });
    const domain = this.destination.host.driver.find('boot');
    const call = new Call({ owner: 'test', client: 'the test' });
    const job = await domain.jobs.beginAsync(call, 'migration-in');
    const runFolder = context.runFolder(domain.uuid);
    let images: DestinationImages | null = null;
    try {
      images = await createImages(context, { definition, nbd, options: this.options, runFolder, signal: new AbortController().signal });
      const start = new StartState(context, call, domain, job, images.definition, { paused: true, incoming: { from: 'migration', wasRunning: true, descriptors: [], load: null } }, new AbortController().signal);
      await using _held = start.resources;
      await makeReady(start);
      const { live } = start;
      const server = await DiskServer.start({ live, job, log: context.log, ports, options: this.options, nbd, listenAddress: '127.0.0.1', tlsCredentials: null });
      return { images, server, domain, live, job, nbd: { port: server?.port ?? null, disks: [] }, [Symbol.asyncDispose]: async () => await this.#giveUp(domain, job, server) };
    } catch (error) {
      if (domain.live) await this.#giveUp(domain, job, null);
      else await job[Symbol.asyncDispose]();
      await discardMadeFiles(runFolder, context.log);
      throw error;
    }
  }

  async #giveUp(domain: Domain, job: AsyncJob<'migration-in'>, server: DiskServer | null): Promise<void> {
    if (domain.live) await this.destination.client.call('domainDestroy', { domain: domain.uuid }).catch(() => {});
    await server?.[Symbol.asyncDispose]();
    await job[Symbol.asyncDispose]();
  }

  copy(job: AsyncJob<'migration-out'>): StorageCopy {
    const { clock, log } = this.source.host.driver.context;
    return new StorageCopy({ clock, log, live: this.sourceLive, job, progress: null }, planCopies(this.sourceLive.definition, this.options));
  }

  target(nbd: CookieNbd, bandwidthBytesPerSecond = 0) {
    return { address: serverAddress(this.options, nbd, '127.0.0.1'), bandwidthBytesPerSecond, tls: null };
  }

  /** What QEMU on the source still has of copies. */
  async leftOnSource(job: AsyncJob<'migration-out'>): Promise<{ readonly jobs: readonly string[]; readonly nodes: readonly string[] }> {
    const { value } = await job.nest(async (monitor) => ({
      jobs: (await monitor.query('query-jobs')).map(({ id }) => id),
      nodes: (await monitor.query('query-named-block-nodes', { flat: true })).map((node) => node['node-name'] ?? '').filter((name) => name.startsWith('migration-')),
    }));
    return value;
  }

  /** What a driver that comes back does. */
  async endLeft(job: AsyncJob<'migration-out'>): Promise<void> {
    const { clock, log } = this.source.host.driver.context;
    await endLeftMirrors({ clock, log, live: this.sourceLive, job }, this.sourceLive.definition);
  }

  /** After a test, also one that failed: the next one finds a guest that runs and is not copied. */
  async settle(job: AsyncJob<'migration-out'>): Promise<void> {
    await this.endLeft(job);
    if (this.sourceDomain.state === 'paused') await job.nest((monitor) => monitor.execute('cont'));
    await job[Symbol.asyncDispose]();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.guest[Symbol.asyncDispose]();
    for (const host of [this.source, this.destination]) {
      for (const { id, uuid } of (await host.client.call('connectListAllDomains', {})).domains) if (id !== null) await host.client.call('domainDestroy', { domain: uuid }).catch(() => {});
      await host[Symbol.asyncDispose]();
    }
  }
}

/** A disk of the definition. */
export function diskXml(target: string, file: string, format: string, extra = ''): string {
  return `<disk type='file' device='disk'><driver name='qemu' type='${format}'/><source file='${file}'/><target dev='${target}' bus='${target.startsWith('sd') ? 'sata' : 'virtio'}'/>${extra}</disk>`;
}

/** Makes an image and writes a pattern here and there. */
export async function patternedImage(file: string, format: string, sizeMiB: number, writes: readonly string[], options: readonly string[] = []): Promise<void> {
  await run('qemu-img', ['create', '-q', '-f', format, ...options, file, `${sizeMiB}M`]);
  if (writes.length > 0) await run('qemu-io', ['-f', format, ...writes.flatMap((write) => ['-c', write]), file]);
}

/** What qemu-img says of two images, which somebody may have open who does not write them now. */
export async function compared(one: string, other: string, format: string): Promise<string> {
  return await run('qemu-img', ['compare', '-U', '-f', format, '-F', format, one, other]).then(({ stdout }) => stdout.trim(), (error: { readonly stdout: string; readonly stderr: string }) => `${error.stdout}${error.stderr}`.trim());
}

/** TCP ports that a process listens on. */
export async function listeningPortsOf(pid: number): Promise<readonly number[]> {
  const descriptors = await readdir(`/proc/${pid}/fd`);
  const links = await Promise.all(descriptors.map((fd) => readlink(`/proc/${pid}/fd/${fd}`).catch(() => '')));
  const own = new Set(links.flatMap((link) => /^socket:\[(\d+)\]$/.exec(link)?.[1] ?? []));
  const tables = await Promise.all(['tcp', 'tcp6'].map((name) => readFile(`/proc/net/${name}`, 'utf8').catch(() => '')));
  return tables.flatMap((table) => table.split('\n').slice(1)).flatMap((line) => {
    const fields = line.trim().split(/\s+/);
    const [local = '', state, inode = ''] = [fields[1], fields[3], fields[9]];
    return state === '0A' && own.has(inode) ? [Number.parseInt(local.slice(local.lastIndexOf(':') + 1), 16)] : [];
  });
}
