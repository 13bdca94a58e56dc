/** What QEMU would refuse or ignore of a disk's images, the ones below it included. */
import path from 'node:path';
import type { QemuCapabilities } from '../../capabilities/qemu-capabilities.ts';
import type { DomainSurroundings } from '../device-module.ts';
import { type Disk, diskSource } from './disk-definition.ts';
import { dataStoreOf, type DiskImage, imageOfDataStore, imagesOf, reservationsOf } from './disk-images.ts';
import { type NetworkSource, type StorageHost, } from './network-source.ts';
import { splitName } from './network-node.ts';
import { refuseFirst, type Rule } from './rules.ts';
import type { StorageFormat } from './storage-source.ts';

/** Formats with a header that can name an image below. */
const overlays: readonly StorageFormat[] = ['cow', 'qcow', 'qcow2', 'qed', 'vmdk'];

export function validateImages(disk: Disk, domain: DomainSurroundings): void {
  const images = imagesOf(disk);
  const missing = disk.chain.layers.findIndex(({ backend }) => backend.source === null);
  refuseFirst(`disk '${disk.target.dev}'`, [[missing !== -1, 'a backingStore has no source', 'XML_ERROR']]);
  for (const [at, image] of images.entries()) {
    const name = image.isTop ? `disk '${disk.target.dev}'` : `backingStore ${at} of disk '${disk.target.dev}'`;
    refuseFirst(name, [[at < images.length - 1 && !overlays.includes(image.format), `format '${image.format}' does not lie over a backingStore`]]);
    validateImage(name, image, domain.capabilities);
    const store = dataStoreOf(image);
    if (!store) continue;
    refuseFirst(name, [
      [image.format !== 'qcow2', `a dataStore belongs to a qcow2 image, not to '${image.format}'`],
      [store.format.type !== 'raw', `a dataStore is raw, not '${store.format.type}'`],
      [store.backend.source !== null && 'slice' in store.backend.source && store.backend.source.slice !== null, 'a dataStore takes no slices', 'XML_ERROR'],
    ]);
    validateImage(`dataStore of ${name}`, imageOfDataStore(store, image.readonly), domain.capabilities);
  }
}

function validateImage(name: string, image: DiskImage, capabilities: QemuCapabilities): void {
  const { backend } = image;
  refuseFirst(name, [...formatRules(image), ...placeRules(image), ...encryptionRules(image, capabilities)]);
  if (backend.type === 'network' && backend.source) refuseFirst(name, [...networkRules(backend.source), ...image.auth ? authRules(image, backend.source) : []]);
}

function formatRules({ format, backend: { type }, readonly, metadataCacheBytes }: DiskImage): readonly Rule[] {
  return [
    [format === 'cow', "format 'cow' is not one of QEMU's"],
    [format === 'dir', "format 'dir' is no format; a folder is a source of type 'dir'"],
    [format === 'iso', "format 'iso' is raw to QEMU; say 'raw'"],
    [format === 'fat' && type !== 'dir' && type !== 'volume', "format 'fat' is for sources of type 'dir'"],
    [type === 'dir' && format !== 'fat', `a source of type 'dir' has format 'fat', not '${format}'`],
    [type === 'dir' && !readonly, "a source of type 'dir' can only be read; add <readonly/>"],
    [metadataCacheBytes !== null && format !== 'qcow2', `metadata_cache is for qcow2, not '${format}'`],
  ];
}

function placeRules({ backend }: DiskImage): readonly Rule[] {
  const file = diskSource({ backend } as Pick<Disk, 'backend'>);
  const seclabels = backend.source && 'seclabels' in backend.source ? backend.source.seclabels : [];
  const reservations = reservationsOf({ backend });
  return [
    [file !== null && !path.posix.isAbsolute(file) && !path.win32.isAbsolute(file), `its source '${file}' is not an absolute path`],
    [backend.type === 'nvme' && backend.source?.namespace === 0, 'NVMe namespaces are counted from 1'],
    [backend.type === 'volume' && (!backend.source?.pool || !backend.source.volume), 'a source of type volume names pool and volume', 'XML_ERROR'],
    [new Set(seclabels.map(({ model }) => model)).size !== seclabels.length, 'two seclabels of its source are of one model', 'XML_ERROR'],
    [seclabels.some(({ relabel, label }) => relabel === true && label === null), "a seclabel of its source has relabel='yes' and no label", 'XML_ERROR'],
    [seclabels.some(({ relabel, label }) => relabel === false && label !== null), "a seclabel of its source has relabel='no' and a label", 'XML_ERROR'],
    [reservations !== null && reservations.managed === null, "reservations say managed='yes' or managed='no'", 'XML_ERROR'],
    [reservations?.managed === false && reservations.source === null, "reservations with managed='no' need a source", 'XML_ERROR'],
    [reservations?.source?.mode === 'server', "reservations take a source of mode 'client'", 'XML_ERROR'],
  ];
}

function encryptionRules({ encryption, format, backend }: DiskImage, { version }: QemuCapabilities): readonly Rule[] {
  if (!encryption) return [[format === 'luks', "format 'luks' needs an encryption with its secret"]];
  const { engine } = encryption;
  const isRbd = backend.type === 'network' && backend.source?.protocol === 'rbd';
  return [
    [encryption.cipher !== null, 'encryption takes no cipher here; the image has its own'],
    [encryption.format === 'default' || encryption.format === 'qcow', `encryption format '${encryption.format}' is too weak for QEMU to open it`],
    [encryption.secrets.length === 0, 'encryption needs a secret', 'XML_ERROR'],
    [engine !== 'librbd' && encryption.format !== 'luks', `encryption format '${encryption.format}' is not one of engine 'qemu'`],
    [engine !== 'librbd' && !['raw', 'qcow2', 'luks'].includes(format), `encryption is for raw and qcow2 images, not '${format}'`],
    [engine !== 'librbd' && encryption.secrets.length > 1, "encryption by engine 'qemu' takes one secret"],
    [engine === 'librbd' && !isRbd, "encryption by engine 'librbd' is for protocol rbd"],
    [engine === 'librbd' && encryption.secrets.length > 1 && version.major < 8, 'layers of encryption by librbd need QEMU 8.0'],
    [engine === 'librbd' && encryption.format === 'luks-any' && version.major < 8, "encryption format 'luks-any' needs QEMU 8.0"],
  ];
}

function authRules({ auth }: DiskImage, { protocol }: NetworkSource): readonly Rule[] {
  const type = auth?.secret.type;
  return [
    [['nbd', 'gluster', 'tftp', 'sheepdog', 'vxhs', 'nfs'].includes(protocol), `protocol '${protocol}' knows no auth`],
    [protocol === 'iscsi' && type !== 'iscsi', `auth for protocol iscsi takes a secret of type 'iscsi', not '${type}'`],
    [protocol === 'rbd' && type !== 'ceph', `auth for protocol rbd takes a secret of type 'ceph', not '${type}'`],
  ];
}

function networkRules(source: NetworkSource): readonly Rule[] {
  const { protocol, hosts, name } = source;
  const cookies = 'cookies' in source ? (source.cookies?.list ?? []) : [];
  const badCookie = cookies.find((cookie) => /[^!#$%&'*+.^_`|~0-9A-Za-z-]/.test(cookie.name) || !/^("[\x21\x23-\x2b\x2d-\x3a\x3c-\x5b\x5d-\x7e]*"|[\x21\x23-\x2b\x2d-\x3a\x3c-\x5b\x5d-\x7e]*)$/.test(cookie.value));
  const takesMany = protocol === 'gluster' || protocol === 'rbd';
  return [
    [protocol === 'sheepdog' || protocol === 'tftp' || protocol === 'vxhs', `protocol '${protocol}' is one that QEMU no longer has`],
    [hosts.length !== 1 && !takesMany, `protocol '${protocol}' takes exactly one host, not ${hosts.length}`],
    [hosts.length === 0 && protocol === 'gluster', "protocol 'gluster' needs a host"],
    ...hosts.flatMap((host) => hostRules(source, host)),
    [(protocol === 'gluster' || protocol === 'rbd') && splitName(name ?? '') === null, `its name '${name}' is not a pool or volume and an image, as in pool/image`, 'XML_ERROR'],
    [protocol === 'iscsi' && !/^[^/]+(\/\d{1,5})?$/.test(name ?? ''), `its name '${name}' is not a target and a unit, as in iqn.2024-01.org.example:disk/1`],
    [badCookie !== undefined, `cookie '${badCookie?.name}' has characters that a header of HTTP cannot hold`],
    [protocol === 'ssh' && source.identity !== null && source.identity.keyfile === null && source.identity.agentSocket === null, 'identity of an ssh source needs keyfile or agentsock', 'XML_ERROR'],
    [protocol === 'nfs' && [source.identity?.user, source.identity?.group].some((account) => account !== null && account !== undefined && !/^\+?\d{1,10}$/.test(account)), 'identity of an nfs source takes numbers; names are not looked up'],
  ];
}

function hostRules({ protocol }: NetworkSource, { transport, name, socket, port }: StorageHost): readonly Rule[] {
  return [
    [transport === 'rdma', "transport 'rdma' is one that QEMU no longer has"],
    [transport === 'unix' && socket === null, "a host of transport 'unix' needs a socket", 'XML_ERROR'],
    [transport !== 'unix' && socket !== null, "a host's socket is for transport 'unix'", 'XML_ERROR'],
    [transport !== 'unix' && name === null, 'a host needs a name', 'XML_ERROR'],
    [transport === 'unix' && protocol !== 'nbd' && protocol !== 'gluster', `protocol '${protocol}' takes no host of transport 'unix'`],
    [protocol === 'nfs' && (port ?? 0) !== 0, "protocol 'nfs' takes no port"],
  ];
}
