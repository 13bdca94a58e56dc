/** Whether two definitions of a domain say the same, whatever run or file they came from. */
import type { DomainDefinition } from '../conf/domain-definition.ts';
import { formatDomain } from '../devices/domain-xml.ts';

export function sameDefinition(one: DomainDefinition, other: DomainDefinition): boolean {
  const text = (definition: DomainDefinition): string => formatDomain(definition, { form: 'inactive', secure: true });
  return text(one) === text(other);
}
