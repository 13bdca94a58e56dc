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

/** Kinds whose begin and end are on disk before others see them; a write for each query once cost a hundredfold. */
export function isPersisted(kind: SyncKind | AsyncKind | 'nested'): boolean {
  return kind === 'destroy' || (asyncKinds as readonly string[]).includes(kind);
}
