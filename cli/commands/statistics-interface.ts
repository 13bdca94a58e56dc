/** Network cards in numbers: domiflist, domif-getlink, domifstat. */
import type { XmlElement } from '../../core/xml/xml-element.ts';
import { type Command, command, domainOption } from '../command.ts';
import { CommandError } from '../command-error.ts';
import { childrenNamed, describedDevices } from '../device-xml.ts';
import { attempt, lookUp } from '../domain-call.ts';
import { formatTable } from '../table.ts';

const attributeOf = (element: XmlElement, child: string, name: string): string | null => childrenNamed(element, child)[0]?.attributes.get(name) ?? null;

export const domiflist: Command = command({
  name: 'domiflist',
  group: 'monitor',
  summary: 'list all domain virtual interfaces',
  description: 'Get the summary of virtual interfaces for a domain.',
  options: { domain: domainOption, inactive: { type: 'boolean', help: 'get inactive rather than running configuration' } },
  async run(context, values) {
    const cards = await describedDevices(context, values.domain, 'interface', { inactive: values.inactive });
    const interfaces = cards.map((card) => ({
      interface: attributeOf(card, 'target', 'dev'),
      type: card.attributes.get('type') ?? '',
      source: ['bridge', 'dev', 'network', 'name', 'path'].map((name) => attributeOf(card, 'source', name)).find((value) => value !== null) ?? null,
      model: attributeOf(card, 'model', 'type'),
      mac: attributeOf(card, 'mac', 'address'),
    }));
    const { output } = context;
    output.result({ interfaces }, () => {
      const rows = interfaces.map((card) => [card.interface, card.type, card.source, card.model, card.mac].map((cell) => cell ?? '-'));
      return formatTable(['Interface', 'Type', 'Source', 'Model', 'MAC'], rows, { withHead: !output.quiet });
    });
  },
});

const interfaceOption = { type: 'string', required: true, help: 'interface device specified by name or MAC Address' } as const;

export const domifGetlink: Command = command({
  name: 'domif-getlink',
  group: 'monitor',
  summary: 'get link state of a virtual interface',
  description: "Get link state of a domain's virtual interface.",
  options: { domain: domainOption, interface: { ...interfaceOption, help: 'interface device (MAC Address)' }, config: { type: 'boolean', help: 'Get persistent interface state' } },
  async run(context, values) {
    const wanted = values.interface;
    const cards = await describedDevices(context, values.domain, 'interface', { inactive: values.config });
    const isMac = /^[0-9a-f]{1,2}(:[0-9a-f]{1,2}){5}$/i.test(wanted);
    const found = cards.filter((card) => (isMac && attributeOf(card, 'mac', 'address')?.toLowerCase() === wanted.toLowerCase()) || attributeOf(card, 'target', 'dev') === wanted);
    const [card] = found;
    if (!card) throw new CommandError('INVALID_ARG', `Interface (${isMac ? 'mac' : 'dev'}: ${wanted}) not found.`);
    if (found.length > 1) throw new CommandError('INVALID_ARG', 'multiple matching interfaces found');
    const state = attributeOf(card, 'link', 'state') ?? 'up';
    context.output.result({ interface: wanted, state }, () => [`${wanted} ${state}`]);
  },
});

export const domifstat: Command = command({
  name: 'domifstat',
  group: 'monitor',
  summary: 'get network interface stats for a domain',
  description: 'Get network interface stats for a running domain.',
  options: { domain: domainOption, interface: interfaceOption },
  async run({ client, output, interrupted }, values) {
    const host = await client();
    const { uuid, name } = await lookUp(host, values.domain, interrupted);
    const device = values.interface;
    const answer = await attempt(host, `Failed to get interface stats ${name} ${device}`, 'domainInterfaceStats', { domain: uuid, device }, interrupted);
    output.result(answer, () => {
      const { rxBytes, rxPackets, rxErrors, rxDropped, txBytes, txPackets, txErrors, txDropped } = answer;
      const lines = [['rx_bytes', rxBytes], ['rx_packets', rxPackets], ['rx_errs', rxErrors], ['rx_drop', rxDropped], ['tx_bytes', txBytes], ['tx_packets', txPackets], ['tx_errs', txErrors], ['tx_drop', txDropped]] as const;
      return lines.map(([tag, value]) => `${device} ${tag} ${value}`);
    });
  },
});
