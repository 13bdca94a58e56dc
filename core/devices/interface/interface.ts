/** `<interface type='user'>`: a network card whose packets QEMU carries itself (slirp); needs no privilege. */
import { VireoError } from '../../base/errors.ts';
import { attribute, child, type Infer, object, optional, union } from '../../conf/codec/codec.ts';
import { integer, macAddress, oneOf, pattern, positive } from '../../conf/codec/scalar.ts';
import { bootField, deviceFields } from '../../conf/device-address.ts';
import { type DeviceOf, devicesOf } from '../../conf/device-definition.ts';
import { addressProperties, aliasOf } from '../address-properties.ts';
import { type CommandFragment, json, withoutNulls } from '../command-fragment.ts';
import { type DeviceModule, type DomainSurroundings, pciNeed, pciRank } from '../device-module.ts';
import type { DeviceLaunch } from '../launch-context.ts';

export const interfaceModels = ['virtio', 'virtio-transitional', 'virtio-non-transitional', 'e1000', 'e1000e', 'rtl8139', 'ne2k_pci', 'pcnet', 'vmxnet3'] as const;

const interfaceCodec = object({
  mac: optional(child('mac', object({ address: attribute('address', macAddress) }))),
  backend: union('type', { user: object({}) }),
  model: optional(child('model', object({ type: attribute('type', oneOf(interfaceModels)) }))),
  link: optional(child('link', object({ state: attribute('state', oneOf(['up', 'down'])) }))),
  mtu: optional(child('mtu', object({ size: attribute('size', integer(68, 65_521)) }))),
  /** The address that slirp gives the guest, with the network's prefix. */
  ip: optional(
    child('ip', object({
      family: optional(attribute('family', oneOf(['ipv4']))),
      address: attribute('address', pattern(/^(25[0-5]|2[0-4]\d|1?\d?\d)(\.(25[0-5]|2[0-4]\d|1?\d?\d)){3}$/, 'an IPv4 address')),
      prefix: optional(attribute('prefix', positive)),
    })),
  ),
  ...bootField,
  ...deviceFields,
});

declare module '../../conf/device-definition.ts' {
  interface DeviceDefinitions {
    interface: Infer<typeof interfaceCodec>;
  }
}

type Interface = DeviceOf<'interface'>;
type Model = (typeof interfaceModels)[number];

const drivers: Readonly<Record<Model, string>> = {
  virtio: 'virtio-net-pci',
  'virtio-transitional': 'virtio-net-pci-transitional',
  'virtio-non-transitional': 'virtio-net-pci-non-transitional',
  e1000: 'e1000',
  e1000e: 'e1000e',
  rtl8139: 'rtl8139',
  ne2k_pci: 'ne2k_pci',
  pcnet: 'pcnet',
  vmxnet3: 'vmxnet3',
};

export const interfaceModule: DeviceModule<'interface'> = {
  kind: 'interface',
  codec: interfaceCodec,
  defaults: completeInterface,
  domainDefaults: 'none',
  validate: validateInterface,
  address: (card) => pciNeed(pciRank.interface, modelOf(card).startsWith('virtio') ? 'either' : modelOf(card) === 'e1000e' || modelOf(card) === 'vmxnet3' ? 'express' : 'conventional'),
  alias: (_, number) => number('net'),
  abi: { mac: 'same', backend: 'may-change', model: 'same', link: 'may-change', mtu: 'same', ip: 'may-change', boot: 'may-change', alias: 'may-change', address: 'same' },
  prepare: 'nothing',
  commandLine,
  boots: () => 'network',
  hostNeeds: 'none',
  sideProcesses: 'none',
  hotplug: 'unsupported',
  live: 'none',
  label: (card) => `${modelOf(card)} network card, user network`,
};

function modelOf(card: Interface): Model {
  return card.model?.type ?? 'rtl8139';
}

/** rtl8139 where none is named on a PC, as libvirt; elsewhere virtio. A card without an address gets one that lasts. */
function completeInterface(card: Interface, domain: DomainSurroundings): Interface {
  const preferred: Model = domain.machine === 'other' || !domain.capabilities.deviceTypes.has('rtl8139') ? 'virtio' : 'rtl8139';
  return { ...card, mac: card.mac ?? { address: domain.newMac() }, model: card.model ?? { type: preferred } };
}

function validateInterface(card: Interface, { definition, capabilities }: DomainSurroundings): void {
  const driver = drivers[modelOf(card)];
  if (!capabilities.deviceTypes.has(driver)) throw new VireoError('CONFIG_UNSUPPORTED', `this QEMU has no ${driver} for interface model '${modelOf(card)}'`);
  const address = card.mac?.address;
  if (address && devicesOf(definition.devices, 'interface').some((other) => other !== card && other.mac?.address === address)) {
    throw new VireoError('XML_ERROR', `two interfaces have the MAC address ${address}`);
  }
  if (card.mtu && !modelOf(card).startsWith('virtio')) throw new VireoError('CONFIG_UNSUPPORTED', `interface ${address}: an MTU is for virtio models only, not '${modelOf(card)}'`);
}

function commandLine(card: Interface, launch: DeviceLaunch): readonly CommandFragment[] {
  const id = aliasOf(card);
  const netdev = withoutNulls({
    type: 'user',
    net: card.ip ? `${card.ip.address}/${card.ip.prefix ?? 24}` : null,
    id: `host${id}`,
  });
  const device = withoutNulls({
    driver: drivers[modelOf(card)],
    netdev: `host${id}`,
    id,
    mac: card.mac?.address ?? null,
    host_mtu: card.mtu?.size ?? null,
    bootindex: launch.bootIndexOf(card),
    ...addressProperties(card.address, launch),
  });
  return [json('netdev', netdev), json('device', device)];
}
