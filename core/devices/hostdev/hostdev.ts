/** `<hostdev>`: a device of the host that the guest gets to itself, by PCI, USB, SCSI or as a mediated device. */
import { type AddressNeed, type DeviceModule, pciNeed, pciRank, virtioNeed } from '../device-module.ts';
import { hostdevCodec, hostNameOf, type Hostdev } from './hostdev-definition.ts';
import { hostdevCommandLine } from './hostdev-command.ts';
import { hostdevNeeds } from './hostdev-needs.ts';
import { validateHostdev } from './validate-hostdev.ts';

/** What some types say about the host, and no guest sees. */
const hostSide = { managed: 'may-change', driver: 'may-change', sgio: 'may-change', rawio: 'may-change', display: 'may-change' } as const;

export const hostdevModule: DeviceModule<'hostdev'> = {
  kind: 'hostdev',
  codec: hostdevCodec,
  defaults,
  domainDefaults: 'none',
  validate: validateHostdev,
  address,
  alias: (_, number) => number('hostdev'),
  abi: {
    ...hostSide,
    mode: 'same', type: 'same', source: 'may-change', teaming: 'may-change', readonly: 'same', shareable: 'may-change', boot: 'may-change', alias: 'may-change',
    rom: { file: 'may-change' }, acpi: 'same', address: 'same',
  },
  prepare: 'nothing',
  commandLine: hostdevCommandLine,
  boots: () => 'none',
  hostNeeds: hostdevNeeds,
  sideProcesses: 'none',
  hotplug: 'unsupported',
  live: 'none',
  label: (hostdev) => `host device ${hostNameOf(hostdev)} (${hostdev.type})`,
};

function defaults(hostdev: Hostdev): Hostdev {
  // Off is what QEMU has always meant; written down, so that another version's other choice changes nothing.
  if (hostdev.type === 'mdev' && hostdev.model === 'vfio-pci') return { ...hostdev, display: hostdev.display ?? false };
  if (hostdev.type !== 'scsi' || hostdev.source.protocol !== 'iscsi' || hostdev.source.name.includes('/')) return hostdev;
  return { ...hostdev, source: { ...hostdev.source, name: `${hostdev.source.name}/0` } };
}

function address(hostdev: Hostdev): AddressNeed {
  // Held for the domain and not shown to the guest.
  if (hostdev.address?.type === 'unassigned') return { type: 'none' };
  switch (hostdev.type) {
    case 'pci':
      return pciNeed(pciRank.hostdev, 'either');
    case 'usb':
      return { type: 'usb' };
    case 'scsi':
      return { type: 'drive', controller: 'scsi', preferred: { type: 'drive', controller: 0, bus: 0, target: 0, unit: 0 } };
    case 'scsi_host':
      return hostdev.model === 'virtio-transitional' ? pciNeed(pciRank.hostdev, 'conventional') : virtioNeed(pciRank.hostdev);
    case 'mdev':
      if (hostdev.model === 'vfio-ap') return { type: 'none' };
      // A channel device goes where virtio goes on its machine.
      return hostdev.model === 'vfio-ccw' ? virtioNeed(pciRank.hostdev) : pciNeed(pciRank.hostdev, 'either');
    case 'storage':
    case 'misc':
    case 'net':
      return { type: 'none' };
  }
}
