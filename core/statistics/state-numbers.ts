/** States and reasons as numbers, as libvirt's domstats has them (virDomainState and the enums of its reasons). */
import { type DomainState, type StateAndReason, stateReasons } from '../domain/domain-state.ts';
import type { StatisticsParameters } from './statistics-record.ts';

const stateNumbers: Readonly<Record<DomainState, number>> = { running: 1, paused: 3, 'in shutdown': 4, 'shut off': 5, crashed: 6, pmsuspended: 7 };

/** The reasons stand in libvirt's order. */
export function stateParameters({ state, reason }: StateAndReason): StatisticsParameters {
  const reasons: readonly string[] = stateReasons[state];
  return { 'state.state': stateNumbers[state], 'state.reason': reasons.indexOf(reason) };
}
