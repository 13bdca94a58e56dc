/** What Begin hands to the destination: who it is, and the machine that it is to be there. */
import type { DomainDefinition } from '../../conf/domain-definition.ts';
import { checkAbiStability } from '../../definition/abi-stability.ts';
import type { Domain } from '../../domain/domain.ts';
import type { MigrationCookie } from '../cookie/migration-cookie.ts';
import type { MigrationContext } from '../migration-context.ts';
import type { MigrationOptions } from '../migration-options.ts';

export interface Begun {
  /** The migratable definition that the destination is to run. */
  readonly xml: string;
  readonly cookie: string;
}

export function whoWeAre(context: MigrationContext, domain: Domain): Pick<MigrationCookie, 'name' | 'uuid' | 'hostName' | 'hostUuid'> {
  return { name: domain.name, uuid: domain.uuid, hostName: context.hostName, hostUuid: context.hostUuid };
}

/** What the destination runs: of the user's own making where that is the same machine for the guest. @throws CONFIG_UNSUPPORTED. */
export async function definitionToSend(context: MigrationContext, domain: Domain, { destinationXml }: MigrationOptions): Promise<DomainDefinition> {
  const own = await context.migratableForm(domain, { inactive: false });
  return destinationXml === null ? own : await sameMachine(context, own, destinationXml);
}

/** A definition that a user gives for the other host. @throws CONFIG_UNSUPPORTED for what the guest would notice. */
export async function sameMachine(context: MigrationContext, own: DomainDefinition, xml: string): Promise<DomainDefinition> {
  const given = await context.readDefinition(xml);
  // It may be called otherwise there; who it is, it stays.
  checkAbiStability(own, { ...given, name: own.name });
  return given;
}
