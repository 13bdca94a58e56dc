/**
 * One domain's record: what the host counts of its process is read beside the question to QEMU, and both are put under
 * libvirt's names. What QEMU does not answer in time is missing, and the record says so; nothing is made up for it.
 */
import { VireoError, asVireoError } from '../base/errors.ts';
import type { Domain } from '../domain/domain.ts';
import type { LiveDomain } from '../domain/live-domain.ts';
import type { Call } from '../job/call.ts';
import { readProcessUsage } from '../process/cpu-time.ts';
import type { ProcessContext } from '../process/process-context.ts';
import { BlockUsage, blockParameters, disksOf, listedImages } from './block-usage.ts';
import { missingSizes } from './file-sizes.ts';
import { kvmParameters } from './kvm-statistics.ts';
import { balloonParameters, readGuestStats } from './memory-usage.ts';
import { type CardUsage, interfaceParameters } from './network-usage.ts';
import { pageSizeBytes } from './page-size.ts';
import { type QemuAnswers, askQemu, asksNothing, questionsFor } from './qemu-answers.ts';
import { queryDomain } from './query-domain.ts';
import { stateParameters } from './state-numbers.ts';
import type { DomainStatistics, StatisticsGroup, StatisticsParameters } from './statistics-record.ts';
import { type ThreadUsage, readThreadUsage, vcpuParameters, vcpuThreads } from './vcpu-usage.ts';

export interface StatisticsRequest {
  readonly groups: ReadonlySet<StatisticsGroup>;
  readonly backing: boolean;
  /** Groups that this QEMU cannot tell are refused. */
  readonly enforce: boolean;
  readonly nowait: boolean;
  /** Gives up on QEMU. */
  readonly signal: AbortSignal;
  /** The host's interfaces, read once for all domains of a call. */
  readonly hostInterfaces: () => Promise<ReadonlyMap<string, CardUsage>>;
}

/** @throws what cancelled the call, ARGUMENT_UNSUPPORTED with `enforce`; QEMU's silence is no error. */
export async function domainStatistics(context: ProcessContext, call: Call, domain: Domain, request: StatisticsRequest): Promise<DomainStatistics> {
  const { live } = domain;
  const sampledAtMs = context.clock.now();
  const { parameters, incomplete } = live ? await ofRun(context, call, domain, live, request) : { parameters: await ofDefinition(domain, request), incomplete: null };
  call.signal.throwIfAborted();
  if (domain.live !== live && !domain.removed) return await domainStatistics(context, call, domain, request); // it ended or began meanwhile: once more, as it is now
  return { domain: { uuid: domain.uuid, name: domain.name, id: domain.live?.facts.id ?? null }, sampledAtMs, parameters: { ...stateOf(domain, request), ...parameters }, incomplete };
}

function stateOf(domain: Domain, { groups }: StatisticsRequest): StatisticsParameters {
  return groups.has('state') ? stateParameters(domain.stateAndReason) : {};
}

interface Told {
  readonly parameters: StatisticsParameters;
  readonly incomplete: string | null;
}

async function ofRun(context: ProcessContext, call: Call, domain: Domain, live: LiveDomain, request: StatisticsRequest): Promise<Told> {
  const [asked, host] = await Promise.all([ask(context, call, domain, live, request), readHost(context, live, request)]);
  const { answers } = asked;
  const { groups } = request;
  const { definition } = live;
  const when = (group: StatisticsGroup, of: () => StatisticsParameters): StatisticsParameters => (groups.has(group) ? of() : {});
  const vcpus = groups.has('vcpu') ? await readVcpus(live) : new Map<number, ThreadUsage | null>();
  const parameters: StatisticsParameters = {
    ...when('cpu-total', () => host.cpu),
    ...when('balloon', () => balloonParameters(definition, { actualKiB: answers?.balloon ? Math.floor(answers.balloon.actual / 1024) : null, guest: readGuestStats(answers?.guestStats ?? null), residentKiB: host.residentKiB })),
    ...when('vcpu', () => ({ ...vcpuParameters(definition, vcpus), ...vcpuKvm(answers) })),
    ...when('interface', () => interfaceParameters(definition, host.interfaces)),
    ...(groups.has('block') ? await blocks(live, answers, request.backing) : {}),
    ...when('iothread', () => iothreadParameters(answers)),
    ...when('dirtyrate', () => dirtyRateParameters(answers)),
    ...when('vm', () => (answers?.vmStats?.length === 1 ? kvmParameters('vm', answers.vmStats[0]!.stats, answers.statsSchemas ?? []) : {})),
  };
  return { parameters, incomplete: asked.incomplete };
}

/** Without a run there is the definition, and the files that it names. */
async function ofDefinition(domain: Domain, { groups, backing }: StatisticsRequest): Promise<StatisticsParameters> {
  const { definition } = domain;
  const listed = groups.has('block') ? listedImages(disksOf(definition), backing) : [];
  const files = await missingSizes(listed, null, false);
  return {
    ...(groups.has('balloon') ? balloonParameters(definition, { actualKiB: null, guest: [], residentKiB: null }) : {}),
    ...(groups.has('vcpu') ? vcpuParameters(definition, new Map()) : {}),
    ...(groups.has('block') ? blockParameters(listed, null, files) : {}),
  };
}

interface Asked {
  readonly answers: QemuAnswers | null;
  readonly incomplete: string | null;
}

async function ask(context: ProcessContext, call: Call, domain: Domain, live: LiveDomain, request: StatisticsRequest): Promise<Asked> {
  const questions = questionsFor(request.groups, live.definition, live.facts.accelerator === 'kvm');
  if (asksNothing(questions)) return { answers: null, incomplete: null };
  const { nowait, signal } = request;
  try {
    const answers = await queryDomain(call, domain, { clock: context.clock, signal, nowait }, (monitor) => askQemu(monitor, questions, signal));
    if (request.enforce && answers.unknownCommands.length > 0) throw unsupported(domain, answers.unknownCommands);
    if (answers.balloon) live.balloonKiB = Math.floor(answers.balloon.actual / 1024);
    return { answers, incomplete: answers.failure === null ? null : asVireoError(answers.failure).message };
  } catch (error) {
    call.signal.throwIfAborted();
    if (error instanceof VireoError && error.code === 'ARGUMENT_UNSUPPORTED') throw error;
    return { answers: null, incomplete: asVireoError(error).message };
  }
}

function unsupported(domain: Domain, commands: readonly string[]): VireoError {
  return new VireoError('ARGUMENT_UNSUPPORTED', `this QEMU does not have ${commands.map((command) => `'${command}'`).join(', ')}`, { domain: domain.identity });
}

interface HostFacts {
  readonly cpu: StatisticsParameters;
  readonly residentKiB: number | null;
  readonly interfaces: ReadonlyMap<string, CardUsage>;
}

async function readHost({ clock }: ProcessContext, live: LiveDomain, { groups, hostInterfaces }: StatisticsRequest): Promise<HostFacts> {
  const [usage, pageBytes, interfaces] = await Promise.all([
    groups.has('cpu-total') || groups.has('balloon') ? readProcessUsage(live, clock) : null,
    pageSizeBytes(),
    groups.has('interface') ? hostInterfaces() : new Map<string, CardUsage>(),
  ]);
  return {
    cpu: usage ? { 'cpu.time': usage.userNs + usage.systemNs, 'cpu.user': usage.userNs, 'cpu.system': usage.systemNs } : {},
    residentKiB: usage && (usage.residentPages * pageBytes) / 1024,
    interfaces,
  };
}

async function readVcpus(live: LiveDomain): Promise<ReadonlyMap<number, ThreadUsage | null>> {
  return new Map(await Promise.all(vcpuThreads(live).map(async ({ vcpu, threadId }) => [vcpu, await readThreadUsage(live, threadId)] as const)));
}

function vcpuKvm(answers: QemuAnswers | null): StatisticsParameters {
  const parts = (answers?.vcpuStats ?? []).map((entry) => {
    const vcpu = answers?.cpus?.find((cpu) => cpu['qom-path'] === entry['qom-path']);
    return vcpu ? kvmParameters(`vcpu.${vcpu['cpu-index']}`, entry.stats, answers?.statsSchemas ?? []) : {};
  });
  return Object.assign({}, ...parts) as StatisticsParameters;
}

async function blocks(live: LiveDomain, answers: QemuAnswers | null, backing: boolean): Promise<StatisticsParameters> {
  const listed = listedImages(disksOf(live.definition), backing);
  const usage = answers?.blockStats ? new BlockUsage(answers) : null;
  return blockParameters(listed, usage, await missingSizes(listed, usage, true));
}

function iothreadParameters(answers: QemuAnswers | null): StatisticsParameters {
  const iothreads = answers?.iothreads ?? [];
  if (iothreads.length === 0) return {};
  const parameters: StatisticsParameters = { 'iothread.count': iothreads.length };
  for (const thread of iothreads) {
    const id = /^iothread(\d+)$/.exec(thread.id)?.[1];
    if (id === undefined) continue; // somebody's own, by <qemu:commandline>
    Object.assign(parameters, { [`iothread.${id}.poll-max-ns`]: thread['poll-max-ns'], [`iothread.${id}.poll-grow`]: thread['poll-grow'], [`iothread.${id}.poll-shrink`]: thread['poll-shrink'] });
  }
  return parameters;
}

/** virDomainDirtyRateStatus. */
const dirtyRateStatuses = ['unstarted', 'measuring', 'measured'] as const;

function dirtyRateParameters(answers: QemuAnswers | null): StatisticsParameters {
  const rate = answers?.dirtyRate;
  if (!rate) return {};
  return {
    'dirtyrate.calc_status': dirtyRateStatuses.indexOf(rate.status),
    'dirtyrate.calc_start_time': rate['start-time'],
    'dirtyrate.calc_period': rate['calc-time'],
    'dirtyrate.calc_mode': rate.mode,
    ...(rate.status === 'measured' && rate['dirty-rate'] !== undefined ? { 'dirtyrate.megabytes_per_second': rate['dirty-rate'] } : {}),
    ...Object.fromEntries((rate.status === 'measured' ? (rate['vcpu-dirty-rate'] ?? []) : []).map((vcpu) => [`dirtyrate.vcpu.${vcpu.id}.megabytes_per_second`, vcpu['dirty-rate']])),
  };
}
