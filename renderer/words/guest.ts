/** What a guest tells of itself, in the order in which people look for it. */
import type { AnyMethodResult } from '../../core/api/client.ts';
import { formatBytes } from './format.ts';

type GuestReport = AnyMethodResult<'domainGetGuestInfo'>;
type Interface = NonNullable<GuestReport['interfaces']>[number];
type Filesystem = NonNullable<GuestReport['filesystems']>[number];

export interface CardAddresses {
  readonly name: string;
  readonly mac: string | null;
  /** `10.0.2.15/24`; addresses that reach no further than the card's own network are last. */
  readonly addresses: readonly { readonly text: string; readonly isLocal: boolean }[];
}

/** Without the loopback, which every guest has and nobody looks for. */
export function addressesByCard(interfaces: readonly Interface[]): readonly CardAddresses[] {
  return interfaces
    .filter(({ addresses }) => addresses.length > 0 && !addresses.every(({ address }) => address === '::1' || address.startsWith('127.')))
    .map(({ name, mac, addresses }) => {
      const all = addresses.map(({ type, address, prefix }) => ({ text: `${address}/${prefix}`, isLocal: type === 'ipv6' && /^fe[89ab]/i.test(address) }));
      return { name, mac, addresses: [...all.filter(({ isLocal }) => !isLocal), ...all.filter(({ isLocal }) => isLocal)] };
    });
}

export interface Filling {
  readonly percent: number;
  readonly words: string;
  /** So full that a guest soon has trouble. */
  readonly isNearlyFull: boolean;
}

const nearlyFullPercent = 90;

/** Null where an older agent does not say. */
export function fillingOf({ totalBytes, usedBytes }: Filesystem): Filling | null {
  if (totalBytes === null || usedBytes === null || totalBytes <= 0) return null;
  const percent = Math.min(100, Math.max(0, (usedBytes / totalBytes) * 100));
  return { percent, words: `${formatBytes(usedBytes)} of ${formatBytes(totalBytes)}`, isNearlyFull: percent >= nearlyFullPercent };
}
