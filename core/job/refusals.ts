/** What people are told who do not get a job, in libvirt 11.3's words, with what it keeps to its log in `details`. */
import { type ErrorDomain, VireoError } from '../base/errors.ts';
import type { Holder } from './async-state.ts';
import type { JobsStatus } from './job-status.ts';
import type { AsyncKind } from './kinds.ts';

export interface LockRefusal {
  readonly code: 'OPERATION_TIMEOUT' | 'OPERATION_FAILED';
  readonly wanted: Holder['kind'];
  readonly status: JobsStatus;
  /** Who is in the way. */
  readonly blocking: { readonly monitor: Holder | null; readonly agent: Holder | null };
  readonly ending: string;
  readonly domain: ErrorDomain;
  readonly nowMs: number;
}

/** Somebody else has the domain; `details.holders` names all who hold it, with kind and age. */
export function lockRefusal({ code, wanted, status, blocking, ending, domain, nowMs }: LockRefusal): VireoError {
  const { monitor, agent } = blocking;
  const names = [...(monitor ? [`monitor=${monitor.owner}`] : []), ...(agent ? [`agent=${agent.owner}`] : [])];
  const held = names.length > 0 ? ` (held by ${names.join(' ')})` : '';
  const holders = [status.sync, status.async, status.agent]
    .filter((holder) => holder !== null)
    .map(({ slot, kind, owner, client, sinceMs, sinceWallMs }) => ({ slot, kind, owner, client, sinceWallMs, ageMs: Math.round(nowMs - sinceMs) }));
  return new VireoError(code, `cannot acquire state change lock${held}${ending}`, { domain, details: { wanted, holders, waiting: status.waiting } });
}

export function noActiveJob(domain: ErrorDomain): VireoError {
  return new VireoError('OPERATION_INVALID', 'no job is active on the domain', { domain });
}

/** A phase came to a domain where none is expected: too late, or to the wrong host. */
export function notParked(domain: ErrorDomain, { kind, owner }: { readonly kind: AsyncKind; readonly owner: string }): VireoError {
  return new VireoError('OPERATION_INVALID', text(kind, domain.name), { domain, details: { wanted: kind, owner } });
}

function text(kind: AsyncKind, name: string): string {
  if (kind === 'migration-in') return `domain '${name}' is not processing incoming migration`;
  if (kind === 'migration-out') return `domain '${name}' is not being migrated`;
  return `domain '${name}' has no ${kind} job that waits to be continued`;
}
