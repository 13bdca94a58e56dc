/** `<interface>`: a network card of the guest and what it is plugged into on the host. */
import { createHash } from 'node:crypto';
import type { DeviceOf } from '../../conf/device-definition.ts';
import { type AddressNeed, type DeviceModule, type DomainSurroundings, pciNeed, pciRank, virtioNeed } from '../device-module.ts';
import type { LaunchContext } from '../launch-context.ts';
import { bridgeOf, isKnownNetwork, isOnTap, isPasst, tapName, joinsUnprivileged } from './host-side.ts';
import { type Interface, interfaceCodec } from './interface-definition.ts';
import { interfaceNeeds, interfaceSideWork } from './interface-host.ts';
import { defaultModel, isOnBoard, isVirtio, modelOf, spellModel } from './interface-model.ts';
import { netdevFragments } from './netdev.ts';
import { nicFragment, passedThroughFragment } from './nic.ts';
import { validateInterface } from './validate-interface.ts';

export const interfaceModule: DeviceModule<'interface'> = {
  kind: 'interface',
  codec: interfaceCodec,
  defaults: completeInterface,
  domainDefaults: 'none',
  validate: validateInterface,
  address: interfaceNeed,
  alias: (card, number) => number(card.backend.type === 'hostdev' ? 'hostdev' : 'net'),
  abi: {
    mac: { address: 'same', type: 'may-change', check: 'may-change', currentAddress: 'may-change' },
    backend: 'may-change',
    trustGuestRxFilters: 'may-change',
    vlan: 'may-change',
    virtualPort: 'may-change',
    bandwidth: 'may-change',
    port: 'may-change',
    ips: 'may-change',
    routes: 'may-change',
    portForwards: 'may-change',
    script: 'may-change',
    downscript: 'may-change',
    backendDomain: 'may-change',
    target: 'may-change',
    guest: 'may-change',
    model: 'same',
    // What libvirt compares of it: the virtio options. The number of queues is not among them, but QEMU's state has it.
    driver: { name: 'may-change', txmode: 'may-change', ioeventfd: 'may-change' },
    helper: 'may-change',
    filter: 'may-change',
    tune: 'may-change',
    teaming: 'may-change',
    link: 'may-change',
    mtu: 'same',
    coalesce: 'may-change',
    boot: 'may-change',
    alias: 'may-change',
    rom: 'may-change',
    acpi: 'same',
    address: 'same',
  },
  prepare: prepareInterface,
  commandLine(card, launch) {
    const passedThrough = passedThroughFragment(card, launch);
    return passedThrough ? [passedThrough] : [...netdevFragments(card, launch), nicFragment(card, launch)];
  },
  boots: () => 'network',
  hostNeeds: interfaceNeeds,
  sideProcesses: interfaceSideWork,
  hotplug: 'unsupported',
  live: 'none',
  label: (card) => `${modelOf(card) ?? 'passed-through'} network card, ${placeOf(card)}`,
};

function placeOf(card: Interface): string {
  const { backend } = card;
  switch (backend.type) {
    case 'user':
      return isPasst(card) ? 'user network (passt)' : 'user network';
    case 'network':
      return `network '${backend.source.network}'`;
    case 'bridge':
      return `bridge ${backend.source.bridge}`;
    case 'direct':
      return `macvtap on ${backend.source.dev}`;
    case 'ethernet':
      return `tap ${card.target?.dev ?? ''}`.trim();
    default:
      return backend.type;
  }
}

/** A card without an address gets one that lasts; what only a virtio card has is dropped from others, as by libvirt. */
function completeInterface(card: Interface, domain: DomainSurroundings): Interface {
  const isUnset = card.mac === null || card.mac.address === '00:00:00:00:00:00';
  const mac = isUnset ? { type: null, check: null, currentAddress: null, ...card.mac, address: domain.newMac() } : card.mac;
  const model = card.model ? { type: spellModel(card.model.type) } : card.backend.type === 'hostdev' ? null : { type: defaultModel(card, domain) };
  const completed = { ...card, mac, model, backend: completeSource(card), vlan: completeVlan(card), virtualPort: completeVirtualPort(card, mac.address, domain) };
  return { ...completed, driver: completeDriver(completed), helper: completeHelper(completed), coalesce: completeCoalesce(card) };
}

function completeSource(card: Interface): Interface['backend'] {
  const { backend } = card;
  if (backend.type !== 'vhostuser' || !backend.source || isPasst(card)) return backend;
  return { ...backend, source: { ...backend.source, type: 'unix', mode: backend.source.mode ?? 'client' } };
}

function completeDriver(card: Interface): Interface['driver'] {
  const { driver } = card;
  if (!driver) return null;
  const { iommu, ats, packed, pagePerVq } = driver;
  const queues = (driver.queues ?? 0) > 1 ? driver.queues : null;
  const completed = isVirtio(card)
    ? { ...driver, queues }
    : { name: null, txmode: null, ioeventfd: null, eventIdx: null, queues: null, rxQueueSize: null, txQueueSize: null, rss: null, rssHashReport: null, iommu, ats, packed, pagePerVq, host: null, guest: null };
  return Object.values(completed).every((value) => value === null) ? null : completed;
}

/** vhost moves packets of virtio cards only. */
function completeHelper(card: Interface): Interface['helper'] {
  const { helper } = card;
  if (!helper?.vhost || isVirtio(card)) return helper;
  return helper.type === null && helper.tap === null && helper.logFile === null ? null : { ...helper, vhost: null };
}

/** No frames to wait for is what a card does by itself. */
function completeCoalesce({ coalesce }: Interface): Interface['coalesce'] {
  return coalesce?.rx?.frames?.maximum === 0 ? null : coalesce;
}

/** Several tags are a trunk. */
function completeVlan({ vlan }: Interface): Interface['vlan'] {
  return vlan && vlan.tags.length > 1 ? { ...vlan, trunk: true } : vlan;
}

/** A switch knows a port by an id; it belongs to the card for good, so it is made of what does too. */
function completeVirtualPort({ virtualPort }: Interface, mac: string, { definition }: DomainSurroundings): Interface['virtualPort'] {
  if (!virtualPort) return null;
  const given = virtualPort.parameters ?? { managerid: null, typeid: null, typeidversion: null, instanceid: null, interfaceid: null, profileid: null };
  const id = (name: string): string => uuidOf(`${definition.uuid ?? ''}/${mac}/${name}`);
  switch (virtualPort.type) {
    case 'openvswitch':
    case 'midonet':
      return { ...virtualPort, parameters: { ...given, interfaceid: given.interfaceid ?? id('interfaceid') } };
    case '802.1Qbg':
      return { ...virtualPort, parameters: { ...given, instanceid: given.instanceid ?? id('instanceid') } };
    default:
      return virtualPort;
  }
}

function uuidOf(name: string): string {
  const digits = createHash('sha256').update(name).digest('hex');
  return `${digits.slice(0, 8)}-${digits.slice(8, 12)}-8${digits.slice(13, 16)}-a${digits.slice(17, 20)}-${digits.slice(20, 32)}`;
}

function interfaceNeed(card: Interface): AddressNeed {
  const model = modelOf(card);
  if (card.backend.type === 'hostdev') {
    const { address } = card.backend.source;
    return address?.type === 'pci' ? pciNeed(pciRank.hostdev, 'either') : { type: 'usb' };
  }
  if (isOnBoard(card)) return { type: 'none' };
  if (isVirtio(card)) return model === 'virtio-transitional' ? pciNeed(pciRank.interface, 'conventional') : virtioNeed(pciRank.interface);
  if (model === 'ne2k_isa') return { type: 'none' };
  if (model === 'usb-net') return { type: 'usb' };
  if (model === 'spapr-vlan') return { type: 'spapr-vio', defaultReg: 0x1000n };
  return pciNeed(pciRank.interface, model === 'e1000e' || model === 'igb' ? 'express' : 'conventional');
}

/** Which bridge and which tap this run has; libvirt shows both in the live definition. */
function prepareInterface(card: DeviceOf<'interface'>, launch: LaunchContext): Interface {
  if (card.backend.type === 'direct' && launch.mayMakeTaps === true) return { ...card, target: { managed: null, ...card.target, dev: tapName(card, launch) } };
  if (!isOnTap(card)) return card;
  const { backend } = card;
  const onBridge = backend.type === 'network' && isKnownNetwork(backend.source.network);
  const joined = onBridge ? { ...card, backend: { ...backend, source: { ...backend.source, bridge: bridgeOf(card) } } } : card;
  if (joinsUnprivileged(card, launch)) return joined;
  return { ...joined, target: { managed: null, ...card.target, dev: tapName(card, launch) } };
}
