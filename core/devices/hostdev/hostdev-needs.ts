/** What has to be there before a host device can be handed over; `managed` or not, this driver takes none from its driver itself. */
import type { HostNeed } from '../device-module.ts';
import type { LaunchContext } from '../launch-context.ts';
import type { SecretNeed } from '../../secret/secret-reference.ts';
import { type Hostdev, hostNameOf, type HostdevOf } from './hostdev-definition.ts';
import { scsiAddress } from './scsi-generics.ts';

export function hostdevNeeds(hostdev: Hostdev, launch: LaunchContext): readonly HostNeed[] {
  const why = `host device ${hostNameOf(hostdev)}`;
  switch (hostdev.type) {
    case 'pci':
      return pciNeeds(hostNameOf(hostdev), why);
    case 'usb':
      return usbNeeds(hostdev, why);
    case 'scsi':
      return scsiNeeds(hostdev, launch, why);
    case 'scsi_host':
      return [{ type: 'path', path: '/dev/vhost-scsi', access: 'read-write', why }, { type: 'path', path: `/sys/kernel/config/target/vhost/${hostdev.source.wwpn}`, access: 'read', why }];
    case 'mdev':
      return [{ type: 'path', path: `/sys/bus/mdev/devices/${hostdev.source.address.uuid}`, access: 'read', why }, vfio(why)];
    case 'storage':
    case 'misc':
    case 'net':
      return [];
  }
}

/** Secrets that have to be looked up. */
export function hostdevSecrets(hostdev: Hostdev): readonly SecretNeed[] {
  if (hostdev.type !== 'scsi' || hostdev.source.protocol !== 'iscsi' || !hostdev.source.auth) return [];
  return [{ use: 'iscsi', reference: hostdev.source.auth.secret.reference }];
}

function vfio(why: string): HostNeed {
  return { type: 'path', path: '/dev/vfio/vfio', access: 'read-write', why: `${why} (the kernel module vfio)` };
}

/** The group's own node in /dev/vfio is opened by QEMU, which names it where it may not. */
export function pciNeeds(address: string, why: string): readonly HostNeed[] {
  return [
    { type: 'path', path: `/sys/bus/pci/devices/${address}`, access: 'read', why },
    { type: 'path', path: `/sys/bus/pci/devices/${address}/iommu_group`, access: 'read', why: `${why}: the host's IOMMU has to be on` },
    { type: 'path', path: `/sys/bus/pci/drivers/vfio-pci/${address}`, access: 'read', why: `${why}: bind it to the driver vfio-pci first` },
    vfio(why),
  ];
}

function usbNeeds({ source }: HostdevOf<'usb'>, why: string): readonly HostNeed[] {
  const { address, startupPolicy, missing } = source;
  if (!address || missing || startupPolicy === 'optional') return [{ type: 'path', path: '/dev/bus/usb', access: 'read', why }];
  const digits = (value: number): string => String(value).padStart(3, '0');
  return [{ type: 'path', path: `/dev/bus/usb/${digits(address.bus)}/${digits(address.device)}`, access: 'read-write', why }];
}

function scsiNeeds({ source, rawio, readonly }: HostdevOf<'scsi'>, { scsiGenerics }: LaunchContext, why: string): readonly HostNeed[] {
  const raw: readonly HostNeed[] = rawio ? [{ type: 'unsupported', reason: `rawio='yes' of ${why} needs QEMU to have the capability CAP_SYS_RAWIO, which this driver does not give` }] : [];
  if (source.protocol === 'iscsi') return raw;
  const node = scsiGenerics?.get(scsiAddress(source));
  if (node !== undefined) return [...raw, { type: 'path', path: node, access: readonly ? 'read' : 'read-write', why }];
  return [...raw, { type: 'path', path: `/sys/bus/scsi/devices/${scsiAddress(source)}/scsi_generic`, access: 'read', why: `${why} (the kernel module sg)` }];
}
