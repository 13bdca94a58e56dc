/**
 * The destination's half of copying disks (I6): an NBD server in the QEMU that waits for the guest, with one writable
 * export for each disk under the name of its drive, as libvirt's source looks for it. QEMU ends server and exports with
 * itself; otherwise whoever started it stops it, before the guest runs.
 */
import { rm } from 'node:fs/promises';
import { VireoError, asVireoError } from '../../base/errors.ts';
import { DisposableStack } from '../../base/lifetime.ts';
import type { Log } from '../../base/log.ts';
import { devicesOf } from '../../conf/device-definition.ts';
import type { DomainDefinition } from '../../conf/domain-definition.ts';
import { formatName } from '../../devices/disk/block-nodes.ts';
import { imagesOf } from '../../devices/disk/disk-images.ts';
import type { LiveDomain } from '../../domain/live-domain.ts';
import type { ReadMonitor, WriteMonitor } from '../../job/domain-run.ts';
import type { AsyncJob } from '../../job/handles.ts';
import { isQemuError } from '../../monitor/qemu-error.ts';
import { addMadeFile } from '../../process/made-images.ts';
import type { CookieNbd } from '../cookie/migration-cookie.ts';
import type { MigrationOptions } from '../migration-options.ts';
import type { PortAllocator, ReservedPort } from '../port-allocator.ts';
import { planCopies } from './copy-plan.ts';
import { askedAddress, type NbdAddress, socketAddress } from './nbd-address.ts';

export interface ServerRequest {
  readonly live: LiveDomain;
  readonly job: AsyncJob<'migration-in'>;
  readonly log: Log;
  readonly ports: PortAllocator;
  readonly options: MigrationOptions;
  /** What Begin said of the source's disks. */
  readonly nbd: CookieNbd | null;
  /** Where the memory is waited for, unless the options name another place for disks. */
  readonly listenAddress: string;
  /** The id of the server's credentials in QEMU. */
  readonly tlsCredentials: string | null;
}

const addressInUse = /Address already in use/;
const maximumAttempts = 8;

export class DiskServer implements AsyncDisposable {
  /** For Prepare's cookie; null where it listens on a Unix socket. */
  readonly port: number | null;
  readonly #address: NbdAddress;
  readonly #reserved: ReservedPort | null;
  readonly #log: Log;

  private constructor(address: NbdAddress, reserved: ReservedPort | null, log: Log) {
    this.#address = address;
    this.#reserved = reserved;
    this.#log = log;
    this.port = address.type === 'inet' ? address.port : null;
  }

  /**
   * @returns null where no disk is copied.
   * @throws OPERATION_FAILED where a port is taken, an image has another size or is in use, in QEMU's words; nothing listens then.
   */
  static async start(request: ServerRequest): Promise<DiskServer | null> {
    const { live, job, options, nbd } = request;
    const { disks } = planCopies(live.definition, options);
    if (disks.length === 0) return null;
    await job.nest(async (monitor) => {
      await refuseOtherSizes(monitor, live.definition, disks, nbd);
      await stopDiskServer(monitor); // one that a driver before this one started
    });
    const server = await DiskServer.#listen(request);
    try {
      await job.nest(async (monitor) => {
        for (const { target, alias, node } of disks) {
          await monitor.execute('block-export-add', { type: 'nbd', id: exportId(node), 'node-name': node, name: alias, writable: true }).catch((error: unknown) => {
            throw isQemuError(error) ? new VireoError('OPERATION_FAILED', `disk '${target}' cannot be received: ${String(error.details['qemuText'])}`, { details: { disk: target }, cause: error }) : error;
          });
        }
      });
      return server;
    } catch (error) {
      await server.stop(job);
      throw error;
    }
  }

  /** A port that was free a moment ago may be taken by somebody who does not ask this driver; then it is another one. */
  static async #listen(request: ServerRequest): Promise<DiskServer> {
    const { job, tlsCredentials } = request;
    const taken = new DisposableStack();
    try {
      for (let attempt = 1; ; attempt += 1) {
        const server = await DiskServer.#reserve(request);
        try {
          await job.nest((monitor) => monitor.execute('nbd-server-start', { addr: legacyAddress(server.#address), ...(tlsCredentials === null ? {} : { 'tls-creds': tlsCredentials }) }));
          return server;
        } catch (error) {
          taken.use(server); // kept until there is another: it must not be tried again
          if (!isQemuError(error)) throw error;
          const words = String(error.details['qemuText']);
          if (server.#reserved && addressInUse.test(words) && attempt < maximumAttempts) continue;
          throw new VireoError('OPERATION_FAILED', `disks cannot be received at ${nameOf(server.#address)}: ${words}`, { cause: error });
        }
      }
    } finally {
      await taken[Symbol.asyncDispose]();
    }
  }

  static async #reserve({ live, options, ports, listenAddress, log }: ServerRequest): Promise<DiskServer> {
    const { socket, host, port } = askedAddress(options);
    if (socket !== null) {
      await addMadeFile(live.facts.runFolder, { file: socket, kind: 'socket', identity: null });
      return new DiskServer({ type: 'unix', path: socket }, null, log);
    }
    const at = host ?? listenAddress;
    const reserved = port === null ? await ports.reserve(at) : null;
    return new DiskServer({ type: 'inet', host: at, port: reserved?.port ?? port ?? 0 }, reserved, log);
  }

  /** Ends server, exports and connections; the port is free again. A QEMU that has died needs nothing. Never throws. */
  async stop(job: AsyncJob<'migration-in'>): Promise<void> {
    if (job.alive) {
      await job.nest((monitor) => stopDiskServer(monitor)).catch((error: unknown) => {
        if (job.alive) this.#log.write('warning', 'the NBD server of a migration could not be stopped', { error: asVireoError(error).message });
      });
    }
    await this[Symbol.asyncDispose]();
  }

  /** For whoever has ended QEMU: gives the port back. */
  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#address.type === 'unix') await rm(this.#address.path, { force: true }).catch(() => {});
    await this.#reserved?.[Symbol.asyncDispose]();
  }
}

/** Ends whatever QEMU exports to NBD clients, also what a driver that was killed began; does nothing where there is none. */
export async function stopDiskServer(monitor: WriteMonitor): Promise<void> {
  await monitor.execute('nbd-server-stop').catch((error: unknown) => {
    if (!isQemuError(error)) throw error; // it is not running
  });
}

/** What the source's cookie says of its disks, for the images of the destination. @param definition the live one. */
export async function diskCapacities(monitor: ReadMonitor, definition: DomainDefinition): Promise<CookieNbd['disks']> {
  const sizes = await nodeSizes(monitor);
  return devicesOf(definition.devices, 'disk').flatMap((disk) => {
    const [image] = imagesOf(disk);
    const capacityBytes = image ? sizes.get(formatName(image)) : undefined;
    return capacityBytes === undefined ? [] : [{ target: disk.target.dev, capacityBytes }];
  });
}

async function nodeSizes(monitor: ReadMonitor): Promise<ReadonlyMap<string, number>> {
  const nodes = await monitor.query('query-named-block-nodes', { flat: true });
  return new Map(nodes.map((node) => [node['node-name'] ?? '', node.image['virtual-size']]));
}

/** A mirror needs a target of exactly its size; here it can still be said which disk and what to do. */
async function refuseOtherSizes(monitor: ReadMonitor, definition: DomainDefinition, disks: readonly { readonly target: string }[], nbd: CookieNbd | null): Promise<void> {
  const here = new Map((await diskCapacities(monitor, definition)).map(({ target, capacityBytes }) => [target, capacityBytes]));
  for (const { target } of disks) {
    const there = nbd?.disks.find((disk) => disk.target === target)?.capacityBytes;
    const own = here.get(target);
    if (there === undefined || own === undefined || own === there) continue;
    throw new VireoError('OPERATION_FAILED', `disk '${target}': its image on this host holds ${own} bytes, but the source's has ${there}; both need the same size`, { details: { disk: target } });
  }
}

/** As libvirt names it. */
function exportId(node: string): string {
  return `libvirt-nbd-${node}`;
}

/** nbd-server-start knows the address in its older form. */
function legacyAddress(address: NbdAddress) {
  const { type, ...data } = socketAddress(address);
  return { type, data } as { type: 'inet'; data: { host: string; port: string } } | { type: 'unix'; data: { path: string } };
}

function nameOf(address: NbdAddress): string {
  return address.type === 'unix' ? `'${address.path}'` : `${address.host}:${address.port}`;
}
