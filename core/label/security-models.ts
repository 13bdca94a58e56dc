/**
 * Labels of other security models than ownership. A definition may carry them from elsewhere, and they are kept; a start
 * that would leave out what they demand is refused, as libvirt refuses a model that its host does not have.
 */
import { VireoError } from '../base/errors.ts';
import type { DomainDefinition } from '../conf/domain-definition.ts';

/** `none` asks for nothing. */
const available: readonly (string | null)[] = ['dac', 'none', null];

/** @throws CONFIG_UNSUPPORTED. */
export function refuseUnavailableModels({ seclabels }: Pick<DomainDefinition, 'seclabels'>): void {
  const missing = seclabels.find(({ model, type, relabel, label }) => !available.includes(model) && type !== 'none' && (relabel !== false || label !== null));
  if (!missing) return;
  throw new VireoError('CONFIG_UNSUPPORTED', `Security driver model '${missing.model}' is not available: the domain would run without the protection that its <seclabel> asks for; remove it, or give it type='none'`);
}
