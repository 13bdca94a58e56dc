/**
 * Starting a domain (F2, F3): one asynchronous job that either ends with running CPUs or leaves nothing behind. QEMU
 * is spawned paused; its monitor, consoles and live facts come first, the CPUs last.
 */
import { mkdir, rm } from 'node:fs/promises';
import path from 'node:path';
import { VireoError, asVireoError } from '../base/errors.ts';
import type { Accelerator, QemuCapabilities } from '../capabilities/qemu-capabilities.ts';
import { buildCommandLine } from '../command/build-command-line.ts';
import { liveDefinition } from '../command/live-definition.ts';
import type { DomainDefinition } from '../conf/domain-definition.ts';
import { takeLiveFacts } from '../devices/live-facts.ts';
import type { LaunchContext } from '../devices/launch-context.ts';
import type { Domain } from '../domain/domain.ts';
import { LiveDomain } from '../domain/live-domain.ts';
import type { Call } from '../job/call.ts';
import type { AsyncJob } from '../job/handles.ts';
import { Monitor } from '../monitor/monitor.ts';
import { agentPort } from './agent-channel.ts';
import { consoleDevices } from './console-devices.ts';
import { MonitorEvents } from './monitor-events.ts';
import type { ProcessContext } from './process-context.ts';
import { type SpawnedQemu, endProcess, spawnQemu } from './qemu-process.ts';
import { endRun } from './stop-domain.ts';

/** QEMU's own words are in the error, but not more than a screen of them. */
const shownStderrBytes = 4_096;

export async function startDomain(context: ProcessContext, call: Call, domain: Domain, options: { readonly paused: boolean }): Promise<void> {
  await using job = await domain.jobs.beginAsync(call, 'start');
  if (domain.live) throw new VireoError('OPERATION_INVALID', 'domain is already running', { domain: domain.identity });
  const { persistent } = domain;
  if (!persistent) throw new VireoError('NO_DOMAIN', `no domain with matching uuid '${domain.uuid}'`, { domain: domain.identity });
  const launch = await prepareLaunch(context, domain, persistent);
  const { id, definition } = await prepareDefinition(context, persistent, launch);
  try {
    const spawned = await spawn(context, domain, definition, launch);
    const live = adopt(context, domain, id, definition, launch, spawned);
    try {
      await bringUp(context, domain, live, job, spawned, options.paused);
    } catch (error) {
      const failure = await explain(context, live, spawned, error);
      await endRun(context, domain, live, job, { reason: live.endReason ?? 'failed', event: null });
      throw failure.about(domain.identity);
    }
  } catch (error) {
    await rm(launch.runFolder, { recursive: true, force: true });
    domain.changed();
    throw asVireoError(error).about(domain.identity);
  }
}

interface Launch extends LaunchContext {
  readonly logOffset: number;
}

async function prepareLaunch(context: ProcessContext, domain: Domain, definition: DomainDefinition): Promise<Launch> {
  if (!definition.emulator) throw new VireoError('CONFIG_UNSUPPORTED', 'the domain names no emulator and none is installed', { domain: domain.identity });
  const capabilities = await context.capabilities.get(definition.emulator);
  const accelerator = await acceleratorFor(context, definition, capabilities);
  const runFolder = context.runFolder(domain.uuid);
  const logFolder = context.logFolder(domain.uuid);
  return {
    capabilities,
    accelerator,
    runFolder,
    logFolder,
    monitorPath: path.join(runFolder, 'm'),
    pidFile: path.join(runFolder, 'pid'),
    logOffset: await context.domainLog(domain.uuid).size(),
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

async function prepareDefinition(context: ProcessContext, persistent: DomainDefinition, launch: Launch): Promise<{ id: number; definition: DomainDefinition }> {
  await rm(launch.runFolder, { recursive: true, force: true });
  await mkdir(launch.runFolder, { recursive: true, mode: 0o700 });
  await mkdir(launch.logFolder, { recursive: true, mode: 0o700 });
  const id = context.registry.nextId();
  return { id, definition: { ...liveDefinition(persistent, launch), id } };
}

async function spawn(context: ProcessContext, domain: Domain, definition: DomainDefinition, launch: Launch): Promise<SpawnedQemu> {
  const commandLine = buildCommandLine(definition, launch);
  const log = context.domainLog(domain.uuid);
  const { version } = launch.capabilities;
  await log.line(`starting up, QEMU ${version.major}.${version.minor}.${version.micro} (${version.package}), accelerator ${launch.accelerator}`, context.clock.wallTime());
  await log.line(commandLine.toShellText(), context.clock.wallTime());
  const output = await log.openForAppend();
  try {
    return await spawnQemu({ binary: launch.capabilities.binary, argv: commandLine.argv, environment: { ...cleanEnvironment(launch.runFolder), ...commandLine.environment }, logFd: output.fd });
  } finally {
    await output.close();
  }
}

/** Nothing of the caller's environment reaches QEMU but what it needs to find its files. */
function cleanEnvironment(runFolder: string): Record<string, string> {
  const { PATH = '/usr/local/bin:/usr/bin:/bin' } = process.env;
  return { PATH, LC_ALL: 'C', HOME: runFolder, XDG_RUNTIME_DIR: runFolder };
}

function adopt(context: ProcessContext, domain: Domain, id: number, definition: DomainDefinition, launch: Launch, process: SpawnedQemu): LiveDomain {
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

async function bringUp(context: ProcessContext, domain: Domain, live: LiveDomain, job: AsyncJob<'start'>, spawned: SpawnedQemu, paused: boolean): Promise<void> {
  await context.saveStatus(domain); // from here on a restarted driver finds the process
  const events = new MonitorEvents(context, domain, live);
  await connectMonitor(context, live, events, spawned.exited);
  const facts = await job.nest(async (monitor) => ({ chardevs: await monitor.query('query-chardev') }));
  live.definition = takeLiveFacts(live.definition, { chardevs: new Map(facts.value.chardevs.map(({ label, filename }) => [label, filename])) });
  // Before the CPUs run: a socket that is connected late has missed what the guest said.
  for (const device of consoleDevices(live.definition)) await live.facts.consoles.add(device, live.died);
  if (!paused) await job.nest((monitor) => monitor.execute('cont'));
  live.died.throwIfAborted();
  live.starting = false;
  domain.transition(paused ? { state: 'paused', reason: 'user' } : { state: 'running', reason: 'booted' }, { event: 'started', detail: 'booted' });
  await context.saveStatus(domain);
}

/** Connects the monitor and has its end, and the process's, reported after all events. */
export async function connectMonitor(context: ProcessContext, live: LiveDomain, events: MonitorEvents, exited: Promise<void>): Promise<void> {
  const gone = new AbortController();
  void exited.then(() => gone.abort(new VireoError('OPERATION_FAILED', 'QEMU exited before its monitor answered')));
  const monitor = await Monitor.connect({
    path: live.facts.monitorPath,
    clock: context.clock,
    log: context.log,
    deadlineMs: context.monitorDeadlineMs,
    signal: AbortSignal.any([gone.signal, context.closing, live.died]),
    waitForSocket: true,
    onEvent: events.receive,
  });
  live.attachMonitor(monitor);
  const ended = (): void => {
    live.die();
    events.ended();
  };
  if (monitor.closed.aborted) ended();
  else monitor.closed.addEventListener('abort', ended, { once: true });
}

/** What went wrong, in QEMU's own words where it said any. */
async function explain(context: ProcessContext, live: LiveDomain, spawned: SpawnedQemu, error: unknown): Promise<VireoError> {
  if (live.endReason === 'destroyed') return new VireoError('OPERATION_ABORTED', 'the domain was destroyed while it was starting', { cause: error });
  const alreadyGone = spawned.ending() !== 'still running' || (await settledSoon(spawned.exited, context));
  await endProcess(live.facts.process, context.clock, false);
  const said = await qemuWords(context, live);
  if (!alreadyGone) return said && asVireoError(error).code === 'OPERATION_TIMEOUT' ? withWords(asVireoError(error), said) : asVireoError(error);
  const text = said === '' ? `it said nothing (${spawned.ending()})` : said;
  return new VireoError('INTERNAL_ERROR', `process exited while connecting to monitor: ${text}`, { cause: error, details: { ending: spawned.ending(), stderr: said } });
}

function withWords(error: VireoError, said: string): VireoError {
  return new VireoError('OPERATION_TIMEOUT', `QEMU did not open its monitor; it said: ${said}`, { cause: error, details: { stderr: said } });
}

/** The monitor's end is often seen before the process's. */
async function settledSoon(exited: Promise<void>, context: ProcessContext): Promise<boolean> {
  const done = new AbortController();
  const won = await Promise.race([exited.then(() => true), context.clock.sleep(500, done.signal).then(() => false)]);
  done.abort();
  return won;
}

/** What QEMU wrote since this start, without the lines that the driver wrote itself. */
async function qemuWords(context: ProcessContext, live: LiveDomain): Promise<string> {
  const uuid = live.facts.definition.uuid ?? '';
  const tail = await context.domainLog(uuid).tail(shownStderrBytes);
  const lines = tail.split('\n');
  const start = lines.findLastIndex((line) => line.includes(': starting up, QEMU '));
  return lines.slice(start < 0 ? 0 : start + 2).join('\n').trim();
}
