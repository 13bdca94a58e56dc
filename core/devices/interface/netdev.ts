/** A network card's host side as QEMU's -netdev, with the -chardev of a vhost-user one. */
import { VireoError } from '../../base/errors.ts';
import { devicesOf } from '../../conf/device-definition.ts';
import { aliasOf } from '../address-properties.ts';
import { chardevId } from '../character/character.ts';
import { reconnectKeys } from '../character/chardev.ts';
import { type CommandFragment, type JsonObject, json, keyed, withoutNulls } from '../command-fragment.ts';
import type { DeviceLaunch } from '../launch-context.ts';
import { bridgeOf, isPasst, passtSocket, queuesOf, tapName, joinsUnprivileged } from './host-side.ts';
import type { Interface } from './interface-definition.ts';
import { isVirtio } from './interface-model.ts';

export function netdevId(card: Interface): string {
  return `host${aliasOf(card)}`;
}

/** @throws CONFIG_UNSUPPORTED for a type that no QEMU has. */
export function netdevFragments(card: Interface, launch: DeviceLaunch): readonly CommandFragment[] {
  const netdev = json('netdev', withoutNulls({ ...netdevProperties(card, launch), id: netdevId(card) }));
  return card.backend.type === 'vhostuser' ? [vhostUserChardev(card, launch), netdev] : [netdev];
}

function netdevProperties(card: Interface, launch: DeviceLaunch): JsonObject {
  const { backend } = card;
  switch (backend.type) {
    case 'user':
      return isPasst(card) ? { type: 'stream', addr: { type: 'unix', path: passtSocket(card, launch) }, server: false } : slirp(card);
    case 'internal':
      return { type: 'user' };
    case 'network':
    case 'bridge':
    case 'ethernet':
      return joinsUnprivileged(card, launch) ? { type: 'bridge', br: bridgeOf(card) } : tap(card, launch);
    case 'direct':
      return { type: 'tap', ...macvtapDescriptors(card, launch), ...tapTuning(card, launch) };
    case 'mcast':
      return { type: 'socket', mcast: endpoint(backend.source) };
    case 'client':
      return { type: 'socket', connect: endpoint(backend.source) };
    case 'server':
      return { type: 'socket', listen: endpoint(backend.source) };
    case 'udp':
      return { type: 'socket', udp: endpoint(backend.source), localaddr: endpoint(backend.source.local) };
    case 'vhostuser':
      return { type: 'vhost-user', chardev: chardevId(aliasOf(card)), queues: severalQueues(card) };
    case 'vdpa':
      return { type: 'vhost-vdpa', vhostdev: backend.source.dev, queues: severalQueues(card) };
    case 'hostdev':
    case 'null':
    case 'vds':
      throw new VireoError('CONFIG_UNSUPPORTED', `QEMU has no network of interface type '${backend.type}'`);
  }
}

function endpoint({ address, port }: { readonly address: string | null; readonly port: number }): string {
  return `${address ?? ''}:${port}`;
}

/** QEMU takes one address of each family; validation has seen to that. */
function slirp(card: Interface): JsonObject {
  const ipv4 = card.ips.find(({ family }) => family === 'ipv4');
  const ipv6 = card.ips.find(({ family }) => family === 'ipv6');
  return {
    type: 'user',
    net: ipv4 ? (ipv4.prefix ? `${ipv4.address}/${ipv4.prefix}` : ipv4.address) : null,
    'ipv6-prefix': ipv6?.address ?? null,
    'ipv6-prefixlen': ipv6?.prefix || null,
  };
}

function tap(card: Interface, launch: DeviceLaunch): JsonObject {
  return { type: 'tap', ifname: tapName(card, launch), script: 'no', downscript: 'no', queues: severalQueues(card), ...tapTuning(card, launch) };
}

/** The kernel moves a virtio card's packets where it can. QEMU 7.2 aborts where that is asked for and cannot be. */
function tapTuning(card: Interface, { accelerator, hasVhostNet = true }: DeviceLaunch): JsonObject {
  const wanted = card.driver?.name ?? (accelerator === 'kvm' && hasVhostNet ? 'vhost' : 'qemu');
  return { vhost: isVirtio(card) && wanted === 'vhost' ? true : null, sndbuf: card.tune?.sndbufBytes ?? null };
}

function severalQueues({ driver }: Interface): number | null {
  return (driver?.queues ?? 1) > 1 ? (driver?.queues ?? null) : null;
}

/** QEMU opens no macvtap by its name: it is handed over open (`HostSetup.inherited`), behind those of cards before it. */
function macvtapDescriptors(card: Interface, { definition }: DeviceLaunch): JsonObject {
  const direct = devicesOf(definition.devices, 'interface').filter(({ backend }) => backend.type === 'direct');
  const before = direct.slice(0, direct.findIndex(({ alias }) => alias === card.alias));
  const first = before.reduce((sum, each) => sum + queuesOf(each), firstInherited);
  const descriptors = Array.from({ length: queuesOf(card) }, (_, queue) => first + queue);
  return descriptors.length === 1 ? { fd: String(first) } : { fds: descriptors.join(':') };
}

const firstInherited = 3;

function vhostUserChardev(card: Interface, launch: DeviceLaunch): CommandFragment {
  const id = chardevId(aliasOf(card));
  if (isPasst(card)) return keyed('chardev', 'socket', { id, path: passtSocket(card, launch) });
  const source = card.backend.type === 'vhostuser' ? card.backend.source : null;
  const reconnect = source?.reconnect?.enabled === false ? 0 : (source?.reconnect?.timeout ?? source?.reconnect?.delay ?? null);
  return keyed('chardev', 'socket', { id, path: source?.path ?? null, server: source?.mode === 'server' ? true : null, ...reconnectKeys(reconnect, launch) });
}
