/** Domain states, reasons and lifecycle events in libvirt's words (libvirt-domain.h, 11.3). */
import { z } from 'zod';

/** For each state its reasons; the word `virsh domstate --reason` prints for each is in `reasonWords`. */
export const stateReasons = {
  running: ['unknown', 'booted', 'migrated', 'restored', 'from snapshot', 'unpaused', 'migration canceled', 'save canceled', 'event wakeup', 'crashed', 'post-copy', 'post-copy failed'],
  paused: ['unknown', 'user', 'migrating', 'saving', 'dumping', 'I/O error', 'watchdog', 'from snapshot', 'shutting down', 'creating snapshot', 'crashed', 'starting up', 'post-copy', 'post-copy failed', 'api error'],
  'in shutdown': ['unknown', 'user'],
  'shut off': ['unknown', 'shutdown', 'destroyed', 'crashed', 'migrated', 'saved', 'failed', 'from snapshot', 'daemon'],
  crashed: ['unknown', 'panicked'],
  pmsuspended: ['unknown'],
} as const;

export type DomainState = keyof typeof stateReasons;
export type StateReason<S extends DomainState = DomainState> = (typeof stateReasons)[S][number];

/** A state with a reason that belongs to it. */
export type StateAndReason = { [S in DomainState]: { readonly state: S; readonly reason: StateReason<S> } }[DomainState];

/** Lifecycle events with their details. */
export const lifecycleDetails = {
  defined: ['added', 'updated', 'renamed', 'from snapshot'],
  undefined: ['removed', 'renamed'],
  started: ['booted', 'migrated', 'restored', 'snapshot', 'wakeup'],
  suspended: ['paused', 'migrated', 'ioerror', 'watchdog', 'restored', 'snapshot', 'api-error', 'postcopy', 'postcopy-failed'],
  resumed: ['unpaused', 'migrated', 'snapshot', 'postcopy', 'postcopy-failed'],
  stopped: ['shutdown', 'destroyed', 'crashed', 'migrated', 'saved', 'failed', 'snapshot'],
  shutdown: ['finished', 'guest', 'host'],
  pmsuspended: ['memory', 'disk'],
  crashed: ['panicked', 'crashloaded'],
} as const;

export type LifecycleKind = keyof typeof lifecycleDetails;
export type LifecycleEvent = { [K in LifecycleKind]: { readonly event: K; readonly detail: (typeof lifecycleDetails)[K][number] } }[LifecycleKind];

export const domainStateSchema = z.enum(['running', 'paused', 'in shutdown', 'shut off', 'crashed', 'pmsuspended']);

/** True while there is a QEMU process that belongs to the domain. */
export function isActiveState(state: DomainState): boolean {
  return state !== 'shut off';
}
