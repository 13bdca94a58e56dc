/**
 * The QEMU driver of one host: thin on purpose. Each method finds the domain, lets the module that knows do the work
 * under its job, and answers. It runs under plain Node; windows, command and tests all call the same object.
 */
import path from 'node:path';
import { readdir } from 'node:fs/promises';
import type { Clock } from '../base/clock.ts';
import { Emitter } from '../base/events.ts';
import { VireoError, asVireoError } from '../base/errors.ts';
import type { Log } from '../base/log.ts';
import type { AcceleratorChoice } from '../capabilities/accelerator.ts';
import type { HostCpus } from '../capabilities/host-cpu.ts';
import type { CapabilitiesCache } from '../capabilities/cache.ts';
import { ConsoleMux } from '../console/console-mux.ts';
import { ConsoleTriggers } from '../console/history/console-triggers.ts';
import { Displays } from '../display/displays.ts';
import type { ConsoleSession, OpenConsoleOptions } from '../console/console-types.ts';
import type { Domain } from '../domain/domain.ts';
import { DomainLog } from '../domain/domain-log.ts';
import { DomainRegistry, noDomain } from '../domain/domain-registry.ts';
import { isActiveState } from '../domain/domain-state.ts';
import type { DomainSummary } from '../domain/domain-summary.ts';
import { EventHub } from '../domain/event-hub.ts';
import { DomainHooks } from '../hook/domain-hooks.ts';
import { installedFirmware } from '../firmware/installed-firmware.ts';
import type { Call } from '../job/call.ts';
import type { LongJobHolder } from '../domain/domain-summary.ts';
import type { JobStatistics } from '../job/job-statistics.ts';
import type { MigrationContext } from '../migration/migration-context.ts';
import type { OpenTarget } from '../migration/migration-target.ts';
import type { AtStep } from '../process/process-context.ts';
import { type BootOptions, findManagedSaves, startOrRestore } from '../save/managed-save.ts';
import type { SaveContext } from '../save/save-context.ts';
import { sweepLeases } from '../lock/sweep-leases.ts';
import { readCpuTimeNs } from '../process/cpu-time.ts';
import { clearRunFolder, qemuInFolder } from '../process/orphan.ts';
import { Places } from '../process/places.ts';
import { type PowerMode, injectNmi, rebootDomain, requireLive, resetDomain, resumeDomain, shutdownDomain, signalShutdown, suspendDomain } from '../process/power.ts';
import { type AdoptedDomain, adoptDomain, closingError, forgetRun, isOfEarlierBoot, reconnectDomain } from '../process/reconnect.ts';
import { sendBreak } from '../process/send-break.ts';
import { type KeyPress, sendKeys } from '../process/send-keys.ts';
import { statusRecord, thisBoot } from '../process/status-record.ts';
import { destroyDomain } from '../process/stop-domain.ts';
import { watchLogs } from '../process/watch-logs.ts';
import { AutostartStore } from '../status/autostart-store.ts';
import { ConfigStore } from '../status/config-store.ts';
import { consoleLogBounds, type HostSettings, readHostSettings } from '../status/host-settings.ts';
import { type StateLayout, runFolder } from '../status/state-folder.ts';
import { SecretStore } from '../secret/secret-store.ts';
import { StatusStore } from '../status/status-store.ts';
import { Timelines } from '../timeline/timelines.ts';
import { autostartAll, setAutostart } from './autostart.ts';
import { type Defined, createDomain, defineDomain, domainXml, undefineDomain, type UndefineOptions } from './definitions.ts';
import type { DriverContext } from './driver-context.ts';
import { gapTimes } from './gap-times.ts';
import { jobRecoveries } from './job-recoveries.ts';
import { migrationContext } from './migration-context.ts';
import { monitorCommand } from './monitor-passthrough.ts';
import { saveContext } from './save-context.ts';
import { SharedLookup } from './shared-lookup.ts';
import { tellOfTriggers, watchConsole } from './watch-consoles.ts';

export interface DriverOptions {
  readonly layout: StateLayout;
  readonly clock: Clock;
  readonly log: Log;
  readonly capabilities: CapabilitiesCache;
  readonly accelerators: AcceleratorChoice;
  readonly hostCpus: HostCpus;
  /** The identity of the state folder (hostUuid). */
  readonly hostUuid: string;
  /** Connects to another host. */
  readonly openTarget: OpenTarget;
  readonly jobWaitMs?: number;
  readonly monitorDeadlineMs?: number;
  /** From when on a silent QEMU is shown as not answering. */
  readonly silenceMs?: number;
  readonly atStep?: AtStep;
}

export interface OpenedConsole {
  readonly domain: Domain;
  readonly alias: string;
  readonly label: string;
  readonly session: ConsoleSession;
  readonly runStart: number;
  readonly position: number;
}

export interface Problem {
  readonly what: string;
  readonly path: string | null;
  /** The domain that could not be started with the session, where it is that. */
  readonly notStarted: { readonly uuid: string; readonly name: string } | null;
}

/** A QEMU that has not opened its monitor by then will not; on a loaded machine its start takes seconds. */
const defaultMonitorDeadlineMs = 30_000;
const defaultSilenceMs = 5_000;
const consoleWaitMs = 15_000;
/** Guests of an earlier driver that are taken up at a time: each is a dozen answers of QEMU and a write. */
const takenUpAtOnce = 16;
/** Many times what a QEMU in good order takes. */
const placeKeptMs = 250;

export class Driver {
  readonly hub: EventHub;
  readonly context: DriverContext;
  readonly migration: MigrationContext;
  readonly save: SaveContext;
  readonly problems: Problem[] = [];
  /** Fires when a problem has come to the list after the driver opened. */
  readonly problemAdded = new Emitter<Problem>();
  readonly #registry: DomainRegistry;
  readonly #closing = new AbortController();
  readonly #underWay = new Set<Promise<unknown>>();
  #reconnected: Promise<void> = Promise.resolve();
  #autostarted: Promise<void> = Promise.resolve();

  private constructor(options: DriverOptions, bootName: string | null, settings: HostSettings) {
    const { layout, clock, log } = options;
    this.hub = new EventHub(clock);
    const status = new StatusStore(layout.status);
    const saveStatus = async (domain: Domain): Promise<void> => {
      if (domain.live) await status.save(domain.uuid, () => statusRecord(domain, bootName));
    };
    this.#registry = new DomainRegistry({ clock, hub: this.hub, saveStatus, ...(options.jobWaitMs === undefined ? {} : { jobWaitMs: options.jobWaitMs }) });
    const logFolder = (uuid: string): string => path.join(layout.logs, uuid);
    const domainLog = (uuid: string): DomainLog => new DomainLog(path.join(logFolder(uuid), 'qemu.log'));
    let secrets: Promise<SecretStore> | null = null;
    this.context = {
      settings,
      stateFolder: layout.root,
      clock,
      log,
      registry: this.#registry,
      hub: this.hub,
      status,
      config: new ConfigStore(layout.domains),
      autostart: new AutostartStore(layout.domains, path.join(layout.root, 'autostart-done.json')),
      lookups: new SharedLookup(),
      capabilities: options.capabilities,
      accelerators: options.accelerators,
      hostCpus: options.hostCpus,
      runFolder: (uuid) => runFolder(layout, uuid),
      logFolder,
      domainFolder: (uuid) => path.join(layout.guests, uuid),
      firmware: () => installedFirmware(layout.nvram, log),
      domainLog,
      timelines: new Timelines({ clock, log, hub: this.hub, registry: this.#registry, logFolder, domainLog }),
      secrets: () => {
        secrets ??= SecretStore.open(path.join(layout.root, 'secrets'), (file, error) => log.write('error', 'a secret cannot be read', { file, error: asVireoError(error).message }));
        secrets.catch(() => (secrets = null)); // a folder that cannot be read now may be readable the next time
        return secrets;
      },
      jobRecoveries: jobRecoveries(() => this.migration),
      hooks: new DomainHooks({ folder: settings.hooksFolder ?? path.join(layout.root, 'hooks'), stateFolder: layout.root }),
      createConsoles: (domain) => this.#consolesOf(domain),
      consoleTriggers: new ConsoleTriggers({ clock, log, file: (uuid) => path.join(layout.guests, uuid, 'console-triggers.json') }),
      createDisplays: (domain) => this.#displaysOf(domain),
      saveStatus,
      untilDone: (work) => void this.#track(work).catch((error: unknown) => log.write('error', 'work of the driver failed', { error: asVireoError(error).message })),
      closing: this.#closing.signal,
      monitorDeadlineMs: options.monitorDeadlineMs ?? defaultMonitorDeadlineMs,
      silenceMs: options.silenceMs ?? defaultSilenceMs,
      ...(options.atStep ? { atStep: options.atStep } : {}),
    };
    this.migration = migrationContext(this.context, options);
    this.save = saveContext(this.context);
    tellOfTriggers(this.context);
  }

  /** Reads the state folder and begins to reconnect; the list is complete when this resolves. */
  static async open(options: DriverOptions): Promise<Driver> {
    const { layout } = options;
    const { settings, problem } = await readHostSettings(layout.settingsFile);
    const driver = new Driver(options, await thisBoot(), settings);
    if (problem !== null) driver.problems.push({ what: `the host's settings are not heeded: ${problem}`, path: layout.settingsFile, notStarted: null });
    await driver.#load(layout);
    driver.context.untilDone(watchLogs(driver.context));
    return driver;
  }

  /** Resolves when every guest of the earlier driver has been reached or ended; one that does not answer keeps it waiting. */
  get reconnected(): Promise<void> {
    return this.#reconnected;
  }

  /** Resolves when all that `autostart` had to start has started or failed. */
  get autostarted(): Promise<void> {
    return this.#autostarted;
  }

  /** Starts what is to start with the session, once a boot; never fails. Resolves when the last has started or failed. */
  autostart(): Promise<void> {
    this.#autostarted = this.#autostart();
    return this.#autostarted;
  }

  async #autostart(): Promise<void> {
    const failed = (what: string, path: string | null, notStarted: Problem['notStarted']): void => {
      const problem = { what, path, notStarted };
      this.problems.push(problem);
      this.problemAdded.fire(problem);
    };
    const work = autostartAll(this.context, ({ domain, error }) =>
      failed(`'${domain.name}' was not started with this computer's session: ${error.message}`, this.context.domainLog(domain.uuid).path, { uuid: domain.uuid, name: domain.name }),
    );
    await this.#track(work).catch((error: unknown) => {
      this.context.log.write('error', 'no domain was started with the session', { error: asVireoError(error).message });
      failed(`no guest was started with this computer's session: ${asVireoError(error).message}`, null, null);
    });
  }

  /** Lets go of every guest; all of them run on. */
  async close(): Promise<void> {
    if (this.#closing.signal.aborted) return;
    this.#closing.abort(closingError());
    this.hub.close();
    // What events changed is written with others, a moment later: that moment will not come.
    await Promise.allSettled(this.#registry.list().map((domain) => this.context.saveStatus(domain)));
    await Promise.allSettled(this.#registry.list().map(async (domain) => domain.live?.detach()));
    // A start is undone, a destroy finished: the next owner of the folder must not find them half done.
    await Promise.allSettled([this.#reconnected, ...this.#underWay]);
    await this.context.consoleTriggers[Symbol.asyncDispose]();
    await this.context.timelines.close();
  }

  list(): { revision: number; domains: DomainSummary[] } {
    return { revision: this.hub.revision, domains: this.#registry.list().map((domain) => domain.summary()) };
  }

  active(): readonly DomainSummary[] {
    return this.#registry.list().filter((domain) => isActiveState(domain.state)).map((domain) => domain.summary());
  }

  find(reference: string): Domain {
    return this.#registry.find(reference);
  }

  define(call: Call, xml: string, source?: string): Promise<Defined> {
    return this.#track(defineDomain(this.context, call, xml, source));
  }

  /** @see createDomain */
  create(call: Call, xml: string, source: string | undefined, options: { readonly paused: boolean; readonly autodestroy?: boolean }): Promise<Defined> {
    this.#closing.signal.throwIfAborted();
    return this.#track(createDomain(this.context, call, xml, source, options));
  }

  /** The domain as it is after an API; one that is gone meanwhile is none. @throws NO_DOMAIN. */
  summaryOf(domain: Domain): DomainSummary {
    if (domain.removed) throw noDomain(domain);
    return domain.summary();
  }

  undefine(call: Call, reference: string, options: UndefineOptions): Promise<void> {
    return this.on(reference, (domain) => undefineDomain(this.context, call, domain, options));
  }

  start(call: Call, reference: string, options: BootOptions): Promise<Domain> {
    return this.on(reference, async (domain) => {
      await startOrRestore(this.save, call, domain, options);
      return domain;
    });
  }

  destroy(call: Call, reference: string, graceful: boolean): Promise<void> {
    return this.on(reference, (domain) => destroyDomain(this.context, call, domain, graceful));
  }

  setAutostart(call: Call, reference: string, autostart: boolean): Promise<void> {
    return this.on(reference, (domain) => setAutostart(this.context, call, domain, autostart));
  }

  shutdown(call: Call, reference: string, mode: PowerMode | 'signal'): Promise<void> {
    return this.on(reference, (domain) => (mode === 'signal' ? signalShutdown(call, domain) : shutdownDomain(this.context, call, domain, mode)));
  }

  reboot(call: Call, reference: string, mode: PowerMode): Promise<void> {
    return this.on(reference, (domain) => rebootDomain(this.context, call, domain, mode));
  }

  reset(call: Call, reference: string): Promise<void> {
    return this.on(reference, (domain) => resetDomain(call, domain));
  }

  injectNmi(call: Call, reference: string): Promise<void> {
    return this.on(reference, (domain) => injectNmi(call, domain));
  }

  /** When the bytes of a gap were written; null where nobody noted it. */
  gapTimes(uuid: string, alias: string, gap: { readonly from: number; readonly to: number }): Promise<{ readonly fromMs: number | null; readonly toMs: number | null }> {
    return gapTimes(this.context, uuid, alias, gap);
  }

  /** For who owns the input of this console: {@link ConsoleSession.sendBreak} lets nobody else come here. */
  sendBreak(call: Call, reference: string, alias: string): Promise<void> {
    return this.on(reference, (domain) => sendBreak(call, domain, alias));
  }

  sendKeys(call: Call, reference: string, press: KeyPress): Promise<void> {
    return this.on(reference, (domain) => sendKeys(call, domain, press));
  }

  suspend(call: Call, reference: string): Promise<void> {
    return this.on(reference, (domain) => suspendDomain(this.context, call, domain));
  }

  resume(call: Call, reference: string): Promise<void> {
    return this.on(reference, (domain) => resumeDomain(this.context, call, domain));
  }

  /** @throws OPERATION_INVALID `domain is not running`. */
  controlInfo(reference: string): ReturnType<Domain['controlInfo']> {
    const domain = this.find(reference);
    requireLive(domain);
    return domain.controlInfo();
  }

  /** What the last job said is kept when the domain has stopped; null where no job said anything. */
  jobStatistics(reference: string, completed: boolean): { statistics: JobStatistics | null; holder: LongJobHolder | null } {
    const domain = this.find(reference);
    const { current, completed: last } = domain.jobs.statistics();
    if (completed) return { statistics: last, holder: null };
    if (!current) requireLive(domain);
    return { statistics: current, holder: domain.longJob() };
  }

  /** @throws OPERATION_INVALID `domain is not running`, `no job is active on the domain`, or why this job cannot be aborted. */
  abortJob(call: Call, reference: string): Promise<void> {
    return this.on(reference, async (domain) => {
      if (!domain.jobs.statistics().current) requireLive(domain);
      await domain.jobs.abort(call);
    });
  }

  /** Answers from what the driver knows, without a job: it never waits for a long one (B6). */
  async info(reference: string): Promise<{ summary: DomainSummary; maximumMemoryKiB: number; memoryKiB: number; vcpus: number; cpuTimeNs: number | null; autostart: boolean }> {
    const domain = this.find(reference);
    const { definition, live } = domain;
    const summary = domain.summary();
    const cpuTimeNs = live ? await readCpuTimeNs(live, this.context.clock) : null;
    return { summary, maximumMemoryKiB: definition.memoryKiB, memoryKiB: definition.currentMemoryKiB ?? definition.memoryKiB, vcpus: summary.vcpus, cpuTimeNs, autostart: domain.autostart };
  }

  xml(reference: string, options: { readonly inactive: boolean; readonly secure: boolean }): string {
    return domainXml(this.find(reference), options);
  }

  async log(reference: string, maximumBytes: number): Promise<{ text: string; path: string }> {
    const log = this.context.domainLog(this.find(reference).uuid);
    return { text: await log.tail(maximumBytes), path: log.path };
  }

  monitorCommand(call: Call, reference: string, command: string, hmp: boolean): Promise<string> {
    return this.on(reference, (domain) => monitorCommand(this.context, call, domain, command, hmp));
  }

  /**
   * A window that is restored with the app asks before its guest has been found again, so this waits a while.
   * @throws OPERATION_INVALID, NO_DOMAIN, OPERATION_TIMEOUT, OPERATION_FAILED naming who has the console.
   */
  async openConsole(call: Call, reference: string, device: string | null, options: OpenConsoleOptions): Promise<OpenedConsole> {
    const domain = this.find(reference);
    const live = requireLive(domain);
    await this.context.clock.sleep(consoleWaitMs, AbortSignal.any([live.reached, call.signal]));
    call.signal.throwIfAborted();
    // It may have ended meanwhile, and even run anew; its consoles are closed before it is told to be shut off.
    if (domain.live !== live || live.died.aborted) throw new VireoError('OPERATION_INVALID', 'domain is not running', { domain: domain.identity });
    if (!live.reached.aborted) throw new VireoError('OPERATION_TIMEOUT', 'the consoles are not connected yet: QEMU does not answer', { domain: domain.identity });
    const devices = live.facts.consoles.status();
    const chosen = device === null ? devices.find(({ readOnly }) => readOnly === null) ?? devices.find(({ kind }) => kind !== 'channel') : devices.find(({ alias, label }) => alias === device || label === device);
    if (!chosen) {
      const text = device === null ? 'the domain has no console' : `cannot find character device ${device}`;
      throw new VireoError('INVALID_ARG', text, { domain: domain.identity, details: { devices: devices.map(({ alias }) => alias) } });
    }
    const { alias, label, runStart, position } = chosen;
    const session = live.facts.consoles.open(alias, options);
    if (session.mode === 'write') {
      await live.facts.consoles.untilWritable(alias).catch((error: unknown) => {
        session[Symbol.dispose]();
        throw error;
      });
    }
    return { domain, alias, label, runStart, position, session };
  }

  /** Work on one domain: what it throws names the domain, and `close` waits for its end. */
  async on<T>(reference: string, work: (domain: Domain) => Promise<T>): Promise<T> {
    const domain = this.find(reference);
    this.#closing.signal.throwIfAborted();
    return this.#track(
      work(domain).catch((error: unknown) => {
        throw asVireoError(error).about(domain.identity);
      }),
    );
  }

  /** Work on no domain that is known yet; `close` waits for its end. */
  track<T>(work: () => Promise<T>): Promise<T> {
    this.#closing.signal.throwIfAborted();
    return this.#track(work());
  }

  async #track<T>(work: Promise<T>): Promise<T> {
    this.#underWay.add(work);
    try {
      return await work;
    } finally {
      this.#underWay.delete(work);
    }
  }

  #displaysOf(domain: Domain): Displays {
    const displays = new Displays({ domain: domain.identity, clock: this.context.clock, log: this.context.log });
    displays.changes.on(() => domain.changed());
    return displays;
  }

  #consolesOf(domain: Domain): ConsoleMux {
    const mux = new ConsoleMux({
      domain: domain.identity,
      clock: this.context.clock,
      log: this.context.log,
      logs: { folder: this.context.logFolder(domain.uuid), bounds: consoleLogBounds(this.context.settings) },
      watch: (device, stream) => watchConsole(this.context, domain.uuid, device, stream),
    });
    mux.changes.on(() => domain.changed());
    return mux;
  }

  async #load(layout: StateLayout): Promise<void> {
    const { definitions, broken } = await this.context.config.load();
    this.problems.push(...broken.map(({ path: file, reason }) => ({ what: `a definition cannot be read: ${reason}`, path: file, notStarted: null })));
    const { marked, broken: brokenMarks } = await this.context.autostart.load();
    this.problems.push(...brokenMarks.map(({ path: file, reason }) => ({ what: `an autostart mark cannot be read: ${reason}`, path: file, notStarted: null })));
    for (const definition of definitions) {
      const uuid = definition.uuid as string;
      if (this.#registry.byName(definition.name)) this.problems.push({ what: `two definitions have the name '${definition.name}'`, path: path.join(layout.domains, `${uuid}.xml`), notStarted: null });
      else this.#registry.add(uuid, definition.name, definition).autostart = marked.has(uuid);
    }
    await this.#reconnectAll(layout);
  }

  async #reconnectAll(layout: StateLayout): Promise<void> {
    const { records, broken, setAside } = await this.context.status.load();
    this.problems.push(...broken.map(({ path: file, reason }) => ({ what: `a state file cannot be read: ${reason}`, path: file, notStarted: null })));
    const adopted: AdoptedDomain[] = [];
    for (const record of records) {
      try {
        if (await isOfEarlierBoot(record)) await forgetRun(this.context, record);
        else adopted.push(await adoptDomain(this.context, record));
      } catch (error) {
        this.problems.push({ what: `the running domain '${record.name}' cannot be taken over: ${asVireoError(error).message}`, path: path.join(layout.status, `${record.uuid}.json`), notStarted: null });
      }
    }
    const unfinished = new Set(adopted.flatMap(({ domain, record }) => (record.starting || record.job.async?.kind === 'save' ? [domain] : [])));
    await findManagedSaves(this.context, (domain) => unfinished.has(domain));
    const places = new Places(takenUpAtOnce, placeKeptMs, this.context.clock);
    const reconnecting = adopted.map((each) => this.#reconnect(each, places));
    this.#reconnected = Promise.all(reconnecting).then(() => {});
    const names = (folders: readonly string[]): ReadonlySet<string> => new Set(folders.map((folder) => path.basename(folder)));
    await this.#clearRunFolders(layout, names(records.map((record) => record.runFolder)), names(setAside.map((uuid) => runFolder(layout, uuid))));
    this.#reconnected = Promise.all([this.#reconnected, sweepLeases(this.context)]).then(() => {}); // once interrupted starts have let go of theirs
  }

  async #reconnect(adopted: AdoptedDomain, places: Places): Promise<void> {
    try {
      await reconnectDomain(this.context, adopted, places);
    } catch (error) {
      this.context.log.write('error', 'reconnecting failed', { domain: adopted.domain.name, error: asVireoError(error).message });
    }
  }

  /**
   * What runs that no state file names have left: dead sockets, and perhaps a QEMU that was about to start. It is over
   * before a start can make a folder anew.
   */
  async #clearRunFolders(layout: StateLayout, known: ReadonlySet<string>, setAside: ReadonlySet<string>): Promise<void> {
    const { clock, log, closing } = this.context;
    // What is written of a run beside its folder may be all that is left.
    const runs = new Set((await readdir(layout.run)).flatMap((name) => /^([\da-f]{8})(\..+\.json)?$/.exec(name)?.[1] ?? []));
    const clear = async (run: string): Promise<void> => {
      const folder = path.join(layout.run, run);
      const pid = setAside.has(run) ? await qemuInFolder(folder) : await clearRunFolder(folder, clock, log, closing);
      if (pid !== null) this.problems.push({ what: `a QEMU (pid ${pid}) runs that no state file tells of`, path: folder, notStarted: null });
    };
    await Promise.all([...runs].filter((run) => !known.has(run)).map(clear));
  }
}
