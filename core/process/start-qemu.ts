/** The programs of a start: those beside QEMU, then QEMU itself with its CPUs standing still, and the run that it is. */
import { invariant } from '../base/errors.ts';
import { buildCommandLine } from '../command/build-command-line.ts';
import { LiveDomain } from '../domain/live-domain.ts';
import type { Domain } from '../domain/domain.ts';
import { sameDefinition } from '../domain/same-definition.ts';
import { handOverRunFolder } from '../label/label-run.ts';
import { agentPort } from './agent-channel.ts';
import { cleanEnvironment } from './clean-environment.ts';
import { MonitorEvents } from './monitor-events.ts';
import type { ProcessContext } from './process-context.ts';
import { type SpawnedQemu, spawnQemu } from './qemu-process.ts';
import { withSecrets } from './run-secrets.ts';
import { openInherited, startSideProcesses } from './side-work.ts';
import type { StartState } from './start-state.ts';

/** Each when the one before it is ready. */
export async function startPrograms({ context, domain, work, launch, givenUp }: StartState): Promise<void> {
  const onEnd = (name: string, ending: string): void => void tellEndBeside(context, domain, `${name} ended (${ending})`);
  await startSideProcesses(work, { launch, clock: context.clock, log: context.log, deadlineMs: context.monitorDeadlineMs, signal: givenUp, onEnd });
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

/** Behind stdin, stdout and stderr. */
const firstInherited = 3;

export async function spawnPaused(start: StartState): Promise<void> {
  const { context, domain, launch, work, folders } = start;
  const log = context.domainLog(domain.uuid);
  const { binary, version } = launch.capabilities;
  const commandLine = buildCommandLine(start.definition, { ...(await withSecrets(context, start.definition, launch)), isIncoming: start.options.incoming !== undefined });
  const environment = { ...cleanEnvironment(launch.runFolder), ...commandLine.environment };
  await log.line(`starting up, QEMU ${version.major}.${version.minor}.${version.micro} (${version.package}), accelerator ${launch.accelerator}`, context.clock.wallTime());
  await log.line(`${shellVariables(environment, commandLine.environment)}${commandLine.toShellText(binary)}`, context.clock.wallTime());
  const wordsFrom = await log.size();
  await using files = await openInherited(work, context.clock);
  const inherited = [...files.descriptors, ...start.inherited, ...(start.options.incoming?.descriptors ?? [])];
  const output = await log.openForAppend();
  let spawned: SpawnedQemu;
  try {
    start.givenUp.throwIfAborted(); // the last moment at which nothing has to be undone for it
    await handOverRunFolder(launch.runFolder, start.identity);
    spawned = await spawnQemu({ identity: start.identity, binary, argv: commandLine.argv, environment, logFd: output.fd, inherited });
    inherited.forEach((descriptor, index) => start.numbersInQemu.set(descriptor, firstInherited + index));
  } finally {
    await output.close().catch(() => {}); // QEMU has its own by now
  }
  const live = adopt(start, spawned);
  start.run = { spawned, live, wordsFrom, events: new MonitorEvents(context, domain, live) };
  folders.handOver(live);
  context.timelines.began(domain, live, wordsFrom);
  const { definition, comparedAs = definition } = start.options;
  live.pendingChanges = definition !== undefined && domain.persistent !== null && !sameDefinition(domain.persistent, comparedAs ?? definition);
}

/** What the command line's text does not name itself; a line for each, so that a shell would run the same. */
function shellVariables(environment: Readonly<Record<string, string>>, named: Readonly<Record<string, string>>): string {
  return Object.entries(environment)
    .filter(([name]) => !(name in named))
    .map(([name, value]) => `${name}='${value.replaceAll("'", "'\\''")}' \\\n`)
    .join('');
}

function adopt({ context, domain, definition, launch }: StartState, process: SpawnedQemu): LiveDomain {
  const { capabilities } = launch;
  const { id } = definition;
  invariant(id !== null, 'a live definition has its number');
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
      displays: context.createDisplays(domain),
    },
    true,
  );
  live.agent = agentPort(definition) === null ? 'not configured' : 'disconnected';
  domain.live = live;
  domain.transition({ state: 'paused', reason: 'starting up' }, null);
  return live;
}
