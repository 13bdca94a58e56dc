/** The driver's events as entries: what libvirt would tell too, and changes of state that it has no event for. */
import type { DomainEvent } from '../domain/domain-summary.ts';
import type { NewEntry } from './timeline-entry.ts';

/** Null for an event that says nothing of its own. */
export function entryOfEvent({ type, event, detail, atMs, summary }: DomainEvent, hasStateChanged: boolean): NewEntry | null {
  const state = summary ? { state: summary.state, reason: summary.reason } : {};
  if (type === 'lifecycle') return { atMs, kind: 'lifecycle', what: event ?? 'changed', details: { ...(detail === null ? {} : { detail }), ...state } };
  if (type === 'changed') return hasStateChanged ? { atMs, kind: 'lifecycle', what: 'state', details: state } : null;
  const words = [event, detail].filter((word) => word !== null).join(' ');
  return { atMs, kind: type === 'agent-lifecycle' ? 'agent' : 'lifecycle', what: type, details: words === '' ? {} : { detail: words } };
}
