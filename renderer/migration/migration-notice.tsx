/** The line under a domain's name while it moves, and the row's word in the list: how far, in a few words. */
import { ArrowRightLeft } from 'lucide-react';
import type { ReactElement } from 'react';
import type { DomainSummary } from '../../core/domain/domain-summary.ts';
import { Button } from '../shared/button.tsx';
import { hostLabel } from './other-hosts.ts';

type Glance = NonNullable<DomainSummary['migration']>;

export function runningMigration({ migration }: Pick<DomainSummary, 'migration'>): Glance | null {
  return migration?.outcome === 'running' ? migration : null;
}

export function MigrationNotice({ migration, onView }: { readonly migration: Glance; readonly onView: () => void }): ReactElement {
  const peer = migration.peer === null ? 'another host' : hostLabel(migration.peer);
  return (
    <div className="notice work">
      <ArrowRightLeft size={16} aria-hidden />
      <span className="ellipsis">{migration.side === 'source' ? 'Moving to' : 'Arriving from'} <bdi>{peer}</bdi>: {migration.activity}{migration.percent === null ? '' : `, ${migration.percent} %`}</span>
      <Button label="View" small onPress={onView} />
    </div>
  );
}

/** `63 %`, or that it arrives. */
export function migrationWord({ side, percent }: Glance): string {
  if (percent === null) return side === 'source' ? 'migrating' : 'receiving';
  return `migrating ${percent} %`;
}
