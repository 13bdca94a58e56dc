/**
 * What a guest says of itself through its agent (virDomainGetGuestInfo): for an overview, which shows what there is, and
 * for a caller that wants one thing and must be told why it cannot have it.
 */
import type { Agent } from '../agent/agent.ts';
import { isAgentRefusal, isFrozenRefusal } from '../agent/agent-error.ts';
import type { AgentResult } from '../agent/commands.ts';
import { type GuestFact, guestFacts } from '../agent/guest-words.ts';
import { VireoError } from '../base/errors.ts';
import type { DomainDefinition } from '../conf/domain-definition.ts';
import type { Domain } from '../domain/domain.ts';
import type { Call } from '../job/call.ts';
import { diskTarget } from './agent-disks.ts';
import { type GuestInterface, interfacesOf } from './agent-interfaces.ts';
import { withDomainAgent } from './agent-session.ts';
import type { ProcessContext } from './process-context.ts';

export interface GuestOs {
  readonly id: string | null;
  readonly name: string | null;
  readonly prettyName: string | null;
  readonly version: string | null;
  readonly versionId: string | null;
  readonly variant: string | null;
  readonly variantId: string | null;
  readonly machine: string | null;
  readonly kernelRelease: string | null;
  readonly kernelVersion: string | null;
}

export interface GuestUser {
  readonly name: string;
  /** Of Windows guests. */
  readonly domain: string | null;
  readonly loginTimeMs: number;
}

export interface GuestFilesystem {
  readonly mountpoint: string;
  readonly name: string;
  readonly type: string;
  /** Null where an older agent does not say. */
  readonly totalBytes: number | null;
  readonly usedBytes: number | null;
  /** What it lies on: the definition's target where it is known, the guest's own name for it. */
  readonly disks: readonly { readonly target: string | null; readonly serial: string | null; readonly device: string | null }[];
}

export interface GuestDisk {
  readonly name: string;
  readonly isPartition: boolean;
  /** The disks of the guest that this one is part of or made of. */
  readonly dependencies: readonly string[];
  readonly guestAlias: string | null;
  readonly target: string | null;
  readonly serial: string | null;
  readonly guestBus: string | null;
}

/** Each part is null where it was not asked for or is in `missing`. */
export interface GuestFacts {
  readonly users: readonly GuestUser[] | null;
  readonly os: GuestOs | null;
  /** The offset is in seconds east of UTC. */
  readonly timezone: { readonly name: string | null; readonly offsetSeconds: number } | null;
  readonly hostname: string | null;
  /** In the order of their mounting. */
  readonly filesystems: readonly GuestFilesystem[] | null;
  readonly disks: readonly GuestDisk[] | null;
  readonly interfaces: readonly GuestInterface[] | null;
  /** Processes that ran or wanted to, on average over so many minutes. */
  readonly load: { readonly one: number; readonly five: number; readonly fifteen: number } | null;
}

export interface GuestReport extends GuestFacts {
  /** What the agent would not or could not tell, with its own reason. */
  readonly missing: readonly { readonly fact: GuestFact; readonly reason: string }[];
}

type Readers = { readonly [F in GuestFact]: (agent: Agent, definition: DomainDefinition) => Promise<NonNullable<GuestFacts[F]>> };

const readers: Readers = {
  users: async (agent) => (await agent.execute('guest-get-users')).map((user) => ({ name: user.user, domain: user.domain ?? null, loginTimeMs: Math.round(user['login-time'] * 1_000) })),
  os: async (agent) => osOf(await agent.execute('guest-get-osinfo')),
  timezone: async (agent) => {
    const { zone, offset } = await agent.execute('guest-get-timezone');
    return { name: zone ?? null, offsetSeconds: offset };
  },
  hostname: readHostname,
  filesystems: readFilesystems,
  disks: async (agent, definition) => (await agent.execute('guest-get-disks')).map((disk) => diskOf(disk, definition)),
  interfaces: async (agent) => interfacesOf(await agent.execute('guest-network-get-interfaces')),
  load: async (agent) => {
    const { load1m, load5m, load15m } = await agent.execute('guest-get-load');
    return { one: load1m, five: load5m, fifteen: load15m };
  },
};

/**
 * The facts that are asked for, or with an empty list all that this agent can tell: then what it refuses is left out and
 * named. Frozen file systems are no such refusal: everything would be missing, and for a while only.
 * @throws as `withDomainAgent`; AGENT_COMMAND_FAILED for what was asked for and refused.
 */
export async function readGuestFacts(context: ProcessContext, call: Call, domain: Domain, wanted: readonly GuestFact[]): Promise<GuestReport> {
  return await withDomainAgent(context, call, domain, 'query', async (agent, live) => {
    const facts: { -readonly [F in GuestFact]: GuestFacts[F] } = { users: null, os: null, timezone: null, hostname: null, filesystems: null, disks: null, interfaces: null, load: null };
    const missing: { fact: GuestFact; reason: string }[] = [];
    const read = async <F extends GuestFact>(fact: F): Promise<void> => {
      try {
        facts[fact] = await readers[fact](agent, live.definition);
      } catch (error) {
        if (wanted.length > 0 || !isAgentRefusal(error) || isFrozenRefusal(error)) throw error;
        missing.push({ fact, reason: String(error.details['agentText']) });
      }
    };
    for (const fact of guestFacts) if (wanted.length === 0 || wanted.includes(fact)) await read(fact);
    return { ...facts, missing };
  });
}

/** What is mounted in the guest. */
export async function readDomainFilesystems(context: ProcessContext, call: Call, domain: Domain): Promise<readonly GuestFilesystem[]> {
  return await withDomainAgent(context, call, domain, 'query', (agent, live) => readFilesystems(agent, live.definition));
}

/** The guest's own name. @throws OPERATION_UNSUPPORTED for leases: nothing on this host that Vireo can read gives them. */
export async function readDomainHostname(context: ProcessContext, call: Call, domain: Domain, source: 'agent' | 'lease'): Promise<string> {
  if (source === 'lease') throw new VireoError('OPERATION_UNSUPPORTED', "no DHCP leases can be read on this host; source 'agent' asks the guest", { domain: domain.identity });
  return await withDomainAgent(context, call, domain, 'query', readHostname);
}

async function readHostname(agent: Agent): Promise<string> {
  return (await agent.execute('guest-get-host-name'))['host-name'];
}

async function readFilesystems(agent: Agent, definition: DomainDefinition): Promise<readonly GuestFilesystem[]> {
  const found = await agent.execute('guest-get-fsinfo');
  return found.toReversed().map((system) => ({
    mountpoint: system.mountpoint,
    name: system.name,
    type: system.type,
    totalBytes: system['total-bytes'] ?? null,
    usedBytes: system['used-bytes'] ?? null,
    disks: system.disk.map((disk) => ({ target: diskTarget(definition, disk), serial: disk.serial ?? null, device: disk.dev ?? null })),
  }));
}

function diskOf(disk: AgentResult<'guest-get-disks'>[number], definition: DomainDefinition): GuestDisk {
  const { address } = disk;
  return {
    name: disk.name,
    isPartition: disk.partition,
    dependencies: disk.dependencies ?? [],
    guestAlias: disk.alias ?? null,
    target: address ? diskTarget(definition, address) : null,
    serial: address?.serial ?? null,
    guestBus: address?.['bus-type'] ?? null,
  };
}

function osOf(found: AgentResult<'guest-get-osinfo'>): GuestOs {
  return {
    id: found.id ?? null,
    name: found.name ?? null,
    prettyName: found['pretty-name'] ?? null,
    version: found.version ?? null,
    versionId: found['version-id'] ?? null,
    variant: found.variant ?? null,
    variantId: found['variant-id'] ?? null,
    machine: found.machine ?? null,
    kernelRelease: found['kernel-release'] ?? null,
    kernelVersion: found['kernel-version'] ?? null,
  };
}
