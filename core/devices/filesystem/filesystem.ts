/** `<filesystem>`: a folder of the host that the guest mounts by a name, over 9p, virtiofs or as a media player (MTP). */
import { VireoError } from '../../base/errors.ts';
import { devicesOf } from '../../conf/device-definition.ts';
import { addressProperties, aliasOf } from '../address-properties.ts';
import { type CommandFragment, json, keyed, withoutNulls } from '../command-fragment.ts';
import { type AddressNeed, type DeviceModule, type DomainSurroundings, type HostNeed, pciNeed, pciRank, virtioNeed } from '../device-module.ts';
import type { DeviceLaunch } from '../launch-context.ts';
import { acpiProperties } from '../pci-fields.ts';
import { requireDeviceType, requireVirtioDevice } from '../require-device-type.ts';
import { requireSharedMemory } from '../shared-memory.ts';
import { virtioDriver, virtioProperties } from '../virtio/virtio-device.ts';
import { type Filesystem, filesystemCodec } from './filesystem-definition.ts';
import { virtiofsd, virtiofsNeeds, virtiofsSocket } from './virtiofsd.ts';

export const filesystemModule: DeviceModule<'filesystem'> = {
  kind: 'filesystem',
  codec: filesystemCodec,
  defaults: (filesystem) => (filesystem.source.socket === null ? { ...filesystem, accessMode: filesystem.accessMode ?? 'passthrough' } : filesystem),
  domainDefaults: 'none',
  validate,
  address: needOf,
  alias: (_, number) => number('fs'),
  abi: {
    type: 'may-change',
    accessMode: 'may-change',
    model: 'same',
    multidevs: 'may-change',
    fileMode: 'may-change',
    directoryMode: 'may-change',
    driver: { format: 'may-change', wrpolicy: 'may-change' },
    binary: 'may-change',
    idmap: 'may-change',
    source: 'may-change',
    target: 'same',
    readonly: 'same',
    boot: 'may-change',
    alias: 'may-change',
    acpi: 'same',
    address: 'same',
    spaceHardLimitBytes: 'may-change',
    spaceSoftLimitBytes: 'may-change',
  },
  prepare: 'nothing',
  commandLine(filesystem, launch) {
    switch (wayOf(filesystem)) {
      case '9p':
        return ninepFragments(filesystem, launch);
      case 'virtiofs':
        return virtiofsFragments(filesystem, launch);
      case 'mtp':
        return [mtpFragment(filesystem, launch)];
    }
  },
  boots: () => 'none',
  hostNeeds(filesystem): readonly HostNeed[] {
    if (wayOf(filesystem) === 'virtiofs') return virtiofsNeeds(filesystem);
    return filesystem.source.dir === null ? [] : [{ type: 'path', path: filesystem.source.dir, access: 'read', why: `the shared folder '${filesystem.target.dir}'` }];
  },
  sideProcesses: (filesystem, launch) => (wayOf(filesystem) === 'virtiofs' ? virtiofsd(filesystem, launch) : []),
  hotplug: 'unsupported',
  live: 'none',
  label: (filesystem) => `shared folder ${filesystem.target.dir} (${wayOf(filesystem)})`,
};

/** How the folder reaches the guest. */
function wayOf({ driver }: Filesystem): '9p' | 'virtiofs' | 'mtp' {
  return driver?.type === 'virtiofs' || driver?.type === 'mtp' ? driver.type : '9p';
}

function needOf(filesystem: Filesystem): AddressNeed {
  if (wayOf(filesystem) === 'mtp') return { type: 'usb' };
  return filesystem.model === 'virtio-transitional' ? pciNeed(pciRank.filesystem, 'conventional') : virtioNeed(pciRank.filesystem);
}

function validate(filesystem: Filesystem, domain: DomainSurroundings): void {
  const { type, accessMode, driver, source, target, boot, fileMode, directoryMode } = filesystem;
  const refuse = refusalOf(filesystem);
  if (type !== 'mount') refuse(`only filesystem type 'mount' exists in QEMU, not '${type}'`);
  if (source.dir === null && source.socket === null) throw new VireoError('XML_ERROR', `filesystem '${target.dir}': its source needs the attribute 'dir'`);
  if (filesystem.spaceHardLimitBytes || filesystem.spaceSoftLimitBytes) refuse('QEMU limits no space');
  if ((fileMode || directoryMode) && accessMode !== 'mapped') refuse("fmode and dmode are for accessmode='mapped' only");
  if (driver && ['handle', 'loop', 'nbd', 'ploop'].includes(driver.type ?? '')) refuse(`driver type '${driver.type}' does not exist in QEMU`);
  if (boot && wayOf(filesystem) !== 'virtiofs') refuse("a boot order is for driver type 'virtiofs' only");
  if (source.socket !== null && wayOf(filesystem) !== 'virtiofs') refuse(`the socket '${source.socket}' is for driver type 'virtiofs' only`);
  switch (wayOf(filesystem)) {
    case 'virtiofs':
      return validateVirtiofs(filesystem, domain);
    case 'mtp':
      if (accessMode !== 'passthrough') refuse(`driver type 'mtp' knows accessmode 'passthrough' only, not '${accessMode}'`);
      return requireDeviceType(domain.capabilities, 'usb-mtp', `filesystem '${target.dir}'`);
    case '9p':
      if (filesystem.binary) refuse("<binary> is for driver type 'virtiofs' only");
      if (filesystem.idmap) refuse("<idmap> is for driver type 'virtiofs' only");
      if (Buffer.byteLength(target.dir) > 31) refuse('the name that the guest mounts it by is longer than the 31 bytes that 9p has for it');
      return requireVirtioDevice(domain.capabilities, 'virtio-9p', filesystem.address, filesystem.model ?? 'virtio', `filesystem '${target.dir}'`);
  }
}

function validateVirtiofs(filesystem: Filesystem, { definition, capabilities }: DomainSurroundings): void {
  const { target, source, accessMode, address } = filesystem;
  const refuse = refusalOf(filesystem);
  if (source.socket === null && accessMode !== 'passthrough') refuse(`driver type 'virtiofs' knows accessmode 'passthrough' only, not '${accessMode}'`);
  if (source.socket !== null && filesystem.binary) refuse(`<binary> is not used with the socket '${source.socket}' of a running server`);
  const foreign = { wrpolicy: filesystem.driver?.wrpolicy, format: filesystem.driver?.format, model: filesystem.model, multidevs: filesystem.multidevs, fmode: filesystem.fileMode, dmode: filesystem.directoryMode };
  for (const [name, value] of Object.entries(foreign)) {
    if ((value ?? null) !== null && value !== 'default') refuse(`driver type 'virtiofs' has no ${name} ('${value}')`);
  }
  if (filesystem.boot && address !== null && address.type !== 'pci') refuse(`a boot order of driver type 'virtiofs' is for PCI only, not for an address of type '${address.type}'`);
  if (Buffer.byteLength(target.dir) > 36) refuse('the name that the guest mounts it by is longer than the 36 bytes that virtiofs has for it');
  const twins = devicesOf(definition.devices, 'filesystem').filter((other) => wayOf(other) === 'virtiofs' && other.target.dir === target.dir);
  if (twins.length > 1) refuse('two filesystems have this target');
  requireSharedMemory(definition, `filesystem '${target.dir}' of driver type 'virtiofs'`);
  requireVirtioDevice(capabilities, 'vhost-user-fs', address, 'virtio', `filesystem '${target.dir}'`);
}

function refusalOf({ target }: Filesystem): (text: string) => never {
  return (text) => {
    throw new VireoError('CONFIG_UNSUPPORTED', `filesystem '${target.dir}': ${text}`);
  };
}

const securityModels = { passthrough: 'passthrough', mapped: 'mapped', squash: 'none' } as const;

function ninepFragments(filesystem: Filesystem, launch: DeviceLaunch): readonly CommandFragment[] {
  const { accessMode, multidevs, fileMode, directoryMode, driver, source, readonly, target, address } = filesystem;
  const id = aliasOf(filesystem);
  const octal = (mode: number | null): string | null => (mode ? mode.toString(8).padStart(4, '0') : null);
  const backend = keyed('fsdev', 'local', {
    security_model: securityModels[accessMode ?? 'passthrough'],
    multidevs: multidevs === 'default' ? null : multidevs,
    fmode: octal(fileMode),
    dmode: octal(directoryMode),
    writeout: driver?.wrpolicy ?? null,
    id: `fsdev-${id}`,
    path: source.dir,
    readonly: readonly ? true : null,
  });
  const device = {
    driver: virtioDriver('virtio-9p', address, filesystem.model ?? 'virtio'),
    ...virtioProperties(driver),
    id,
    fsdev: `fsdev-${id}`,
    mount_tag: target.dir,
    ...acpiProperties(filesystem.acpi),
    ...addressProperties(address, launch),
  };
  return [backend, json('device', device)];
}

function virtiofsFragments(filesystem: Filesystem, launch: DeviceLaunch): readonly CommandFragment[] {
  const { driver, target, address } = filesystem;
  const id = aliasOf(filesystem);
  const chardev = `chr-vu-${id}`;
  const device = withoutNulls({
    driver: virtioDriver('vhost-user-fs', address),
    ...virtioProperties(driver),
    id,
    chardev,
    'queue-size': driver?.queueSize || null,
    tag: target.dir,
    bootindex: launch.bootIndexOf(filesystem),
    ...acpiProperties(filesystem.acpi),
    ...addressProperties(address, launch),
  });
  return [keyed('chardev', 'socket', { id: chardev, path: virtiofsSocket(filesystem, launch) }), json('device', device)];
}

function mtpFragment(filesystem: Filesystem, launch: DeviceLaunch): CommandFragment {
  const { source, target, readonly, address } = filesystem;
  return json('device', { driver: 'usb-mtp', id: aliasOf(filesystem), rootdir: source.dir, desc: target.dir, readonly, ...addressProperties(address, launch) });
}
