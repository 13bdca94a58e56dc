/** How much of the processor a guest may have: shares and quotas, libvirt's scheduler parameters. */
import { VireoError } from '../base/errors.ts';
import type { DomainDefinition } from '../conf/domain-definition.ts';
import type { CputuneDefinition } from '../conf/tuning.ts';
import type { ControlGroups } from '../domain/control-groups.ts';
import type { Domain } from '../domain/domain.ts';
import type { LiveDomain } from '../domain/live-domain.ts';
import type { Call } from '../job/call.ts';
import { type Affected, changeTuning, chosenTuning, type TuningContext } from './affected.ts';
import { bandwidthValues, shareValues, sharesOfWeight } from './group-values.ts';
import { limitThreads } from './thread-groups.ts';
import { quotasOf } from './tune-run.ts';
import { readGroupFile, requireGroup, writeValues } from './write-groups.ts';

/** libvirt's names with the definition's fields, in the order in which virsh shows them. */
export const schedulerFields = {
  cpu_shares: 'shares', vcpu_period: 'periodUs', vcpu_quota: 'quotaUs', emulator_period: 'emulatorPeriodUs', emulator_quota: 'emulatorQuotaUs',
  global_period: 'globalPeriodUs', global_quota: 'globalQuotaUs', iothread_period: 'iothreadPeriodUs', iothread_quota: 'iothreadQuotaUs',
} as const;
export type SchedulerParameter = keyof typeof schedulerFields;
export type SchedulerParameters = Readonly<Partial<Record<SchedulerParameter, number | undefined>>>;

const names = Object.keys(schedulerFields) as readonly SchedulerParameter[];

/** @throws INVALID_ARG out of range, OPERATION_INVALID where the guest has no group for it. */
export async function setSchedulerParameters(context: TuningContext, call: Call, domain: Domain, affected: Affected, parameters: SchedulerParameters): Promise<void> {
  for (const name of names) checkRange(name, parameters[name]);
  const given = names.filter((name) => parameters[name] !== undefined);
  if (given.length === 0) return;
  const changes = Object.fromEntries(given.map((name) => [schedulerFields[name], parameters[name]])) as Partial<CputuneDefinition>;
  await changeTuning(context, call, domain, affected, {
    define: (definition) => withCputune(definition, changes),
    apply: (live, next) => apply(live, next, given),
  });
}

/** What is in force; 0 where a definition for the next boot says nothing. @throws OPERATION_INVALID. */
export async function schedulerParameters(domain: Domain, affected: Affected): Promise<Record<SchedulerParameter, number>> {
  const { live, definition } = chosenTuning(domain, affected);
  if (live) requireGroup(live.controlGroups, 'cpu');
  const measured = live ? await measure(live.controlGroups) : null;
  const value = (name: SchedulerParameter): number => definition.cputune?.[schedulerFields[name]] ?? (measured ? (measured[name] ?? (name.endsWith('_quota') ? -1 : defaultPeriodUs)) : 0);
  return Object.fromEntries(names.map((name) => [name, value(name)])) as Record<SchedulerParameter, number>;
}

const defaultPeriodUs = 100_000;
const ranges = { cpu_shares: [2, 262_144], period: [1000, 1_000_000], quota: [1000, 17_592_186_044_415] } as const;

/** A quota of -1 is none, and 0 as good as not said, as in libvirt. */
function checkRange(name: SchedulerParameter, value: number | undefined): void {
  if (value === undefined || (name !== 'cpu_shares' && value === 0)) return;
  if (name.endsWith('_quota') && value === -1) return;
  const [least, most] = name === 'cpu_shares' ? ranges.cpu_shares : name.endsWith('_period') ? ranges.period : ranges.quota;
  if (!Number.isSafeInteger(value) || value < least || value > most) throw new VireoError('INVALID_ARG', `value of '${name}' is out of range [${least}, ${most}]`);
}

const emptyCputune: CputuneDefinition = {
  shares: null, periodUs: null, quotaUs: null, globalPeriodUs: null, globalQuotaUs: null, emulatorPeriodUs: null, emulatorQuotaUs: null, iothreadPeriodUs: null, iothreadQuotaUs: null,
  vcpupin: [], emulatorpin: null, iothreadpin: [], emulatorsched: null, vcpusched: [], iothreadsched: [], cachetune: [], memorytune: [],
};

export function withCputune(definition: DomainDefinition, changes: Partial<CputuneDefinition>): DomainDefinition {
  return { ...definition, cputune: { ...(definition.cputune ?? emptyCputune), ...changes } };
}

async function apply(live: LiveDomain, { cputune }: DomainDefinition, given: readonly SchedulerParameter[]): Promise<void> {
  const cpu = requireGroup(live.controlGroups, 'cpu');
  if (!cputune) return;
  if (cputune.shares !== null && given.includes('cpu_shares')) await writeValues(live.controlGroups, shareValues(cpu.version, cputune.shares));
  if (given.some((name) => name.startsWith('global_'))) await writeValues(live.controlGroups, bandwidthValues(cpu.version, cputune.globalPeriodUs, cputune.globalQuotaUs));
  if (live.threads && given.some((name) => /^(vcpu|emulator|iothread)_/.test(name))) await limitThreads(cpu, live.facts.process.pid, live.threads, quotasOf(cputune));
}

async function measure(groups: ControlGroups): Promise<SchedulerParameters> {
  if (groups.cpu?.version === 2) {
    const [quota = 'max', period = ''] = (await readGroupFile(groups, 'cpu', ['cpu.max']))?.split(' ') ?? [];
    return { cpu_shares: sharesOfWeight(Number((await readGroupFile(groups, 'cpu', ['cpu.weight'])) ?? 100)), global_period: Number(period) || defaultPeriodUs, global_quota: quota === 'max' ? -1 : Number(quota) };
  }
  const [shares, period, quota] = await Promise.all(['cpu.shares', 'cpu.cfs_period_us', 'cpu.cfs_quota_us'].map((file) => readGroupFile(groups, 'cpu', [file])));
  return { cpu_shares: Number(shares ?? 1024), global_period: Number(period ?? defaultPeriodUs), global_quota: Number(quota ?? -1) };
}
