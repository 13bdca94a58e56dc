/**
 * Where the packets of a network card go: the `type` of `<interface>` with what that type puts into the element and its
 * `<source>`. The fields of a network and of a bridge overlap, because the network driver of libvirt shows in a live
 * definition which bridge a network turned out to be.
 */
import { attribute, child, children, type Infer, liveOnly, mapped, object, optional, union, withDefault } from '../../conf/codec/codec.ts';
import { hexadecimal, integer, ipAddress, ipv4Address, oneOf, pattern, positive, someText, unsigned, uuid, yesNo } from '../../conf/codec/scalar.ts';
import { section } from '../../conf/codec/shorthands.ts';

const port = integer(0, 65_535);

const ipCodec = mapped(
  object({
    address: attribute('address', ipAddress),
    family: optional(attribute('family', oneOf(['ipv4', 'ipv6']))),
    prefix: optional(attribute('prefix', integer(0, 128))),
    peer: optional(attribute('peer', ipAddress)),
  }),
  // libvirt says the family always; it follows from the address.
  (ip) => ({ ...ip, family: ip.family ?? familyOf(ip.address) }),
  (ip) => ip,
);

const routeCodec = object({
  family: optional(attribute('family', oneOf(['ipv4', 'ipv6']))),
  address: attribute('address', ipAddress),
  netmask: optional(attribute('netmask', ipv4Address)),
  prefix: optional(attribute('prefix', integer(0, 128))),
  gateway: attribute('gateway', ipAddress),
  metric: optional(attribute('metric', unsigned)),
});

/** Addresses and routes: of the guest's side in the interface, of the host's side in its source. */
export const ipFields = { ips: children('ip', ipCodec), routes: children('route', routeCodec) } as const;

export type InterfaceIp = Infer<typeof ipCodec>;

export function familyOf(address: string): 'ipv4' | 'ipv6' {
  return address.includes(':') ? 'ipv6' : 'ipv4';
}

const anyName = attribute('network', someText);
const networkFields = { portgroup: optional(attribute('portgroup', someText)), portid: liveOnly(optional(attribute('portid', uuid))) } as const;
const liveNetworkFields = { network: liveOnly(optional(anyName)), ...networkFields, portgroup: liveOnly(networkFields.portgroup) } as const;
const macTableManager = liveOnly(optional(attribute('macTableManager', oneOf(['kernel', 'libvirt']))));

const number64 = pattern(/^-?\d{1,18}$/, 'a whole number');
const usbId = hexadecimal(4, 0xffff);
const remote = { address: attribute('address', ipAddress), port: attribute('port', port) } as const;

const hostAddressCodec = union('type', {
  pci: object({
    domain: withDefault(attribute('domain', hexadecimal(4, 0xffff)), 0),
    bus: withDefault(attribute('bus', hexadecimal(2, 0xff)), 0),
    slot: withDefault(attribute('slot', hexadecimal(2, 0x1f)), 0),
    function: withDefault(attribute('function', hexadecimal(1, 7)), 0),
  }),
  usb: object({ bus: attribute('bus', unsigned), device: attribute('device', unsigned) }),
}, 'pci');

const hostdevCodec = object({
  managed: optional(attribute('managed', yesNo)),
  // Here this element stands before the source and means the host's driver; elsewhere it is virtio's: see interface-definition.ts.
  hostDriver: section('driver', { name: optional(attribute('name', oneOf(['kvm', 'vfio', 'xen']))), model: optional(attribute('model', someText)) }),
  source: child('source', object({
    missing: optional(attribute('missing', yesNo)),
    writeFiltering: optional(attribute('writeFiltering', yesNo)),
    vendor: optional(child('vendor', object({ id: attribute('id', usbId) }))),
    product: optional(child('product', object({ id: attribute('id', usbId) }))),
    address: optional(child('address', hostAddressCodec)),
  })),
});

const vhostUserCodec = object({
  source: section('source', {
    type: optional(attribute('type', oneOf(['unix']))),
    path: optional(attribute('path', someText)),
    mode: optional(attribute('mode', oneOf(['server', 'client']))),
    dev: optional(attribute('dev', someText)),
    reconnect: section('reconnect', {
      enabled: optional(attribute('enabled', yesNo)),
      timeout: optional(attribute('timeout', unsigned)),
      delay: optional(attribute('delay', unsigned)),
    }),
  }),
});

export const interfaceSourceCodec = union('type', {
  user: object({ source: optional(child('source', object({ dev: attribute('dev', someText) }))) }),
  network: object({
    source: child('source', object({ network: anyName, ...networkFields, bridge: liveOnly(optional(attribute('bridge', someText))), macTableManager })),
  }),
  bridge: object({ source: child('source', object({ ...liveNetworkFields, bridge: attribute('bridge', someText), macTableManager })) }),
  ethernet: object({ source: section('source', ipFields) }),
  direct: object({
    source: child('source', object({
      ...liveNetworkFields,
      dev: attribute('dev', someText),
      mode: withDefault(attribute('mode', oneOf(['vepa', 'private', 'bridge', 'passthrough'])), 'vepa'),
    })),
  }),
  vhostuser: vhostUserCodec,
  mcast: object({ source: child('source', object(remote)) }),
  client: object({ source: child('source', object(remote)) }),
  server: object({ source: child('source', object({ address: optional(remote.address), port: remote.port })) }),
  udp: object({ source: child('source', object({ ...remote, local: child('local', object(remote)) })) }),
  internal: object({ source: child('source', object({ name: attribute('name', someText) })) }),
  hostdev: hostdevCodec,
  vdpa: object({ source: child('source', object({ dev: attribute('dev', someText) })) }),
  null: object({}),
  vds: object({
    source: child('source', object({
      switchid: attribute('switchid', uuid),
      portid: withDefault(attribute('portid', number64), '0'),
      portgroupid: optional(attribute('portgroupid', someText)),
      connectionid: withDefault(attribute('connectionid', number64), '0'),
    })),
  }),
}, 'user');

const rangeCodec = object({
  start: attribute('start', positive),
  end: optional(attribute('end', positive)),
  to: optional(attribute('to', positive)),
  exclude: optional(attribute('exclude', yesNo)),
});

/** Ports of the host that passt carries to the guest. */
export const portForwardCodec = object({
  proto: attribute('proto', oneOf(['tcp', 'udp'])),
  address: optional(attribute('address', ipAddress)),
  dev: optional(attribute('dev', someText)),
  ranges: children('range', rangeCodec),
});

export type PortForward = Infer<typeof portForwardCodec>;
