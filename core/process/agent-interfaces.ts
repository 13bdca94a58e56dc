/** Under which addresses a guest is reached (virDomainInterfaceAddresses): as its agent says, or as the host has seen. */
import { readFile } from 'node:fs/promises';
import type { AgentResult } from '../agent/commands.ts';
import { VireoError } from '../base/errors.ts';
import { devicesOf } from '../conf/device-definition.ts';
import type { DomainDefinition } from '../conf/domain-definition.ts';
import type { Domain } from '../domain/domain.ts';
import type { Call } from '../job/call.ts';
import { withDomainAgent } from './agent-session.ts';
import { requireLive } from './power.ts';
import type { ProcessContext } from './process-context.ts';

export interface GuestInterface {
  /** The guest's name for it from the agent, the host's from the host. */
  readonly name: string;
  readonly mac: string | null;
  readonly addresses: readonly { readonly type: 'ipv4' | 'ipv6'; readonly address: string; readonly prefix: number }[];
}

export type AddressSource = 'agent' | 'arp' | 'lease';

/** @throws OPERATION_INVALID `domain is not running`, OPERATION_UNSUPPORTED for leases, or as `withDomainAgent`. */
export async function readInterfaceAddresses(context: ProcessContext, call: Call, domain: Domain, source: AddressSource): Promise<readonly GuestInterface[]> {
  const { definition } = requireLive(domain);
  switch (source) {
    case 'agent':
      return await withDomainAgent(context, call, domain, 'query', async (agent) => interfacesOf(await agent.execute('guest-network-get-interfaces')));
    case 'arp':
      return interfacesInTable(definition, await readFile('/proc/net/arp', 'utf8').catch(() => ''));
    case 'lease':
      throw new VireoError('OPERATION_UNSUPPORTED', leaseRefusal(definition), { domain: domain.identity });
  }
}

/** An alias of the kind `eth0:1` is an address of `eth0`. */
export function interfacesOf(found: AgentResult<'guest-network-get-interfaces'>): readonly GuestInterface[] {
  const interfaces = new Map<string, { name: string; mac: string | null; addresses: GuestInterface['addresses'][number][] }>();
  for (const each of found) {
    const name = each.name.split(':', 1)[0] ?? each.name;
    const known = interfaces.get(name) ?? { name, mac: each['hardware-address'] ?? null, addresses: [] };
    interfaces.set(name, known);
    known.addresses.push(...(each['ip-addresses'] ?? []).map((ip) => ({ type: ip['ip-address-type'], address: ip['ip-address'], prefix: ip.prefix })));
  }
  return [...interfaces.values()];
}

/** The kernel's table of neighbours (proc(5)): IPv4 only, and only of whom this host has talked to. It knows no prefix. */
export function interfacesInTable(definition: DomainDefinition, table: string): readonly GuestInterface[] {
  const seen = table
    .split('\n')
    .slice(1)
    .map((line) => line.trim().split(/\s+/))
    .filter(([, , flags]) => flags !== undefined && Number(flags) !== 0) // 0x0: nobody answered
    .map(([address = '', , , mac = '']) => ({ address, mac: mac.toLowerCase() }));
  return devicesOf(definition.devices, 'interface').flatMap((card) => {
    const mac = card.mac?.address.toLowerCase() ?? null;
    const addresses = seen.filter((each) => each.mac === mac).map(({ address }) => ({ type: 'ipv4' as const, address, prefix: 0 }));
    return addresses.length === 0 ? [] : [{ name: card.target?.dev ?? card.alias ?? '', mac, addresses }];
  });
}

/** libvirt reads the leases of the dnsmasq of its own networks, which Vireo does not have. */
function leaseRefusal(definition: DomainDefinition): string {
  const isUserNetwork = devicesOf(definition.devices, 'interface').some(({ backend }) => backend.type === 'user');
  const who = isUserNetwork ? "QEMU's or passt's user network gives the address, and tells nobody which" : 'the DHCP server of the network gives the address, and its leases are not on this host';
  return `no DHCP leases can be read: ${who}; source 'agent' asks the guest`;
}
