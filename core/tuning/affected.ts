/**
 * Whom a change of tuning affects: the running guest, its definition for the next boot, or both (libvirt's --live and
 * --config; neither is whichever of the two the domain has).
 */
import { VireoError } from '../base/errors.ts';
import type { DomainDefinition } from '../conf/domain-definition.ts';
import type { Domain } from '../domain/domain.ts';
import type { LiveDomain } from '../domain/live-domain.ts';
import type { Call } from '../job/call.ts';
import type { ProcessContext } from '../process/process-context.ts';
import type { ConfigStore } from '../status/config-store.ts';

export interface Affected {
  readonly live: boolean;
  readonly config: boolean;
}

export interface TuningContext extends ProcessContext {
  readonly config: ConfigStore;
}

export interface Change {
  /** The definition with the change in it; asked before anything is done, and throws where it makes no sense. */
  readonly define: (definition: DomainDefinition) => DomainDefinition;
  /** Does to the running guest what `next` says; what it had is `live.definition` until then. */
  readonly apply: (live: LiveDomain, next: DomainDefinition) => Promise<void>;
}

/** @throws OPERATION_INVALID for a domain that does not run or is not defined, and what the change throws; the guest is told first. */
export async function changeTuning(context: TuningContext, call: Call, domain: Domain, affected: Affected, { define, apply }: Change): Promise<void> {
  await using job = await domain.jobs.begin(call, 'modify');
  job.assertHeld();
  const { live, config } = whatIsThere(domain, affected);
  const next = live && define(live.definition);
  const nextBoot = config && define(config);
  if (live && next) {
    await apply(live, next);
    live.definition = next;
    await context.saveStatus(domain);
  }
  if (nextBoot) {
    await context.config.save(domain.uuid, nextBoot);
    domain.persistent = nextBoot;
    if (domain.live && !live) {
      domain.live.pendingChanges = true;
      await context.saveStatus(domain);
    }
  }
  domain.changed();
}

/** One of the two, for whoever only asks. @throws INVALID_ARG where both are asked for. */
export function chosenTuning(domain: Domain, affected: Affected): { readonly live: LiveDomain | null; readonly definition: DomainDefinition } {
  if (affected.live && affected.config) throw new VireoError('INVALID_ARG', "flags 'live' and 'config' are mutually exclusive for a question");
  const { live, config } = whatIsThere(domain, affected);
  const definition = live?.definition ?? config;
  if (!definition) throw new VireoError('OPERATION_INVALID', 'domain is not running', { domain: domain.identity });
  return { live, definition };
}

function whatIsThere(domain: Domain, affected: Affected): { readonly live: LiveDomain | null; readonly config: DomainDefinition | null } {
  const isCurrent = !affected.live && !affected.config;
  const wantsLive = affected.live || (isCurrent && domain.live !== null);
  const wantsConfig = affected.config || (isCurrent && domain.live === null);
  if (wantsLive && (!domain.live || domain.live.starting)) throw new VireoError('OPERATION_INVALID', 'domain is not running', { domain: domain.identity });
  if (wantsConfig && !domain.persistent) throw new VireoError('OPERATION_INVALID', 'cannot change persistent config of a transient domain', { domain: domain.identity });
  return { live: wantsLive ? domain.live : null, config: wantsConfig ? domain.persistent : null };
}
