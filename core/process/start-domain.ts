/**
 * Starting a domain (F2, F3): one asynchronous job that either ends with running CPUs or leaves nothing behind. QEMU
 * is spawned paused; its monitor, consoles and live facts come first, the CPUs last.
 */
import path from 'node:path';
import { VireoError, asVireoError } from '../base/errors.ts';
import type { Accelerator, QemuCapabilities } from '../capabilities/qemu-capabilities.ts';
import { buildCommandLine } from '../command/build-command-line.ts';
import { liveDefinition } from '../command/live-definition.ts';
import { devicesOf } from '../conf/device-definition.ts';
import type { DomainDefinition } from '../conf/domain-definition.ts';
import { takeLiveFacts } from '../devices/live-facts.ts';
import { lookAtImages } from '../devices/disk/look-at-images.ts';
import { lookAtUsbDevices } from '../devices/hostdev/look-at-usb-devices.ts';
import { findScsiGenerics } from '../devices/hostdev/scsi-generics.ts';
import type { LaunchContext } from '../devices/launch-context.ts';
import { prepareVariableStore } from '../firmware/variable-store.ts';
import type { Domain } from '../domain/domain.ts';
import { noDomain } from '../domain/domain-registry.ts';
import { LiveDomain } from '../domain/live-domain.ts';
import { sameDefinition } from '../domain/same-definition.ts';
import type { Call } from '../job/call.ts';
import type { AsyncJob } from '../job/handles.ts';
import { agentPort } from './agent-channel.ts';
import { setBalloonStatistics } from './balloon-statistics.ts';
import { cleanEnvironment } from './clean-environment.ts';
import { consoleDevices } from './console-devices.ts';
import { setDisplayPasswords } from './display-passwords.ts';
import { reserveDisplayPorts } from './display-ports.ts';
import { checkHostNeeds, hasVhostNet, mayMakeTaps } from './host-needs.ts';
import { setLinkStates } from './link-states.ts';
import { limitDisks } from './disk-limits.ts';
import { MonitorEvents } from './monitor-events.ts';
import { connectMonitor } from './monitor-link.ts';
import type { ProcessContext } from './process-context.ts';
import { type SpawnedQemu, spawnQemu } from './qemu-process.ts';
import { withSecrets } from './run-secrets.ts';
import { openInherited, runHostSetups, type SideWork, sideWorkOf, startSideProcesses } from './side-work.ts';
import { StartFolders } from './start-folders.ts';
import { endOf, endRun } from './stop-domain.ts';

/** QEMU's own words are in the error, but not more than a screen of them. */
const shownStderrBytes = 4_096;

export interface StartOptions {
  readonly paused: boolean;
  /** Runs this instead of the next boot's definition; the domain is transient if it has none of its own. */
  readonly definition?: DomainDefinition;
  /** The firmware begins with the variables of its template again. */
  readonly resetNvram?: boolean;
}

/** @throws why it failed, in QEMU's own words where it said any; the domain is as it was before, `shut off`/`failed`. */
export async function startDomain(context: ProcessContext, call: Call, domain: Domain, options: StartOptions): Promise<void> {
  refuseRunning(domain); // at once, and not only when the job that holds it ends
  await using job = await domain.jobs.beginAsync(call, 'start');
  refuseRunning(domain);
  const written = options.definition ?? domain.persistent;
  if (!written) throw noDomain(domain);
  try {
    await runOnce(context, call, domain, job, written, options);
  } catch (error) {
    context.registry.removeIfNothing(domain);
    if (!domain.live) domain.transition({ state: 'shut off', reason: domain.state === 'shut off' && domain.stateAndReason.reason === 'destroyed' ? 'destroyed' : 'failed' }, null);
    domain.changed();
    throw asVireoError(error).about(domain.identity);
  }
}

/** The start itself; whatever it has begun is undone where it throws. */
async function runOnce(context: ProcessContext, call: Call, domain: Domain, job: AsyncJob<'start'>, written: DomainDefinition, options: StartOptions): Promise<void> {
  const launch = await prepareLaunch(context, domain, written);
  // The run keeps the CPU that it begins with, on whatever host it goes on.
  const wanted = await lookAtUsbDevices(await lookAtImages(await context.hostCpus.withExactCpu(written, launch.capabilities, launch.accelerator, call.signal)));
  await using folders = await StartFolders.make(context, domain, launch);
  await prepareVariableStore(wanted.os, { reset: options.resetNvram ?? false });
  const id = context.registry.nextId();
  using displays = await reserveDisplayPorts(liveDefinition(wanted, launch));
  const definition: DomainDefinition = { ...displays.definition, id };
  const work = sideWorkOf(definition, launch);
  const { spawned, wordsFrom } = await spawn(context, domain, definition, { launch, work, signal: call.signal });
  const live = adopt(context, domain, id, definition, launch, spawned);
  folders.handOver(live);
  live.pendingChanges = options.definition !== undefined && domain.persistent !== null && !sameDefinition(domain.persistent, options.definition);
  try {
    await bringUp(context, domain, live, job, { paused: options.paused, work });
  } catch (error) {
    throw await undo(context, domain, live, job, { spawned, wordsFrom }, error);
  }
}

/** A start under way is waited for instead: it may fail. */
function refuseRunning(domain: Domain): void {
  if (domain.live && !domain.live.starting) throw new VireoError('OPERATION_INVALID', 'domain is already running', { domain: domain.identity });
}

/** A spawned QEMU, and where in the domain's log its own words begin. */
interface Spawned {
  readonly spawned: SpawnedQemu;
  readonly wordsFrom: number;
}

async function prepareLaunch(context: ProcessContext, domain: Domain, definition: DomainDefinition): Promise<LaunchContext> {
  if (!definition.emulator) throw new VireoError('CONFIG_UNSUPPORTED', 'the domain names no emulator and none is installed', { domain: domain.identity });
  const capabilities = await context.capabilities.get(definition.emulator);
  const accelerator = await acceleratorFor(context, definition, capabilities);
  const runFolder = context.runFolder(domain.uuid);
  return {
    capabilities,
    accelerator,
    runFolder,
    logFolder: context.logFolder(domain.uuid),
    domainFolder: context.domainFolder(domain.uuid),
    scsiGenerics: await findScsiGenerics(definition),
    monitorPath: path.join(runFolder, 'm'),
    pidFile: path.join(runFolder, 'pid'),
    mayMakeTaps: await mayMakeTaps(),
    hasVhostNet: await hasVhostNet(),
    userId: process.geteuid?.() ?? -1,
  };
}

/** `type='kvm'` means KVM and nothing else; `type='qemu'` is emulation. */
async function acceleratorFor(context: ProcessContext, definition: DomainDefinition, capabilities: QemuCapabilities): Promise<Accelerator> {
  if (definition.type === 'qemu') return 'tcg';
  const wanted = definition.type as Accelerator;
  if (!capabilities.accelerators.includes(wanted)) {
    throw new VireoError('CONFIG_UNSUPPORTED', `the emulator ${capabilities.binary} does not provide domain type '${definition.type}'`);
  }
  const verdict = await context.accelerators.forStart(capabilities);
  if (verdict.accelerator !== wanted) {
    throw new VireoError('CONFIG_UNSUPPORTED', `domain type '${definition.type}' is not usable on this host (${verdict.reason}); type='qemu' runs everywhere, slower`);
  }
  return wanted;
}

interface Surroundings {
  readonly launch: LaunchContext;
  readonly work: SideWork;
  /** The caller gives up. */
  readonly signal: AbortSignal;
}

async function spawn(context: ProcessContext, domain: Domain, definition: DomainDefinition, { launch, work, signal }: Surroundings): Promise<Spawned> {
  await checkHostNeeds(work.needs);
  const commandLine = buildCommandLine(definition, await withSecrets(context, definition, launch));
  const environment = { ...cleanEnvironment(launch.runFolder), ...commandLine.environment };
  const log = context.domainLog(domain.uuid);
  const { version, binary } = launch.capabilities;
  await log.line(`starting up, QEMU ${version.major}.${version.minor}.${version.micro} (${version.package}), accelerator ${launch.accelerator}`, context.clock.wallTime());
  await log.line(`${shellVariables(environment, commandLine.environment)}${commandLine.toShellText(binary)}`, context.clock.wallTime());
  const onEnd = (name: string, ending: string): void => void tellEndBeside(context, domain, `${name} ended (${ending})`);
  const stop = AbortSignal.any([context.closing, signal]);
  await startSideProcesses(work, { launch, clock: context.clock, log: context.log, deadlineMs: context.monitorDeadlineMs, signal: stop, onEnd });
  const wordsFrom = await log.size();
  await using files = await openInherited(work, context.clock);
  const output = await log.openForAppend();
  try {
    stop.throwIfAborted(); // the last moment at which nothing has to be undone for it
    return { spawned: await spawnQemu({ binary, argv: commandLine.argv, environment, logFd: output.fd, inherited: files.descriptors }), wordsFrom };
  } finally {
    await output.close().catch(() => {}); // QEMU has its own by now
  }
}

/** Most programs end with QEMU, a moment before or after it; one that ends alone leaves the guest without a device. */
async function tellEndBeside(context: ProcessContext, domain: Domain, what: string): Promise<void> {
  const { live } = domain;
  await context.clock.sleep(settlingMs, context.closing);
  if (!live || domain.live !== live || live.died.aborted || context.closing.aborted) return;
  context.log.write('error', 'a program beside a running QEMU ended', { domain: domain.name, what });
  await context.domainLog(domain.uuid).line(`${what} while the domain runs: its device works no more`, context.clock.wallTime()).catch(() => {});
}

const settlingMs = 1_000;

/** What the command line's text does not name itself; a line for each, so that a shell would run the same. */
function shellVariables(environment: Readonly<Record<string, string>>, named: Readonly<Record<string, string>>): string {
  return Object.entries(environment)
    .filter(([name]) => !(name in named))
    .map(([name, value]) => `${name}='${value.replaceAll("'", "'\\''")}' \\\n`)
    .join('');
}

function adopt(context: ProcessContext, domain: Domain, id: number, definition: DomainDefinition, launch: LaunchContext, process: SpawnedQemu): LiveDomain {
  const { capabilities } = launch;
  const live = new LiveDomain(
    {
      id,
      process,
      definition,
      capabilitiesKey: capabilities.key,
      emulator: capabilities.binary,
      qemuVersion: `${capabilities.version.major}.${capabilities.version.minor}.${capabilities.version.micro}`,
      accelerator: launch.accelerator,
      runFolder: launch.runFolder,
      monitorPath: launch.monitorPath,
      startedAtMs: context.clock.wallTime(),
      consoles: context.createConsoles(domain),
    },
    true,
  );
  live.agent = agentPort(definition) === null ? 'not configured' : 'disconnected';
  domain.live = live;
  domain.transition({ state: 'paused', reason: 'starting up' }, null);
  return live;
}

async function bringUp(context: ProcessContext, domain: Domain, live: LiveDomain, job: AsyncJob<'start'>, { paused, work }: { readonly paused: boolean; readonly work: SideWork }): Promise<void> {
  await context.saveStatus(domain); // from here on a restarted driver finds the process
  const events = new MonitorEvents(context, domain, live);
  await connectMonitor(context, domain, live, events, { deadlineMs: context.monitorDeadlineMs, waitForSocket: true });
  const facts = await job.nest(async (monitor) => ({ chardevs: await monitor.query('query-chardev') }));
  live.definition = takeLiveFacts(live.definition, { chardevs: new Map(facts.value.chardevs.map(({ label, filename }) => [label, filename])) });
  // Before the CPUs run: a socket that is connected late has missed what the guest said.
  for (const device of consoleDevices(live.definition, null)) await live.facts.consoles.add(device, live.died);
  for (const { alias, runStart } of live.facts.consoles.status()) live.consoleStarts.set(alias, runStart);
  await setBalloon(live, job);
  await setBalloonStatistics(live, job);
  await limitDisks(live, job);
  await setLinkStates(live, job);
  await setDisplayPasswords(live, job);
  await runHostSetups(work.setups, live.died);
  live.markReached();
  if (!paused) await job.nest((monitor) => monitor.execute('cont'));
  live.died.throwIfAborted();
  live.starting = false;
  domain.transition(paused ? { state: 'paused', reason: 'user' } : { state: 'running', reason: 'booted' }, { event: 'started', detail: 'booted' });
  if (paused) domain.transition({ state: 'paused', reason: 'user' }, { event: 'suspended', detail: 'paused' }); // libvirt tells both
  await context.saveStatus(domain);
  events.release();
}

/** `<currentMemory>` below `<memory>`: what the guest leaves to the host as soon as its driver for the balloon is there. */
async function setBalloon(live: LiveDomain, job: AsyncJob<'start'>): Promise<void> {
  const { currentMemoryKiB, memoryKiB, devices } = live.definition;
  const hasBalloon = devicesOf(devices, 'memballoon').some(({ model }) => model !== 'none');
  if (!hasBalloon || currentMemoryKiB === null || currentMemoryKiB >= memoryKiB) return;
  await job.nest((monitor) => monitor.execute('balloon', { value: currentMemoryKiB * 1024 }));
}

/** Ends what a start has begun. @returns what the caller is told. */
async function undo(context: ProcessContext, domain: Domain, live: LiveDomain, job: AsyncJob<'start'>, { spawned, wordsFrom }: Spawned, error: unknown): Promise<VireoError> {
  const alreadyGone = spawned.ending() !== 'still running' || (await settledSoon(spawned.exited, context));
  // Before it is ended: that it was is not what went wrong.
  const stderr = (await context.domainLog(domain.uuid).tail(shownStderrBytes, wordsFrom).catch(() => '')).trim();
  const reason = live.endReason ?? 'failed';
  // Nobody was told of a run that never began, but a destroy is told whatever it ended.
  await endRun(context, domain, live, job, reason === 'failed' && live.starting ? { reason, event: null } : endOf(reason));
  if (reason === 'destroyed') return new VireoError('OPERATION_ABORTED', 'the domain was destroyed while it was starting', { cause: error });
  return explain(asVireoError(error), alreadyGone ? spawned.ending() : null, stderr);
}

/** What went wrong, in QEMU's own words where it said any. `ending` is null when QEMU lived and had to be ended. */
function explain(error: VireoError, ending: string | null, stderr: string): VireoError {
  if (ending !== null) {
    const text = stderr === '' ? `it said nothing (${ending})` : stderr;
    return new VireoError('INTERNAL_ERROR', `process exited while connecting to monitor: ${text}`, { cause: error, details: { ending, stderr } });
  }
  if (error.code !== 'OPERATION_TIMEOUT' || stderr === '') return error;
  return new VireoError('OPERATION_TIMEOUT', `QEMU did not open its monitor; it said: ${stderr}`, { cause: error, details: { stderr } });
}

/** The monitor's end is often seen before the process's. */
async function settledSoon(exited: Promise<void>, context: ProcessContext): Promise<boolean> {
  const done = new AbortController();
  const won = await Promise.race([exited.then(() => true), context.clock.sleep(500, done.signal).then(() => false)]);
  done.abort();
  return won;
}
