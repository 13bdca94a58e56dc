/** The values that one run's devices need, sealed with a key of its own in its folder; see LaunchSecrets. */
import type { DomainDefinition } from '../conf/domain-definition.ts';
import type { LaunchContext } from '../devices/launch-context.ts';
import { secretNeeds } from '../devices/secret-needs.ts';
import { masterKeyFile } from '../devices/secret-object.ts';
import { LaunchSecrets } from '../secret/launch-secrets.ts';
import type { ProcessContext } from './process-context.ts';

/** The run's folder is there. @throws NO_SECRET naming the first that is missing. */
export async function withSecrets({ secrets }: Pick<ProcessContext, 'secrets'>, definition: DomainDefinition, launch: LaunchContext): Promise<LaunchContext> {
  const needs = secretNeeds(definition);
  const values = needs.length === 0 ? new Map<string, Uint8Array>() : (await secrets()).resolve(needs);
  return { ...launch, secrets: await LaunchSecrets.create(masterKeyFile(launch.runFolder), values) };
}
