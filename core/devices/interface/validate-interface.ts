/** What libvirt, QEMU or the kernel would refuse of a network card, or ignore without a word. */
import { VireoError } from '../../base/errors.ts';
import type { DomainSurroundings } from '../device-module.ts';
import { requireDeviceType } from '../require-device-type.ts';
import { requireSharedMemory } from '../shared-memory.ts';
import { isOnTap, isPasst } from './host-side.ts';
import type { Interface } from './interface-definition.ts';
import { isModelThere, isVirtio, modelOf } from './interface-model.ts';
import { familyOf } from './interface-source.ts';

export function validateInterface(card: Interface, domain: DomainSurroundings): void {
  validateSource(card, domain);
  validateModel(card, domain);
  validateDriver(card);
  validateAddresses(card);
  validatePorts(card);
  validateTraffic(card);
  validateTeaming(card, domain);
}

/** The card in a message: its MAC address is what the user knows it by. */
function nameOf(card: Interface): string {
  return `interface ${card.mac?.address ?? card.target?.dev ?? card.backend.type}`;
}

function refuse(card: Interface, text: string): never {
  throw new VireoError('CONFIG_UNSUPPORTED', `${nameOf(card)}: ${text}`);
}

function validateSource(card: Interface, { definition, capabilities }: DomainSurroundings): void {
  const { backend, helper, target, script } = card;
  const { type } = backend;
  if (type === 'null' || type === 'vds') refuse(card, `interface type '${type}' is not supported by QEMU`);
  if (helper?.tap && !isOnTap(card)) refuse(card, `a tap device path ('${helper.tap}') is for cards on a tap, not for interface type '${type}'`);
  if (target?.managed === false && type !== 'ethernet') refuse(card, `an unmanaged target is for interface type 'ethernet' only, not '${type}'`);
  if ((script || card.downscript) && type !== 'ethernet') refuse(card, `a script is for interface type 'ethernet' only, not '${type}'`);
  validatePasst(card, hasStreamNetdev(capabilities.version));
  if (backend.type === 'vhostuser') {
    const { source } = backend;
    if (!isPasst(card) && !source?.path) throw new VireoError('XML_ERROR', `${nameOf(card)}: the source of interface type 'vhostuser' needs the attribute 'path'`);
    if (source?.mode === 'server' && source.reconnect?.enabled) refuse(card, "a vhostuser source of mode 'server' does not reconnect");
    requireSharedMemory(definition, nameOf(card));
  }
  if (backend.type === 'hostdev' && (backend.hostDriver?.name ?? 'vfio') !== 'vfio') refuse(card, `driver '${backend.hostDriver?.name}' is not one of today's kernels and QEMUs; vfio is`);
  if (backend.type === 'hostdev' && !backend.source.address && !(backend.source.vendor && backend.source.product)) {
    throw new VireoError('XML_ERROR', `${nameOf(card)}: the source of interface type 'hostdev' needs an address, or vendor and product`);
  }
}

/** `-netdev stream` came with QEMU 7.2. */
function hasStreamNetdev({ major, minor }: { readonly major: number; readonly minor: number }): boolean {
  return major > 7 || (major === 7 && minor >= 2);
}

function validatePasst(card: Interface, hasStream: boolean): void {
  const { backend, portForwards } = card;
  if (isPasst(card)) {
    if (backend.type !== 'user' && backend.type !== 'vhostuser') refuse(card, `the backend 'passt' serves interface types 'user' and 'vhostuser', not '${backend.type}'`);
    if (backend.type === 'user' && !hasStream) refuse(card, "the backend 'passt' needs QEMU 7.2 or newer");
    return;
  }
  const dev = (backend.type === 'user' || backend.type === 'vhostuser') && backend.source ? backend.source.dev : null;
  if (dev) refuse(card, `the source device '${dev}' is used by <backend type='passt'/> only`);
  if (portForwards.length > 0) refuse(card, "<portForward> needs <backend type='passt'/> on interface type 'user' or 'vhostuser'");
}

function validateModel(card: Interface, { capabilities }: DomainSurroundings): void {
  const model = modelOf(card);
  const { type } = card.backend;
  if (type === 'hostdev') return requireDeviceType(capabilities, card.backend.source.address?.type === 'pci' ? 'vfio-pci' : 'usb-host', nameOf(card));
  if ((type === 'vdpa' || type === 'vhostuser') && !isVirtio(card)) refuse(card, `interface type '${type}' needs model 'virtio', not '${model}'`);
  if (!isModelThere(card, capabilities)) refuse(card, `this QEMU has no device for interface model '${model}'`);
}

/** What Linux gives a tap (MAX_TAP_QUEUES of drivers/net/tun.c), and what a virtio card has room for (VIRTIO_QUEUE_MAX, QEMU 7.2). */
const maximumTapQueues = 256;
const maximumVirtioQueues = 511;

function validateDriver(card: Interface): void {
  const { driver, mtu, coalesce } = card;
  const { type } = card.backend;
  if (!isVirtio(card) && driver && [driver.iommu, driver.ats, driver.packed, driver.pagePerVq].some((option) => option !== null)) {
    refuse(card, `the driver options iommu, ats, packed and page_per_vq are for virtio models, not '${modelOf(card)}'`);
  }
  for (const [name, size] of [['rx_queue_size', driver?.rxQueueSize], ['tx_queue_size', driver?.txQueueSize]] as const) {
    if (size && (size & (size - 1)) !== 0) refuse(card, `${name} has to be a power of two, and ${size} is none`);
  }
  const maximumQueues = isOnTap(card) || type === 'direct' ? maximumTapQueues : maximumVirtioQueues;
  if ((driver?.queues ?? 0) > maximumQueues) refuse(card, `interface type '${type}' has at most ${maximumQueues} queues, not ${driver?.queues}`);
  const severalQueues = isOnTap(card) || type === 'direct' || type === 'vhostuser' || type === 'vdpa';
  if ((driver?.queues ?? 0) > 1 && !severalQueues) refuse(card, `interface type '${type}' has one queue, not ${driver?.queues}`);
  const hasMtu = isOnTap(card) || type === 'vhostuser' || (type === 'user' && isPasst(card));
  if (mtu && !hasMtu) refuse(card, `an MTU cannot be set on interface type '${type}'`);
  if (coalesce && type !== 'network' && type !== 'bridge') refuse(card, `<coalesce> is for interface types 'network' and 'bridge', not '${type}'`);
}

function validateAddresses(card: Interface): void {
  const { ips, routes, backend } = card;
  if (routes.length > 0) refuse(card, `a route of the guest ('${routes[0]?.address}') cannot be set by QEMU`);
  for (const { address, family } of [...ips, ...(backend.type === 'ethernet' ? (backend.source?.ips ?? []) : [])]) {
    if (family !== familyOf(address)) throw new VireoError('XML_ERROR', `${nameOf(card)}: the address '${address}' is not of family '${family}'`);
  }
  if (ips.length > 0 && backend.type !== 'user' && !(backend.type === 'vhostuser' && isPasst(card))) {
    refuse(card, `an address of the guest ('${ips[0]?.address}') cannot be set on interface type '${backend.type}'`);
  }
  for (const wanted of ['ipv4', 'ipv6'] as const) {
    const ofFamily = ips.filter(({ family }) => family === wanted);
    if (ofFamily.length > 1) refuse(card, `QEMU takes one ${wanted} address, and there are ${ofFamily.length}`);
  }
  for (const { address, family, prefix, peer } of ips) {
    if (peer) refuse(card, `the peer '${peer}' of the guest's address '${address}' cannot be set by QEMU`);
    if (family === 'ipv4' && prefix && (prefix < 4 || prefix > 27)) throw new VireoError('XML_ERROR', `${nameOf(card)}: the prefix of '${address}' has to be 4 to 27, not ${prefix}`);
    if (family === 'ipv6' && prefix && prefix !== 64) refuse(card, `the prefix of '${address}' has to be 64, not ${prefix}`);
  }
}

function validatePorts(card: Interface): void {
  for (const { ranges } of card.portForwards) {
    for (const { start, end } of ranges) {
      if (end !== null && end < start) throw new VireoError('XML_ERROR', `${nameOf(card)}: the port range ${start} to ${end} is empty`);
    }
  }
}

function validateTraffic(card: Interface): void {
  const { backend, bandwidth, vlan, port, virtualPort, filter } = card;
  const { type } = backend;
  const onVirtualPort = (virtualPort?.type ?? null) !== null;
  if (virtualPort && !['network', 'bridge', 'direct', 'hostdev'].includes(type)) refuse(card, `<virtualport> is not for interface type '${type}'`);
  if (virtualPort && type !== 'network' && !virtualPort.type) throw new VireoError('XML_ERROR', `${nameOf(card)}: <virtualport> needs a type`);
  if (port?.isolated && type !== 'network' && type !== 'bridge') refuse(card, `<port isolated='yes'/> is not for interface type '${type}'`);
  if (port?.isolated && onVirtualPort) refuse(card, `<port isolated='yes'/> is not for a virtual port of type '${virtualPort?.type}'`);
  if (filter && !isOnTap(card)) refuse(card, `the filter '${filter.filter}' is not for interface type '${type}'`);
  if (filter && onVirtualPort) refuse(card, `the filter '${filter.filter}' is not for a virtual port of type '${virtualPort?.type}'`);
  if (bandwidth && type === 'hostdev') refuse(card, "<bandwidth> is not for interface type 'hostdev'");
  for (const [direction, rate] of [['inbound', bandwidth?.inbound], ['outbound', bandwidth?.outbound]] as const) {
    if (rate && rate.averageKiB === null && (rate.floorKiB === null || rate.peakKiB !== null || rate.burstKiB !== null)) {
      throw new VireoError('XML_ERROR', `${nameOf(card)}: <${direction}> needs the attribute 'average'`);
    }
    if (rate?.floorKiB && type !== 'network') refuse(card, `the floor of <${direction}> is for interface type 'network', not '${type}'`);
  }
  if (vlan) validateVlan(card, vlan);
}

function validateVlan(card: Interface, { tags, trunk }: NonNullable<Interface['vlan']>): void {
  const [first] = tags;
  if (!first) throw new VireoError('XML_ERROR', `${nameOf(card)}: <vlan> needs a <tag>`);
  if (tags.filter(({ nativeMode }) => nativeMode !== null).length > 1) throw new VireoError('XML_ERROR', `${nameOf(card)}: one tag of <vlan> is the native one, not several`);
  if (!trunk && first.nativeMode !== null) throw new VireoError('XML_ERROR', `${nameOf(card)}: a native tag of <vlan> needs trunk='yes'`);
  const { backend, virtualPort } = card;
  const passedThrough = backend.type === 'hostdev' || (backend.type === 'direct' && backend.source.mode === 'passthrough');
  const onSwitch = backend.type === 'network' || (backend.type === 'bridge' && (virtualPort === null || virtualPort.type === 'openvswitch'));
  if (!passedThrough && !onSwitch) refuse(card, `<vlan> is not for interface type '${backend.type}'`);
}

function validateTeaming(card: Interface, { definition }: DomainSurroundings): void {
  const { teaming, backend } = card;
  if (!teaming) return;
  if (teaming.type === 'persistent') {
    if (teaming.persistent) refuse(card, "a team's persistent card names no other one");
    if (!isVirtio(card)) refuse(card, `a team's persistent card needs model 'virtio', not '${modelOf(card)}'`);
    return;
  }
  if (!teaming.persistent) refuse(card, "a team's transient card has to name the persistent one");
  if (backend.type !== 'hostdev' && backend.type !== 'network') refuse(card, `a team's transient card has to be of interface type 'hostdev', not '${backend.type}'`);
  if (!definition.devices.some(({ alias }) => alias === teaming.persistent)) {
    throw new VireoError('XML_ERROR', `${nameOf(card)}: there is no card with the alias '${teaming.persistent}' to team up with`);
  }
}
