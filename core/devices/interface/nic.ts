/** The guest's side of a network card as QEMU's -device. */
import { addressProperties, aliasOf } from '../address-properties.ts';
import { type CommandFragment, type JsonObject, json, keyed, withoutNulls } from '../command-fragment.ts';
import type { DeviceLaunch } from '../launch-context.ts';
import { acpiProperties, romProperties } from '../pci-fields.ts';
import { virtioProperties } from '../virtio/virtio-device.ts';
import type { Interface } from './interface-definition.ts';
import { isOnBoard, isVirtio, modelOf, nicDriver } from './interface-model.ts';
import { netdevId } from './netdev.ts';

export function nicFragment(card: Interface, launch: DeviceLaunch): CommandFragment {
  const mac = card.mac?.address ?? null;
  if (isOnBoard(card)) return keyed('net', 'nic', { macaddr: mac, netdev: netdevId(card), model: modelOf(card), id: aliasOf(card) });
  const device = {
    driver: nicDriver(card),
    ...(isVirtio(card) ? virtioNicProperties(card) : {}),
    netdev: netdevId(card),
    id: aliasOf(card),
    mac,
    ...commonProperties(card, launch),
  };
  return json('device', withoutNulls(device));
}

/** A card of the host, with its own MAC address. */
export function passedThroughFragment(card: Interface, launch: DeviceLaunch): CommandFragment | null {
  if (card.backend.type !== 'hostdev') return null;
  const { vendor, product, address } = card.backend.source;
  const id = aliasOf(card);
  if (address?.type === 'pci') {
    const failover = card.teaming?.type === 'transient' ? card.teaming.persistent : null;
    return json('device', withoutNulls({ driver: 'vfio-pci', host: hostPciAddress(address), id, failover_pair_id: failover, ...commonProperties(card, launch) }));
  }
  const which = address ? { hostbus: address.bus, hostaddr: address.device } : { vendorid: vendor?.id ?? null, productid: product?.id ?? null };
  return json('device', withoutNulls({ driver: 'usb-host', ...which, id, ...commonProperties(card, launch) }));
}

/** As sysfs and QEMU spell it: `0000:06:12.5`. */
export function hostPciAddress(address: { readonly domain: number; readonly bus: number; readonly slot: number; readonly function: number }): string {
  const hex = (value: number, digits: number): string => value.toString(16).padStart(digits, '0');
  return `${hex(address.domain, 4)}:${hex(address.bus, 2)}:${hex(address.slot, 2)}.${address.function}`;
}

function commonProperties(card: Interface, launch: DeviceLaunch): JsonObject {
  const isCcw = card.address?.type === 'ccw';
  return {
    bootindex: launch.bootIndexOf(card),
    loadparm: isCcw ? (card.boot?.loadparm ?? null) : null,
    ...acpiProperties(card.acpi),
    ...addressProperties(card.address, launch),
    ...romProperties(card.rom),
  };
}

const txModes = { iothread: 'bh', timer: 'timer' } as const;

function virtioNicProperties(card: Interface): JsonObject {
  const { driver, mtu, teaming } = card;
  const queues = driver?.queues ?? 1;
  return {
    ...virtioProperties(driver),
    tx: driver?.txmode ? txModes[driver.txmode] : null,
    ioeventfd: driver?.ioeventfd ?? null,
    event_idx: driver?.eventIdx ?? null,
    csum: driver?.host?.csum ?? null,
    gso: driver?.host?.gso ?? null,
    host_tso4: driver?.host?.tso4 ?? null,
    host_tso6: driver?.host?.tso6 ?? null,
    host_ecn: driver?.host?.ecn ?? null,
    host_ufo: driver?.host?.ufo ?? null,
    mrg_rxbuf: driver?.host?.mrgRxbuf ?? null,
    guest_csum: driver?.guest?.csum ?? null,
    guest_tso4: driver?.guest?.tso4 ?? null,
    guest_tso6: driver?.guest?.tso6 ?? null,
    guest_ecn: driver?.guest?.ecn ?? null,
    guest_ufo: driver?.guest?.ufo ?? null,
    mq: queues > 1 ? true : null,
    // One for each queue of either direction, one for control, one for configuration; CCW has none.
    vectors: queues > 1 && card.address?.type !== 'ccw' ? 2 * queues + 2 : null,
    rx_queue_size: driver?.rxQueueSize || null,
    tx_queue_size: driver?.txQueueSize || null,
    rss: driver?.rss ?? null,
    hash: driver?.rssHashReport ?? null,
    host_mtu: mtu?.size ?? null,
    failover: teaming?.type === 'persistent' ? true : null,
  };
}
