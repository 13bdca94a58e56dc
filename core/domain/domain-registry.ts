/** Every domain of a host, found by UUID, name and, while it runs, by numeric id. Ids are never used twice. */
import { VireoError } from '../base/errors.ts';
import type { DomainDefinition } from '../conf/domain-definition.ts';
import { Domain, type DomainServices } from './domain.ts';

export class DomainRegistry {
  readonly #domains = new Map<string, Domain>();
  readonly #byName = new Map<string, Domain>();
  readonly #services: DomainServices;
  #lastId = 0;

  constructor(services: DomainServices) {
    this.#services = services;
  }

  /** Every domain that there is; not those whose first definition is still on its way to the disk. */
  list(): readonly Domain[] {
    return [...this.#domains.values()].filter(({ removed }) => !removed);
  }

  nextId(): number {
    this.#lastId += 1;
    return this.#lastId;
  }

  /** An id that a state file gave to a running domain is taken. */
  reserveId(id: number): void {
    this.#lastId = Math.max(this.#lastId, id);
  }

  byUuid(uuid: string): Domain | null {
    return this.#domains.get(uuid) ?? null;
  }

  byName(name: string): Domain | null {
    return this.#byName.get(name) ?? null;
  }

  /** By id, UUID or name, in this order as virsh does. @throws NO_DOMAIN. */
  find(reference: string): Domain {
    const domain = this.look(reference);
    if (!domain) throw new VireoError('NO_DOMAIN', `no domain with matching name, id or uuid '${reference}'`, { details: { reference } });
    return domain;
  }

  /** The same, null where there is none. */
  look(reference: string): Domain | null {
    const id = /^\d+$/.test(reference) ? Number(reference) : null;
    const domain =
      (id === null ? null : this.#byId(id)) ?? this.byUuid(reference.toLowerCase()) ?? this.byName(reference);
    return domain === null || domain.removed ? null : domain;
  }

  add(uuid: string, name: string, persistent: DomainDefinition | null): Domain {
    const domain = new Domain(uuid, name, persistent, this.#services);
    this.#domains.set(uuid, domain);
    this.#byName.set(name, domain);
    return domain;
  }

  /** Takes the domain out of every list; who waits for it gets NO_DOMAIN. */
  remove(domain: Domain): void {
    if (this.#domains.get(domain.uuid) !== domain) return;
    this.#domains.delete(domain.uuid);
    if (this.#byName.get(domain.name) === domain) this.#byName.delete(domain.name);
    domain.remove(noDomain(domain));
  }

  /**
   * Lets go of a name and UUID that were taken for a domain which is neither defined nor running. Whoever ends a job on
   * such a domain calls it while the job is held: the next one in the queue may be about to define it.
   */
  removeIfNothing(domain: Domain): void {
    if (domain.persistent === null && domain.live === null) this.remove(domain);
  }

  #byId(id: number): Domain | null {
    for (const domain of this.#domains.values()) if (domain.live?.facts.id === id) return domain;
    return null;
  }
}

/** What an API on a domain that is gone ends with. */
export function noDomain(domain: Domain): VireoError {
  return new VireoError('NO_DOMAIN', `no domain with matching uuid '${domain.uuid}' (${domain.name})`, { domain: domain.identity });
}
