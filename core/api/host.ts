/**
 * One host: the owner of a state folder, with the driver and the doors to it. The app, the screenless host and tests
 * open it; whoever else wants the guests of this folder comes through a door.
 */
import path from 'node:path';
import { VireoError } from '../base/errors.ts';
import { Emitter } from '../base/events.ts';
import type { Clock } from '../base/clock.ts';
import { toDisposable } from '../base/lifetime.ts';
import type { Log } from '../base/log.ts';
import { AcceleratorChoice } from '../capabilities/accelerator.ts';
import { CapabilitiesCache } from '../capabilities/cache.ts';
import { installedFirmware } from '../firmware/installed-firmware.ts';
import { HostCpus } from '../capabilities/host-cpu.ts';
import { hostAcceleration } from '../capabilities/host-acceleration.ts';
import { probeCapabilities } from '../capabilities/probe.ts';
import { spawnProbe } from '../capabilities/spawn-probe.ts';
import type { DomainSummary } from '../domain/domain-summary.ts';
import { CapabilitiesDocuments } from '../driver/documents/capabilities-documents.ts';
import { Driver, type DriverOptions } from '../driver/driver.ts';
import { HostSurvey, hostUuid } from '../driver/host-facts.ts';
import { defineSample } from '../driver/sample.ts';
import { acquireOwnership, type Ownership, type OwnerRole } from '../status/owner-file.ts';
import type { StateLayout } from '../status/state-folder.ts';
import { type Channel, channelPair } from './channel.ts';
import { type Client, connect } from './client.ts';
import { consoleService } from './console-service.ts';
import type { HostWindows } from './display-facts-service.ts';
import { displayService } from './display-service.ts';
import { type HostStatus, type Methods, methods } from './contract.ts';
import { migrationTunnelService } from './migration-service.ts';
import type { HostCarriers } from './connect-host.ts';
import { migrationTargets } from './migration-peer.ts';
import { type LocalServer, listenLocal } from './local-server.ts';
import { type Implementation, type MethodTable, type ServedEvent, type ServerOptions, type StreamImplementation, serve } from './server.ts';
import { driverService } from './service.ts';
import { withActions } from './timeline-service.ts';

export interface HostOptions {
  readonly layout: StateLayout;
  readonly role: OwnerRole;
  readonly clock: Clock;
  readonly log: Log;
  readonly version: string;
  /** How other hosts are reached, to migrate to them. */
  readonly carriers?: HostCarriers;
  /** For tests: how long a job is waited for, and a monitor. */
  readonly jobWaitMs?: number;
  readonly monitorDeadlineMs?: number;
  /** From when on a silent QEMU is shown as not answering. */
  readonly silenceMs?: number;
  /** For tests: asked before each step of a start. */
  readonly atStep?: DriverOptions['atStep'];
}

/** What one kind of door has beside the driver. */
export interface DoorExtra<T extends MethodTable> {
  readonly methods: T;
  readonly implementation: Implementation<T>;
  readonly events: Emitter<ServedEvent>;
}

export interface Host {
  readonly layout: StateLayout;
  readonly driver: Driver;
  /** Connections through the local socket. */
  readonly localClients: number;
  /** Set by an app once it has windows, for those who ask for one through the contract. */
  windows: HostWindows | null;
  /** A client in this process, through the same contract as every other. */
  client(label: string): Client;
  /** Serves one more door; `extra` adds methods and events of the door's own to those of the driver. */
  serve<T extends MethodTable>(channel: Channel, nameClient: (hint: string) => string, extra?: DoorExtra<T>): Disposable;
  runningDomains(): readonly DomainSummary[];
  /** Resolves when another process asked this host to end; never for the app, which refuses. */
  readonly handOverRequested: Promise<void>;
  /** Closes the doors, lets go of the guests, which run on, and gives the folder free. */
  close(): Promise<void>;
}

const probeDeadlineMs = 20_000;

/** @throws RESOURCE_BUSY naming the live owner of the folder. */
export async function openHost(options: HostOptions): Promise<Host> {
  const ownership = await acquireOwnership(options.layout, { role: options.role, wallTime: () => options.clock.wallTime() });
  let host: OpenHost | null = null;
  try {
    host = new OpenHost(options, ownership, await hostUuid(options.layout));
    await host.open();
    return host;
  } catch (error) {
    await (host ? host.close() : ownership.release()); // guests that were found are let go, too
    throw error;
  }
}

class OpenHost implements Host {
  readonly layout: StateLayout;
  windows: HostWindows | null = null;
  readonly handOverRequested: Promise<void>;
  readonly #options: HostOptions;
  readonly #ownership: Ownership;
  readonly #uuid: string;
  readonly #events = new Emitter<ServedEvent>();
  readonly #closing = new AbortController();
  readonly #doors = new Set<Disposable>();
  readonly #capabilities: CapabilitiesCache;
  readonly #accelerators: AcceleratorChoice;
  readonly #hostCpus: HostCpus;
  readonly #survey: HostSurvey;
  readonly #documents: CapabilitiesDocuments;
  #driver: Driver | null = null;
  #local: LocalServer | null = null;
  #requestHandOver!: () => void;
  #trial: Promise<void> = Promise.resolve();
  #closed: Promise<void> | null = null;

  constructor(options: HostOptions, ownership: Ownership, uuid: string) {
    const { layout, clock, log } = options;
    this.layout = layout;
    this.#options = options;
    this.#ownership = ownership;
    this.#uuid = uuid;
    this.handOverRequested = new Promise((resolve) => (this.#requestHandOver = resolve));
    const asked = { spawn: spawnProbe, clock, log, signal: this.#closing.signal };
    this.#capabilities = new CapabilitiesCache({
      folder: layout.capabilities,
      clock,
      log,
      probe: (binary) => probeCapabilities(binary, { ...asked, deadlineMs: probeDeadlineMs }),
    });
    this.#accelerators = new AcceleratorChoice({ folder: layout.capabilities, host: hostAcceleration(), ...asked });
    this.#hostCpus = new HostCpus({ ...asked, deadlineMs: probeDeadlineMs });
    this.#survey = new HostSurvey(layout, this.#capabilities, this.#accelerators);
    this.#documents = new CapabilitiesDocuments({ hostUuid: () => Promise.resolve(uuid), capabilities: this.#capabilities, accelerators: this.#accelerators, hostCpus: this.#hostCpus, firmware: () => installedFirmware(layout.nvram, log), log });
  }

  get driver(): Driver {
    if (!this.#driver) throw new VireoError('INTERNAL_ERROR', 'the host is not open');
    return this.#driver;
  }

  get localClients(): number {
    return this.#local?.clients ?? 0;
  }

  async open(): Promise<void> {
    const { layout, clock, log, carriers, jobWaitMs, monitorDeadlineMs, silenceMs, atStep } = this.#options;
    this.#driver = await Driver.open({
      layout,
      clock,
      log,
      capabilities: this.#capabilities,
      accelerators: this.#accelerators,
      hostCpus: this.#hostCpus,
      hostUuid: this.#uuid,
      openTarget: migrationTargets(carriers ?? {}, clock),
      ...(jobWaitMs === undefined ? {} : { jobWaitMs }),
      ...(monitorDeadlineMs === undefined ? {} : { monitorDeadlineMs }),
      ...(silenceMs === undefined ? {} : { silenceMs }),
      ...(atStep ? { atStep } : {}),
    });
    this.#driver.hub.events.on((event) => this.#events.fire({ name: 'domain', payload: event }));
    this.#driver.context.timelines.written.on((written) => this.#events.fire({ name: 'timeline', payload: written }));
    this.#driver.problemAdded.on(() => void this.#tellStatus());
    this.#local = await listenLocal(layout.socket, (channel, { number }) => this.serve(channel, (hint) => `${hint || 'a client'} #${number}`), { log });
    this.#trial = this.#tryAccelerator();
    void this.#driver.autostart(); // closing the driver waits for it
  }

  client(label: string): Client {
    const [near, far] = channelPair();
    this.serve(far, () => label);
    return connect(near, label);
  }

  serve<T extends MethodTable>(channel: Channel, nameClient: (hint: string) => string, extra?: DoorExtra<T>): Disposable {
    const service = driverService({
      driver: this.driver,
      status: () => this.#status(),
      handOver: () => this.#handOver(),
      windows: () => this.windows,
      documents: this.#documents,
      defineSample: (call, name) => defineSample(this.driver, call, name, path.join(this.layout.root, 'images'), () => this.#bestAccelerator()),
    });
    const options: ServerOptions<MethodTable> = {
      methods: { ...methods, ...extra?.methods },
      implementation: { ...withActions(methods, service, this.driver.context), ...extra?.implementation } as Implementation<Methods> & Implementation<T> as Implementation<MethodTable>,
      streams: { domainOpenConsole: consoleService(this.driver), domainOpenGraphics: displayService(this.driver), domainMigratePrepareTunnel3Params: migrationTunnelService(this.driver) } satisfies StreamImplementation,
      events: extra ? both(this.#events, extra.events) : this.#events,
      version: this.#options.version,
      log: this.#options.log,
      nameClient,
    };
    const door = serve(channel, options);
    this.#doors.add(door);
    channel.onClose(() => this.#doors.delete(door));
    return door;
  }

  runningDomains(): readonly DomainSummary[] {
    return this.driver.active();
  }

  close(): Promise<void> {
    this.#closed ??= this.#close();
    return this.#closed;
  }

  async #close(): Promise<void> {
    this.#closing.abort(new VireoError('OPERATION_ABORTED', 'the host is closing'));
    for (const door of [...this.#doors]) door[Symbol.dispose]();
    try {
      await this.#local?.close();
      await this.#driver?.close();
      await this.#trial; // its guest and its folder go with it
    } finally {
      await this.#ownership.release();
    }
  }

  async #status(): Promise<HostStatus> {
    const facts = await this.#survey.look();
    const { version, role } = this.#options;
    return { version, role, hostUuid: this.#uuid, pid: process.pid, ...facts, problems: this.driver.problems };
  }

  async #tryAccelerator(): Promise<void> {
    try {
      await this.#survey.tryAccelerator();
      await this.#tellStatus();
    } catch (error) {
      if (!this.#closing.signal.aborted) this.#options.log.write('warning', 'the accelerator could not be tried', { error: String(error) });
    }
  }

  async #tellStatus(): Promise<void> {
    if (this.#closing.signal.aborted) return;
    this.#events.fire({ name: 'host', payload: { status: await this.#status() } });
  }

  async #bestAccelerator(): Promise<'kvm' | 'hvf' | 'whpx' | 'tcg'> {
    const capabilities = await this.#survey.hostCapabilities();
    return (await this.#accelerators.forStart(capabilities)).accelerator;
  }

  #handOver(): void {
    if (this.#options.role !== 'host') throw new VireoError('OPERATION_DENIED', `the ${this.#options.role} (pid ${process.pid}) does not give up its guests while it runs; close it first`);
    this.#requestHandOver();
  }
}

function both(one: Emitter<ServedEvent>, other: Emitter<ServedEvent>): Pick<Emitter<ServedEvent>, 'on'> {
  return {
    on(listener) {
      const subscriptions = [one.on(listener), other.on(listener)];
      return toDisposable(() => subscriptions.forEach((each) => each[Symbol.dispose]()));
    },
  };
}
