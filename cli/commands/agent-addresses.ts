/** domifaddr: under which addresses a guest is reached. */
import type { MethodResult } from '../../core/api/contract.ts';
import { type Command, command, domainOption } from '../command.ts';
import { CommandError } from '../command-error.ts';
import { attempt, lookUp } from '../domain-call.ts';

const sources = ['lease', 'agent', 'arp'] as const;

export const domifaddr: Command = command({
  name: 'domifaddr',
  group: 'monitor',
  summary: "Get network interfaces' addresses for a running domain",
  description: "Get network interfaces' addresses for a running domain. Without --source the guest's agent is asked where it is connected, and the host's ARP table otherwise.",
  options: {
    domain: domainOption,
    interface: { type: 'string', help: 'network interface name' },
    full: { type: 'boolean', help: 'always display names and MACs of interfaces' },
    source: { type: 'string', named: true, help: "address source: 'lease', 'agent', or 'arp'" },
  },
  async run({ client, output, interrupted }, values) {
    const asked = sources.find((each) => each === values.source);
    if (values.source !== null && asked === undefined) throw new CommandError('INVALID_ARG', `Unknown data source '${values.source}'`);
    const host = await client();
    const { uuid, agent } = await lookUp(host, values.domain, interrupted);
    // virsh asks for leases, which are those of libvirt's own networks; Vireo has none.
    const source = asked ?? (agent === 'connected' ? 'agent' : 'arp');
    const { interfaces } = await attempt(host, 'Failed to query for interfaces addresses', 'domainInterfaceAddresses', { domain: uuid, source }, interrupted);
    const chosen = interfaces.filter(({ name }) => values.interface === null || name === values.interface);
    output.result({ source, interfaces: chosen }, () => [...(output.quiet ? [] : head), ...chosen.flatMap((each) => formatInterface(each, values.full))]);
  },
});

const head = [` ${'Name'.padEnd(10)} ${'MAC address'.padEnd(20)} ${'Protocol'.padEnd(8)}     Address`, '-'.repeat(79)];

type Interface = MethodResult<'domainInterfaceAddresses'>['interfaces'][number];

function formatInterface({ name, mac, addresses }: Interface, full: boolean): readonly string[] {
  if (addresses.length === 0) return [formatRow(name, mac ?? 'N/A', 'N/A', 'N/A')];
  return addresses.map(({ type, address, prefix }, at) => {
    const [shownName, shownMac] = full || at === 0 ? [name, mac ?? ''] : ['-', '-'];
    return formatRow(shownName, shownMac, type, `${address}/${prefix}`);
  });
}

function formatRow(name: string, mac: string, type: string, address: string): string {
  return ` ${name.padEnd(10)} ${mac.padEnd(17)}    ${type.padEnd(12)} ${address}`;
}
