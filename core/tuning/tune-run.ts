/**
 * What a definition asks the host to give its guest, done at a start (F12): groups as soon as there is a process, threads
 * once QEMU has named them. A definition that asks for nothing never fails here; one that asks for what this computer
 * cannot do is refused, since its user counts on it.
 */
import { stat } from 'node:fs/promises';
import { VireoError } from '../base/errors.ts';
import { membersOf } from '../conf/cpu-set.ts';
import type { DomainDefinition } from '../conf/domain-definition.ts';
import type { ControlGroups, GroupController } from '../domain/control-groups.ts';
import type { RunThreads } from '../domain/live-domain.ts';
import type { StartState } from '../process/start-state.ts';
import { blkioValues, cpuValues, type GroupValue, memoryValues } from './group-values.ts';
import { defaultPartition, findParentGroups, type ParentGroups } from './host-groups.ts';
import { makeGroups } from './run-groups.ts';
import { enterScope } from './systemd-scope.ts';
import { hasQuota, limitThreads, type ThreadQuotas } from './thread-groups.ts';
import { pinProcess, pinThreads, type PinnedThread, type ScheduledThread, scheduleThreads } from './thread-placement.ts';
import { numbersOfDevices, writeValues } from './write-groups.ts';

/** A step of a start: QEMU has just been spawned. @throws CONFIG_UNSUPPORTED for what the definition asks and this computer lacks. */
export async function enterGroups(start: StartState): Promise<void> {
  const { context, domain, live, definition } = start;
  const { pid } = live.facts.process;
  if (process.platform === 'linux' && context.settings.cgroups) {
    const scope = await enterScope({ id: live.facts.id, name: domain.name, uuid: domain.uuid, pid }, context.log);
    const parents = await parentsOf(definition, scope);
    live.controlGroups = await makeGroups(parents, { id: live.facts.id, runFolder: live.facts.runFolder, pid });
  }
  refuseMissing(definition, live.controlGroups);
  await writeValues(live.controlGroups, await groupValues(definition, live.controlGroups));
}

/** A step of a start: QEMU has told which threads it has, and none of its CPUs runs yet. */
export async function tuneThreads({ live }: StartState): Promise<void> {
  const { definition, threads } = live;
  const { pid } = live.facts.process;
  if (!threads) return;
  const { vcpu, cputune } = definition;
  const emulatorCpus = cputune?.emulatorpin ?? vcpu.cpuset;
  if (emulatorCpus !== null) await pinProcess(pid, emulatorCpus);
  await pinThreads(pinnedThreads(definition, threads));
  if (!cputune) return;
  await scheduleThreads(scheduledThreads(cputune, threads, pid));
  const quotas = quotasOf(cputune);
  if (live.controlGroups.cpu && Object.values(quotas).some(hasQuota)) await limitThreads(live.controlGroups.cpu, pid, threads, quotas);
}

async function parentsOf({ resource, numatune }: DomainDefinition, scope: string | null): Promise<ParentGroups> {
  const partition = resource?.partition && resource.partition !== defaultPartition ? resource.partition : null;
  const parents = new Map(await findParentGroups(partition ?? scope));
  // A cpuset restricts, so that nobody is put into one without need.
  if (!numatune?.memory?.nodeset) parents.delete('cpuset');
  if (partition === null) return parents;
  const there = await Promise.all([...parents.values()].map(({ folder }) => stat(folder).then(() => true, () => false)));
  if (!there.includes(true)) throw new VireoError('CONFIG_UNSUPPORTED', `resource partition '${partition}' is no control group of this computer`);
  return parents;
}

/** libvirt's words, with what it is that was asked for. */
const missingWords: Readonly<Partial<Record<GroupController, string>>> = {
  cpu: 'CPU tuning is not available on this host',
  memory: 'Memory cgroup is not available on this host',
  blkio: 'Block I/O tuning is not available on this host',
  cpuset: 'cgroup cpuset is required for the memory placement of numatune',
};

function refuseMissing(definition: DomainDefinition, groups: ControlGroups): void {
  const { resource, cputune, memtune, blkiotune, numatune } = definition;
  const asked: readonly (readonly [GroupController, boolean])[] = [
    ['cpu', cputune !== null && (cputune.shares !== null || Object.values({ ...quotasOf(cputune), global: { periodUs: cputune.globalPeriodUs, quotaUs: cputune.globalQuotaUs } }).some(hasQuota))],
    ['memory', memtune !== null && (memtune.hardLimitKiB ?? memtune.softLimitKiB ?? memtune.swapHardLimitKiB) !== null],
    ['blkio', blkiotune !== null && (blkiotune.weight !== null || blkiotune.devices.length > 0)],
    ['cpuset', numatune?.memory?.mode === 'restrictive' && numatune.memory.nodeset !== null],
  ];
  const missing = asked.find(([controller, isAsked]) => isAsked && !groups[controller]);
  if (missing) throw new VireoError('CONFIG_UNSUPPORTED', missingWords[missing[0]] ?? '', { details: { controller: missing[0] } });
  const partition = resource?.partition ?? defaultPartition;
  if (partition !== defaultPartition && Object.keys(groups).length === 0) throw new VireoError('CONFIG_UNSUPPORTED', `resource partition '${partition}' cannot be used: this computer gives the domain no control group`);
}

async function groupValues(definition: DomainDefinition, groups: ControlGroups): Promise<readonly GroupValue[]> {
  const { cputune, memtune, blkiotune, numatune } = definition;
  const { cpu, memory, blkio, cpuset } = groups;
  return [
    ...(cpu && cputune ? cpuValues(cpu.version, cputune) : []),
    ...(memory && memtune ? memoryValues(memory.version, memtune) : []),
    ...(blkio && blkiotune ? blkioValues(blkio.version, blkiotune, await numbersOfDevices(blkiotune.devices.map(({ path }) => path))) : []),
    // Of the other modes QEMU places the guest's memory itself (memory-backend), and its own may lie anywhere.
    ...(cpuset && numatune?.memory?.nodeset && (numatune.memory.mode === 'strict' || numatune.memory.mode === 'restrictive') ? [{ controller: 'cpuset', files: ['cpuset.mems'], value: numatune.memory.nodeset } as const] : []),
  ];
}

type Cputune = NonNullable<DomainDefinition['cputune']>;

export function quotasOf(cputune: Cputune): ThreadQuotas {
  return {
    vcpu: { periodUs: cputune.periodUs, quotaUs: cputune.quotaUs },
    emulator: { periodUs: cputune.emulatorPeriodUs, quotaUs: cputune.emulatorQuotaUs },
    iothread: { periodUs: cputune.iothreadPeriodUs, quotaUs: cputune.iothreadQuotaUs },
  };
}

/** The processors of each thread that is to have other ones than QEMU as a whole. */
export function pinnedThreads({ vcpu, cputune }: Pick<DomainDefinition, 'vcpu' | 'cputune'>, { vcpus, ioThreads }: RunThreads): readonly PinnedThread[] {
  const common = cputune?.emulatorpin && vcpu.cpuset ? vcpu.cpuset : null;
  const cpusOf = (pinned: string | undefined): string | null => pinned ?? common;
  const threads = [
    ...[...vcpus].map(([number, threadId]) => ({ threadId, what: `vCPU ${number}`, cpus: cpusOf(cputune?.vcpupin.find((pin) => pin.vcpu === number)?.cpuset) })),
    ...[...ioThreads].map(([number, threadId]) => ({ threadId, what: `IOThread ${number}`, cpus: cpusOf(cputune?.iothreadpin.find((pin) => pin.iothread === number)?.cpuset) })),
  ];
  // Emulation without a thread for each vCPU runs all of them in one, which cannot be in two places: the first one's.
  const byThread = new Map<number, PinnedThread>();
  for (const { threadId, what, cpus } of threads) if (cpus !== null && !byThread.has(threadId)) byThread.set(threadId, { threadId, what, cpus });
  return [...byThread.values()];
}

function scheduledThreads({ emulatorsched, vcpusched, iothreadsched }: Cputune, { vcpus, ioThreads }: RunThreads, pid: number): readonly ScheduledThread[] {
  const of = (rules: Cputune['vcpusched'], threads: ReadonlyMap<number, number>, what: string): readonly ScheduledThread[] =>
    rules.flatMap(({ members, policy }) => (members === null ? [...threads.keys()] : membersOf(members)).flatMap((number) => {
      const threadId = threads.get(number);
      return threadId === undefined ? [] : [{ threadId, scheduler: policy, what: `${what} ${number}` }];
    }));
  return [...(emulatorsched ? [{ threadId: pid, scheduler: emulatorsched, what: 'QEMU' }] : []), ...of(vcpusched, vcpus, 'vCPU'), ...of(iothreadsched, ioThreads, 'IOThread')];
}
