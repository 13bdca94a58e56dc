/** Bytes and packets of network cards, as the host counts them at their taps. Cards without one are counted nowhere. */
import { readFile } from 'node:fs/promises';
import { devicesOf } from '../conf/device-definition.ts';
import type { DomainDefinition } from '../conf/domain-definition.ts';
import type { Interface } from '../devices/interface/interface-definition.ts';
import type { StatisticsParameters } from './statistics-record.ts';

export interface TrafficCounters {
  readonly bytes: number;
  readonly packets: number;
  readonly errors: number;
  readonly dropped: number;
}

/** From the guest's point of view: `rx` is what it received. */
export interface CardUsage {
  readonly rx: TrafficCounters;
  readonly tx: TrafficCounters;
}

/** All interfaces of the host as it sees them, by name; empty where the system has no such list. One reading serves a whole call. */
export async function hostInterfaces(): Promise<ReadonlyMap<string, CardUsage>> {
  return parseHostInterfaces(await readFile('/proc/net/dev', 'latin1').catch(() => ''));
}

/** proc(5): two lines of headings, then a name, a colon, eight numbers of what came and eight of what went. */
export function parseHostInterfaces(text: string): ReadonlyMap<string, CardUsage> {
  const found = new Map<string, CardUsage>();
  for (const line of text.split('\n').slice(2)) {
    const colon = line.lastIndexOf(':');
    if (colon < 0) continue;
    const numbers = line.slice(colon + 1).trim().split(/\s+/).map(Number);
    if (numbers.length < 16 || numbers.some((number) => !Number.isFinite(number))) continue;
    found.set(line.slice(0, colon).trim(), { rx: countersFrom(numbers, 0), tx: countersFrom(numbers, 8) });
  }
  return found;
}

function countersFrom(numbers: readonly number[], start: number): TrafficCounters {
  const [bytes = 0, packets = 0, errors = 0, dropped = 0] = numbers.slice(start, start + 4);
  return { bytes, packets, errors, dropped };
}

/** What the host sends to a tap the guest receives; a macvtap stands on the guest's side of the wire. */
export function usageOf(card: Interface, host: ReadonlyMap<string, CardUsage>): CardUsage | null {
  const seen = card.target?.dev === null || card.target?.dev === undefined ? undefined : host.get(card.target.dev);
  if (!seen) return null;
  return card.backend.type === 'direct' ? seen : { rx: seen.tx, tx: seen.rx };
}

export function cardsOf(definition: DomainDefinition): readonly Interface[] {
  return devicesOf(definition.devices, 'interface');
}

/** The group `interface` of domstats, of a domain that runs. */
export function interfaceParameters(definition: DomainDefinition, host: ReadonlyMap<string, CardUsage>): StatisticsParameters {
  const cards = cardsOf(definition);
  const parameters: StatisticsParameters = { 'net.count': cards.length };
  for (const [index, card] of cards.entries()) {
    if (!card.target?.dev) continue;
    parameters[`net.${index}.name`] = card.target.dev;
    const usage = usageOf(card, host);
    if (!usage) continue;
    for (const way of ['rx', 'tx'] as const) {
      const { bytes, packets, errors, dropped } = usage[way];
      Object.assign(parameters, { [`net.${index}.${way}.bytes`]: bytes, [`net.${index}.${way}.pkts`]: packets, [`net.${index}.${way}.errs`]: errors, [`net.${index}.${way}.drop`]: dropped });
    }
  }
  return parameters;
}
