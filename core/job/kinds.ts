/** The kinds of jobs and what each asynchronous one lets pass (libvirt 11.3's table, docs/JOBS.md). */

export const syncKinds = ['query', 'destroy', 'suspend', 'modify', 'abort', 'migration-op', 'modify-migration-safe'] as const;
export type SyncKind = (typeof syncKinds)[number];

export const asyncKinds = ['start', 'save', 'dump', 'snapshot', 'backup', 'migration-out', 'migration-in'] as const;
export type AsyncKind = (typeof asyncKinds)[number];

export type AgentKind = 'query' | 'modify';

/** The synchronous jobs that may run beside each asynchronous one when it begins; destroy always may. */
export const initialMasks: Readonly<Record<AsyncKind, readonly SyncKind[]>> = {
  start: [],
  save: ['query', 'abort'],
  dump: ['query', 'abort'],
  snapshot: [],
  backup: ['query', 'abort', 'suspend', 'modify'],
  'migration-out': ['query', 'abort', 'suspend', 'migration-op', 'modify-migration-safe'],
  'migration-in': ['modify-migration-safe'],
};

/**
 * The same for a job that a restarted driver found: its CPUs may be stopped for the migration, and a user's resume or
 * suspend in between would be taken for the migration's own (libvirt 11.3 leaves `suspend` out here too).
 */
export const restoredMasks: Readonly<Record<AsyncKind, readonly SyncKind[]>> = {
  ...initialMasks,
  'migration-out': initialMasks['migration-out'].filter((kind) => kind !== 'suspend'),
};

/** Whether a job may be asked to end, and if not the words of the refusal. */
export type AbortPolicy = 'allowed' | { readonly refused: string };

/** What holds until the job's owner says otherwise with `setAbortPolicy`, as it must at a commit point (B8). */
export const initialAbortPolicies: Readonly<Record<AsyncKind, AbortPolicy>> = {
  start: { refused: 'cannot abort VM start; use virDomainDestroy instead' },
  save: 'allowed',
  dump: 'allowed',
  snapshot: 'allowed',
  backup: 'allowed',
  'migration-out': 'allowed',
  'migration-in': { refused: 'cannot abort incoming migration; use virDomainDestroy instead' },
};

/** Kinds whose begin and end are on disk before others see them; a write for each query once cost a hundredfold. */
export function isPersisted(kind: SyncKind | AsyncKind | 'nested'): boolean {
  return kind === 'destroy' || (asyncKinds as readonly string[]).includes(kind);
}
