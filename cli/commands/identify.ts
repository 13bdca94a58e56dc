/** The commands that translate between a domain's names: domid, domname, domuuid. */
import type { DomainSummary } from '../../core/domain/domain-summary.ts';
import { type Command, command } from '../command.ts';
import { lookUp } from '../domain-call.ts';

interface Words {
  readonly summary: string;
  readonly description?: string;
  readonly help: string;
}

function identify(name: string, { summary, description = '', help }: Words, shown: (domain: DomainSummary) => string): Command {
  return command({
    name,
    group: 'domain',
    summary,
    description,
    options: { domain: { type: 'string', required: true, help } },
    async run({ client, output, interrupted }, values) {
      const domain = await lookUp(await client(), values.domain, interrupted);
      const { id, name: itsName, uuid } = domain;
      output.result({ id, name: itsName, uuid }, () => [shown(domain)]);
    },
  });
}

export const domid = identify('domid', { summary: 'convert a domain name or UUID to domain id', help: 'domain name or uuid' }, ({ id }) => (id === null ? '-' : String(id)));
export const domname = identify('domname', { summary: 'convert a domain id or UUID to domain name', help: 'domain id or uuid' }, ({ name }) => name);
export const domuuid = identify('domuuid', { summary: 'convert a domain name or id to domain UUID', help: 'domain id or name' }, ({ uuid }) => uuid);
