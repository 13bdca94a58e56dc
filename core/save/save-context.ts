/** What saving needs of the driver beside its processes: definitions as this host keeps them. Made by core/driver/save-context.ts. */
import type { DomainDefinition } from '../conf/domain-definition.ts';
import type { Domain } from '../domain/domain.ts';
import type { ProcessContext } from '../process/process-context.ts';

export interface SaveContext extends ProcessContext {
  /** The definition of a text, completed for this host as a new one would be. @throws XML_ERROR, CONFIG_UNSUPPORTED, ... */
  readonly readDefinition: (xml: string) => Promise<DomainDefinition>;
  /** The form that an image is given (D6), of the run. */
  readonly migratableForm: (domain: Domain, options: { readonly inactive: boolean }) => Promise<DomainDefinition>;
  /** The shut-off domain that a definition means, null for a new one. @throws OPERATION_FAILED, OPERATION_INVALID where it runs. */
  readonly startableDomain: (definition: DomainDefinition) => Domain | null;
}
