/** `vireo list`: the table everybody knows, or names, UUIDs and ids for scripts. */
import { type DomainState, isActiveState } from '../../core/domain/domain-state.ts';
import type { DomainSummary } from '../../core/domain/domain-summary.ts';
import { type Command, command } from '../command.ts';
import { type OptionValues, assertExclusive } from '../option-grammar.ts';
import { formatTable } from '../table.ts';

const options = {
  inactive: { type: 'boolean', help: 'list inactive domains' },
  all: { type: 'boolean', help: 'list inactive & active domains' },
  transient: { type: 'boolean', help: 'list transient domains' },
  persistent: { type: 'boolean', help: 'list persistent domains' },
  autostart: { type: 'boolean', help: 'list domains with autostart enabled' },
  'no-autostart': { type: 'boolean', help: 'list domains with autostart disabled' },
  'with-managed-save': { type: 'boolean', help: 'list domains with managed save state' },
  'without-managed-save': { type: 'boolean', help: 'list domains without managed save' },
  'state-running': { type: 'boolean', help: 'list domains in running state' },
  'state-paused': { type: 'boolean', help: 'list domains in paused state' },
  'state-shutoff': { type: 'boolean', help: 'list domains in shutoff state' },
  'state-other': { type: 'boolean', help: 'list domains in other states' },
  uuid: { type: 'boolean', help: "list uuid's only" },
  name: { type: 'boolean', help: 'list domain names only' },
  id: { type: 'boolean', help: 'list domain IDs only' },
  table: { type: 'boolean', help: 'list table (default)' },
  'managed-save': { type: 'boolean', help: 'mark inactive domains with managed save state' },
  title: { type: 'boolean', help: 'show domain title' },
} as const;
type ListValues = OptionValues<typeof options>;

export const list: Command = command({
  name: 'list',
  group: 'monitor',
  summary: 'list domains',
  description: 'Returns list of domains.',
  options,
  async run({ client, output, interrupted }, values) {
    for (const column of ['uuid', 'name', 'id']) assertExclusive(values, 'table', column);
    const answer = await (await client()).call('connectListAllDomains', {}, { signal: interrupted });
    const domains = answer.domains.filter((domain) => isListed(domain, values)).toSorted(byIdThenName);
    output.result({ revision: answer.revision, domains }, () => format(domains, values, !output.quiet));
  },
});

function isListed(domain: DomainSummary, values: ListValues): boolean {
  const active = isActiveState(domain.state);
  if (!values.all && active === (values.inactive || values['state-shutoff'])) return false;
  if (values.persistent !== values.transient && domain.persistent !== values.persistent) return false;
  if (values.autostart !== values['no-autostart'] && domain.autostart !== values.autostart) return false;
  if (values['with-managed-save'] !== values['without-managed-save'] && domain.hasManagedSave !== values['with-managed-save']) return false;
  const states = wantedStates(values);
  return states.size === 0 || states.has(stateGroup(domain.state));
}

type StateGroup = 'running' | 'paused' | 'shutoff' | 'other';

function wantedStates(values: ListValues): ReadonlySet<StateGroup> {
  const groups: readonly StateGroup[] = ['running', 'paused', 'shutoff', 'other'];
  return new Set(groups.filter((group) => values[`state-${group}`]));
}

function stateGroup(state: DomainState): StateGroup {
  if (state === 'running' || state === 'paused') return state;
  return state === 'shut off' ? 'shutoff' : 'other';
}

/** Active ones first, by id; then the others by name. */
function byIdThenName(left: DomainSummary, right: DomainSummary): number {
  if (left.id !== null && right.id !== null) return left.id - right.id;
  if (left.id !== null) return -1;
  if (right.id !== null) return 1;
  return left.name < right.name ? -1 : Number(left.name > right.name);
}

function format(domains: readonly DomainSummary[], values: ListValues, withHead: boolean): readonly string[] {
  if (values.uuid || values.name || values.id) {
    return domains.map((domain) => {
      const parts = [...(values.id ? [idOf(domain)] : []), ...(values.uuid ? [domain.uuid] : []), ...(values.name ? [domain.name] : [])];
      return parts.join(' ');
    });
  }
  const rows = domains.map((domain) => [idOf(domain), domain.name, values['managed-save'] && domain.state === 'shut off' && domain.hasManagedSave ? 'saved' : domain.state, ...(values.title ? [domain.title ?? ''] : [])]);
  return formatTable(['Id', 'Name', 'State', ...(values.title ? ['Title'] : [])], rows, { withHead });
}

function idOf(domain: DomainSummary): string {
  return domain.id === null ? '-' : String(domain.id);
}
