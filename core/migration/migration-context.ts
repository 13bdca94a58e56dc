/** What migration needs of the driver beside its processes: definitions, and who the hosts are. Made by core/driver/migration-context.ts. */
import type { DomainDefinition } from '../conf/domain-definition.ts';
import type { Domain } from '../domain/domain.ts';
import type { ProcessContext } from '../process/process-context.ts';
import type { OpenTarget } from './migration-target.ts';
import type { MigrationViews } from './migration-views.ts';
import type { PortAllocator } from './port-allocator.ts';

export interface MigrationContext extends ProcessContext {
  readonly hostUuid: string;
  readonly hostName: string;
  readonly openTarget: OpenTarget;
  /** Ports of this host that migrations listen on. */
  readonly ports: PortAllocator;
  /** What windows are shown of migrations, and what the ended ones were. */
  readonly migrations: MigrationViews;
  /** The definition of a text, completed for this host as a new one would be. @throws XML_ERROR, CONFIG_UNSUPPORTED, ... */
  readonly readDefinition: (xml: string) => Promise<DomainDefinition>;
  /** The domain that a definition means: same UUID and same name, or none. @throws OPERATION_FAILED where one of the two is another's. */
  readonly knownDomain: (definition: DomainDefinition) => Domain | null;
  /** The form that another host is given (D6), of the run where there is one. */
  readonly migratableForm: (domain: Domain, options: { readonly inactive: boolean }) => Promise<DomainDefinition>;
  /** Keeps the definition for the next boot, with its event. The caller holds the domain's job. */
  readonly persist: (domain: Domain, definition: DomainDefinition) => Promise<void>;
  /** Forgets the definition, with its event; images, firmware variables and logs stay. The caller holds the domain's job. */
  readonly forget: (domain: Domain) => Promise<void>;
}
