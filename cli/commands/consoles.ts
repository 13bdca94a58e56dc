/** `vireo consoles`: the character devices of a running guest, who writes to each and how many look on. */
import type { DomainSummary } from '../../core/domain/domain-summary.ts';
import { type Command, command, domainOption } from '../command.ts';
import { CommandError } from '../command-error.ts';
import { lookUp } from '../domain-call.ts';
import { formatTable } from '../table.ts';

type ConsoleSummary = DomainSummary['consoles'][number];

export const consoles: Command = command({
  name: 'consoles',
  group: 'domain',
  summary: 'list the consoles of a running domain',
  description: 'List serial and parallel ports, virtio consoles and channels of a running domain: by which name console --devname takes each, who has its input, and how many watch.',
  options: { domain: domainOption },
  async run(context, values) {
    const client = await context.client();
    const domain = await lookUp(client, values.domain, context.interrupted);
    if (domain.id === null) throw new CommandError('OPERATION_INVALID', 'Domain is not running', { domain: { name: domain.name, uuid: domain.uuid } });
    context.output.result(domain.consoles, () => formatTable(['Alias', 'Name', 'Kind', 'State', 'Input', 'Watchers', 'Backend'], domain.consoles.map(row), { withHead: !context.output.quiet }));
  },
});

function row(console: ConsoleSummary): readonly string[] {
  const { alias, label, kind, state, error, watchers, backend } = console;
  return [alias, label, kind, error === null ? state : `${state}: ${error}`, inputOf(console), String(watchers), backend];
}

function inputOf({ writer, readOnly }: ConsoleSummary): string {
  if (writer !== null) return `${writer.label}, since ${new Date(writer.sinceMs).toISOString()}`;
  return readOnly === null ? 'free' : `read only: ${readOnly}`;
}
