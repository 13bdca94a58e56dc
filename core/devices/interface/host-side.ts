/**
 * The host's end of a network card: which tap stands for it, which bridge it joins, and who makes it. A driver that may
 * (CAP_NET_ADMIN) has QEMU make a tap of a known name, which goes away with QEMU, and joins it to its bridge; any other
 * driver leaves both to QEMU's setuid helper, or takes a tap that somebody has made for it.
 */
import { createHash } from 'node:crypto';
import type { LaunchContext } from '../launch-context.ts';
import type { Interface } from './interface-definition.ts';

/** libvirt's own network and its bridge; others are known to libvirt only. */
const knownNetworks: ReadonlyMap<string, string> = new Map([['default', 'virbr0']]);

export function isKnownNetwork(network: string): boolean {
  return knownNetworks.has(network);
}

/** The bridge that the card is joined to; null for a card that is not on a bridge. */
export function bridgeOf({ backend }: Interface): string | null {
  if (backend.type === 'bridge') return backend.source.bridge;
  if (backend.type !== 'network') return null;
  const { bridge, network } = backend.source;
  return bridge ?? knownNetworks.get(network) ?? network;
}

/** A tap of this host stands behind the card. */
export function isOnTap({ backend }: Interface): boolean {
  return backend.type === 'network' || backend.type === 'bridge' || backend.type === 'ethernet';
}

export function isPasst(card: Interface): boolean {
  return card.helper?.type === 'passt';
}

/** Somebody else has made the tap and takes it away. */
export function isForeignTap({ backend, target }: Interface): boolean {
  return backend.type === 'ethernet' && target?.managed === false;
}

/** QEMU's helper makes the tap. */
export function joinsUnprivileged(card: Interface, launch: LaunchContext): boolean {
  return bridgeOf(card) !== null && launch.mayMakeTaps !== true;
}

/** Always the same for one card, so that nobody has to look which ones are free; at most 15 characters, as Linux wants. */
export function tapName(card: Interface, launch: LaunchContext): string {
  return card.target?.dev ?? `${card.backend.type === 'direct' ? 'macvtap' : 'vnet'}${digitsOf(card, launch)}`;
}

/** A macvtap is opened as `/dev/tap<index>`: its index is chosen like its name, far above those that the kernel gives. */
export function macvtapIndex(card: Interface, launch: LaunchContext): number {
  return 0x1000_0000 + (Number.parseInt(digitsOf(card, launch), 16) & 0x3fff_ffff);
}

function digitsOf(card: Interface, launch: LaunchContext): string {
  return createHash('sha256').update(`${launch.runFolder}/${card.alias ?? ''}`).digest('hex').slice(0, 8);
}

/** How many descriptors QEMU gets for a macvtap: each queue is one. */
export function queuesOf({ driver }: Interface): number {
  return Math.max(1, driver?.queues ?? 1);
}

/** Where passt waits for QEMU. */
export function passtSocket(card: Interface, launch: LaunchContext): string {
  return `${launch.runFolder}/n-${card.alias ?? ''}`;
}
