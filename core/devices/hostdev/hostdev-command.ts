/** Host devices as QEMU is told about them. */
import { devicesOf } from '../../conf/device-definition.ts';
import { addressProperties, aliasOf, driveProperties } from '../address-properties.ts';
import { type CommandFragment, json, type JsonObject, withoutNulls } from '../command-fragment.ts';
import { networkNode } from '../disk/network-node.ts';
import type { DeviceLaunch } from '../launch-context.ts';
import { acpiProperties, romProperties } from '../pci-fields.ts';
import { secretObject } from '../secret-object.ts';
import { virtioDriver } from '../virtio/virtio-device.ts';
import { type Hostdev, hostNameOf, type HostdevOf, type IscsiHostdevSource } from './hostdev-definition.ts';
import { scsiAddress } from './scsi-generics.ts';

/** As many characters as QEMU gives a block node's name. */
const maximumNodeName = 31;

export function hostdevCommandLine(hostdev: Hostdev, launch: DeviceLaunch): readonly CommandFragment[] {
  if (hostdev.address?.type === 'unassigned') return [];
  switch (hostdev.type) {
    case 'pci':
      return [device(hostdev, pciProperties(hostdev), launch)];
    case 'usb':
      // QEMU waits for no place on a bus: without what it is, one that is missing is left out.
      if (hostdev.source.missing && !hostdev.source.vendor) return [];
      return [device(hostdev, usbProperties(hostdev), launch)];
    case 'scsi':
      return scsiFragments(hostdev, launch);
    case 'scsi_host':
      return [device(hostdev, { driver: virtioDriver('vhost-scsi', hostdev.address, hostdev.model ?? 'virtio'), wwpn: hostdev.source.wwpn }, launch)];
    case 'mdev':
      return [device(hostdev, mdevProperties(hostdev), launch)];
    case 'storage':
    case 'misc':
    case 'net':
      return [];
  }
}

/** `-device` with what all of them share behind what is their own. */
function device(hostdev: Hostdev, own: JsonObject, launch: DeviceLaunch, place: JsonObject = addressProperties(hostdev.address, launch)): CommandFragment {
  const isOnChannel = hostdev.address?.type === 'ccw';
  return json('device', withoutNulls({
    ...own,
    id: aliasOf(hostdev),
    bootindex: launch.bootIndexOf(hostdev),
    loadparm: isOnChannel ? (hostdev.boot?.loadparm ?? null) : null,
    ...place,
    ...acpiProperties(hostdev.acpi),
    ...romProperties(hostdev.rom),
  }));
}

/** A ramfb is set up before any driver of the guest and never goes away, which another variant of the device does. */
function pciProperties(hostdev: HostdevOf<'pci'>): JsonObject {
  const { display, ramfb, teaming } = hostdev;
  return withoutNulls({
    driver: ramfb ? 'vfio-pci-nohotplug' : 'vfio-pci',
    host: hostNameOf(hostdev),
    failover_pair_id: teaming?.type === 'transient' ? teaming.persistent : null,
    display: onOffText(display),
    ramfb: ramfb ? true : null,
  });
}

function mdevProperties({ model, display, ramfb, source }: HostdevOf<'mdev'>): JsonObject {
  return withoutNulls({
    driver: ramfb ? 'vfio-pci-nohotplug' : model,
    sysfsdev: `/sys/bus/mdev/devices/${source.address.uuid}`,
    display: onOffText(display),
    ramfb: ramfb ? true : null,
  });
}

/** One that is not there is waited for by what it is. */
function usbProperties({ source }: HostdevOf<'usb'>): JsonObject {
  const { address, vendor, product, guestReset, missing } = source;
  const digits = (value: number): string => String(value).padStart(3, '0');
  const there = missing ? null : address;
  return withoutNulls({
    driver: 'usb-host',
    hostdevice: there ? `/dev/bus/usb/${digits(there.bus)}/${digits(there.device)}` : null,
    vendorid: there ? null : (vendor?.id ?? null),
    productid: there ? null : (product?.id ?? null),
    'guest-reset': guestReset === null ? null : guestReset !== 'off',
    'guest-resets-all': guestReset === null || guestReset === 'off' ? null : guestReset === 'on',
  });
}

function scsiFragments(hostdev: HostdevOf<'scsi'>, launch: DeviceLaunch): readonly CommandFragment[] {
  const { source, readonly } = hostdev;
  const node = nodeName(hostdev, launch);
  const rest = { 'node-name': node, 'read-only': readonly ? true : null };
  const own = device(hostdev, { driver: 'scsi-generic', drive: node }, launch, hostdev.address?.type === 'drive' ? driveProperties('scsi', hostdev.address, launch) : {});
  if (source.protocol === 'adapter') return [json('blockdev', withoutNulls({ driver: 'host_device', filename: launch.scsiGenerics?.get(scsiAddress(source)) ?? `/dev/bsg/${scsiAddress(source)}`, ...rest })), own];
  const secret = source.auth ? `${node}-secret0` : null;
  const blockdev = json('blockdev', withoutNulls({ ...iscsiNode(source, secret), ...rest }));
  return source.auth && secret !== null ? [secretObject(secret, { use: 'iscsi', reference: source.auth.secret.reference }, launch), blockdev, own] : [blockdev, own];
}

/** libvirt's name; what a user chose as an alias may be too long for one. */
function nodeName(hostdev: HostdevOf<'scsi'>, { definition }: DeviceLaunch): string {
  const name = `libvirt-${aliasOf(hostdev)}-backend`;
  const place = devicesOf(definition.devices, 'hostdev').findIndex(({ alias }) => alias === hostdev.alias);
  return name.length <= maximumNodeName ? name : `libvirt-host${place}-backend`;
}

function iscsiNode({ name, hosts, auth, initiator }: IscsiHostdevSource, secret: string | null): JsonObject {
  const servers = hosts.map((host) => ({ ...host, port: host.port ?? 3260 }));
  const source = { protocol: 'iscsi', name, hosts: servers, initiator, index: null, slice: null, auth, encryption: null, reservations: null } as const;
  return networkNode({ source, auth, encryption: null, secrets: { auth: secret, cookies: null, tls: null, encryption: [] } });
}

function onOffText(value: boolean | null): 'on' | 'off' | null {
  return value === null ? null : value ? 'on' : 'off';
}
