/** What QEMU tells of its devices once it runs, taken over into the live definition. */
import type { DomainDefinition } from '../conf/domain-definition.ts';
import type { LiveFacts } from './launch-context.ts';
import { moduleOf } from './registry.ts';

export function takeLiveFacts(definition: DomainDefinition, facts: LiveFacts): DomainDefinition {
  const devices = definition.devices.map((device) => {
    const { live } = moduleOf(device);
    return live === 'none' ? device : live(device, facts);
  });
  return { ...definition, devices };
}
