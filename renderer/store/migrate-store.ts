/** That somebody wants to move domains, and to where: set by menus, keys and drops, shown by the dialog. */
import { createStore } from 'zustand/vanilla';
import type { DomainSummary } from '../../core/domain/domain-summary.ts';

export interface MigrateRequest {
  readonly uuids: readonly string[];
  /** Null while it is to be chosen. */
  readonly uri: string | null;
}

export const migrateStore = createStore<{ readonly request: MigrateRequest | null }>(() => ({ request: null }));

/** One that runs, or whose definition can go by itself, and that is not on its way already. */
export function isMovable({ id, persistent, migration }: Pick<DomainSummary, 'id' | 'persistent' | 'migration'>): boolean {
  return (id !== null || persistent) && migration?.outcome !== 'running';
}

export function askToMigrate(uuids: readonly string[], uri: string | null = null): void {
  if (uuids.length > 0) migrateStore.setState({ request: { uuids, uri } });
}
