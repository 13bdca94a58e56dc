/** Counters of KVM itself, which QEMU hands on as it gets them: each with a word for how it is to be read. */
import type { QmpResult } from '../monitor/commands.ts';
import type { StatisticsParameters } from './statistics-record.ts';

type Schemas = QmpResult<'query-stats-schemas'>;
type Stats = QmpResult<'query-stats'>[number]['stats'];

/** libvirt's endings; histograms have no single value and are left out. */
const endings: Readonly<Record<string, string>> = { cumulative: '.sum', instant: '.cur', peak: '.max' };

/** Counters without a schema cannot be read. */
export function kvmParameters(prefix: string, stats: Stats, schemas: Schemas): StatisticsParameters {
  const types = new Map(schemas.flatMap(({ stats: known }) => known.map(({ name, type }) => [name, type] as const)));
  const parameters: StatisticsParameters = {};
  for (const { name, value } of stats) {
    const ending = endings[types.get(name) ?? ''];
    if (ending !== undefined && (typeof value === 'number' || typeof value === 'boolean')) parameters[`${prefix}.${name}${ending}`] = value;
  }
  return parameters;
}
