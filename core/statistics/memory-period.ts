/** How often a guest's balloon driver reports (virDomainSetMemoryStatsPeriod), now and from the next boot on. */
import { VireoError } from '../base/errors.ts';
import type { DomainDefinition } from '../conf/domain-definition.ts';
import type { DeviceDefinition } from '../conf/device-definition.ts';
import type { Domain } from '../domain/domain.ts';
import type { Call } from '../job/call.ts';
import { requireLive } from '../process/power.ts';
import type { ProcessContext } from '../process/process-context.ts';
import type { ConfigStore } from '../status/config-store.ts';

export interface PeriodChange {
  /** 0 ends the reports. */
  readonly periodSeconds: number;
  /** Neither is the domain as it is now: the run where there is one, else the definition. */
  readonly live: boolean;
  readonly config: boolean;
}

/** @throws OPERATION_INVALID where there is no run, no definition or no balloon that could report. */
export async function setMemoryStatisticsPeriod(context: ProcessContext & { readonly config: ConfigStore }, call: Call, domain: Domain, change: PeriodChange): Promise<void> {
  await using job = await domain.jobs.begin(call, 'modify');
  const affectsLive = change.live || (!change.config && domain.live !== null);
  const affectsConfig = change.config || (!change.live && domain.live === null);
  const { persistent } = domain;
  if (affectsConfig && !persistent) throw new VireoError('OPERATION_INVALID', 'transient domains do not have any persistent config', { domain: domain.identity });
  const changed = affectsConfig && persistent ? withPeriod(domain, persistent, change.periodSeconds) : null;
  if (affectsLive) {
    const live = requireLive(domain);
    const { definition, alias } = withPeriod(domain, live.definition, change.periodSeconds);
    await job.monitor().execute('qom-set', { path: `/machine/peripheral/${alias ?? ''}`, property: 'guest-stats-polling-interval', value: change.periodSeconds });
    live.definition = definition;
    await context.saveStatus(domain);
  }
  if (changed) {
    await context.config.save(domain.uuid, changed.definition);
    domain.persistent = changed.definition;
    context.hub.lifecycle(domain, { event: 'defined', detail: 'updated' }, domain.live?.facts.id ?? null);
  }
}

function withPeriod(domain: Domain, definition: DomainDefinition, periodSeconds: number): { readonly definition: DomainDefinition; readonly alias: string | null } {
  let alias: string | null = null;
  let found = false;
  const devices = definition.devices.map((device): DeviceDefinition => {
    if (device.kind !== 'memballoon' || !device.model.startsWith('virtio')) return device;
    found = true;
    ({ alias } = device);
    return { ...device, stats: periodSeconds === 0 ? null : { periodSeconds } };
  });
  if (!found) throw new VireoError('OPERATION_INVALID', 'Memory balloon model must be virtio to set the collection period', { domain: domain.identity });
  return { definition: { ...definition, devices }, alias };
}
