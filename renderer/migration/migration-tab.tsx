/** A domain's Migration tab: the one that runs, or the last that ended here. */
import { LoaderCircle } from 'lucide-react';
import type { ReactElement } from 'react';
import type { DomainSummary } from '../../core/domain/domain-summary.ts';
import { Picture } from '../shared/picture.tsx';
import { askToMigrate } from '../store/migrate-store.ts';
import { MigrationPanel } from './migration-panel.tsx';
import { useMigration } from './use-migration.ts';

export function MigrationTab({ summary }: { readonly summary: DomainSummary }): ReactElement {
  const view = useMigration(summary);
  if (!view) return <Picture icon={LoaderCircle} spins title="Reading how far it is" />;
  const uri = view.peer?.startsWith('vireo+') ? view.peer : null;
  return <MigrationPanel view={view} onAgain={() => askToMigrate([summary.uuid], uri)} />;
}
