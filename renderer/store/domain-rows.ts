/** The rows of the tree: which domains, in which order. Rows keep their identity, so that an unchanged list draws nothing. */
import type { DomainSummary } from '../../core/domain/domain-summary.ts';

export interface DomainRow {
  readonly id: string;
  readonly name: string;
}

const byName = new Intl.Collator(undefined, { numeric: true, sensitivity: 'base' });

/** Finds by name, title, state or the start of the UUID; every word must be found somewhere. */
export function matches(summary: DomainSummary, filter: string): boolean {
  const words = filter.toLocaleLowerCase().split(/\s+/).filter((word) => word !== '');
  const text = `${summary.name} ${summary.title ?? ''} ${summary.state}`.toLocaleLowerCase();
  return words.every((word) => text.includes(word) || summary.uuid.startsWith(word));
}

/** The rows for `domains`; `previous` itself when nothing about them changed. */
export function domainRows(domains: ReadonlyMap<string, DomainSummary>, filter: string, previous: readonly DomainRow[]): readonly DomainRow[] {
  const known = new Map(previous.map((row) => [row.id, row]));
  const rows: DomainRow[] = [];
  let kept = 0;
  for (const summary of domains.values()) {
    if (filter !== '' && !matches(summary, filter)) continue;
    const row = known.get(summary.uuid);
    if (row?.name === summary.name) {
      rows.push(row);
      kept += 1;
    } else rows.push({ id: summary.uuid, name: summary.name });
  }
  if (kept === rows.length && kept === previous.length) return previous; // nothing to sort
  rows.sort((a, b) => byName.compare(a.name, b.name) || (a.id < b.id ? -1 : 1));
  return rows;
}
