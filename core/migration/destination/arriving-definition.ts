/** What is to run here: the definition from Begin as this host has it, under the name that it gets, and as the administrator's hook has changed it (F9). */
import { VireoError } from '../../base/errors.ts';
import type { DomainDefinition } from '../../conf/domain-definition.ts';
import { checkAbiStability } from '../../definition/abi-stability.ts';
import { formatDomain } from '../../devices/domain-xml.ts';
import type { Domain } from '../../domain/domain.ts';
import type { Taint } from '../../domain/taints.ts';
import type { Call } from '../../job/call.ts';
import type { MigrationContext } from '../migration-context.ts';
import type { PrepareRequest } from '../migration-target.ts';

export interface Arriving {
  readonly definition: DomainDefinition;
  readonly taints: readonly Taint[];
}

/** @throws XML_ERROR, CONFIG_UNSUPPORTED, INVALID_ARG for a name that cannot be, HOOK_SCRIPT_FAILED. */
export async function arrivingDefinition(context: MigrationContext, call: Call, request: PrepareRequest): Promise<Arriving> {
  const sent = await context.readDefinition(request.xml);
  if (sent.uuid?.toLowerCase() !== request.uuid.toLowerCase()) throw new VireoError('INVALID_ARG', `the definition is of domain ${sent.uuid ?? 'without a UUID'}, and not of ${request.uuid}`);
  const name = request.options.destinationName ?? sent.name;
  const named = name === sent.name ? sent : await context.readDefinition(xmlOf({ ...sent, name })); // whatever is wrong with a name is said there
  const changed = await context.hooks.filter({ operation: 'migrate', domain: name, xml: () => xmlOf(named), signal: call.signal });
  if (changed === null) return { definition: named, taints: [] };
  const definition = await context.readDefinition(changed);
  if (definition.uuid !== named.uuid || definition.name !== name) throw new VireoError('HOOK_SCRIPT_FAILED', `the migrate hook may change neither name nor UUID of domain '${name}'`);
  checkAbiStability(named, definition);
  return { definition, taints: ['hook-script'] };
}

function xmlOf(definition: DomainDefinition): string {
  return formatDomain(definition, { form: 'inactive', secure: true });
}

/**
 * The domain that the guest becomes: one that is defined and does not run, or a new one, which only holds its name and
 * UUID until there is a run. @throws OPERATION_FAILED where one of the two is another's, OPERATION_INVALID where it runs.
 */
export function domainFor(context: MigrationContext, definition: DomainDefinition): Domain {
  const known = context.knownDomain(definition);
  if (known) refuseActive(known);
  if (known?.hasManagedSave) throw new VireoError('OPERATION_INVALID', `domain '${known.name}' has a saved state here, which the arriving guest would leave behind: remove it first (managedsave-remove)`, { domain: known.identity });
  if (known && !known.persistent) throw new VireoError('OPERATION_INVALID', `domain '${known.name}' is already being started`, { domain: known.identity });
  return known ?? context.registry.add(definition.uuid as string, definition.name, null);
}

export function refuseActive(domain: Domain): void {
  if (domain.live) throw new VireoError('OPERATION_INVALID', `domain is already active as '${domain.name}'`, { domain: domain.identity });
}
