/** The form of `<filesystem>` in a definition. */
import { attribute, child, childFlag, children, type Codec, type Infer, mapped, object, optional, withDefault } from '../../conf/codec/codec.ts';
import { integer, oneOf, onOff, positive, type Scalar, someText, unsigned } from '../../conf/codec/scalar.ts';
import { section } from '../../conf/codec/shorthands.ts';
import { bootField } from '../../conf/device-address.ts';
import type { DeviceOf } from '../../conf/device-definition.ts';
import { sizeText } from '../../conf/memory-size.ts';
import { pciFields } from '../pci-fields.ts';
import { virtioFields } from '../virtio/virtio-device.ts';

/** The permission bits of a new file, in octal. */
const permissions: Scalar<number> = {
  parse(text) {
    const mode = /^0?[0-7]{1,4}$/.test(text) ? Number.parseInt(text, 8) : Number.NaN;
    return mode <= 0o777 ? mode : undefined;
  },
  format: (mode) => mode.toString(8).padStart(4, '0'),
  allowed: 'a number from 0000 to 0777 in base 8',
  shape: { type: 'integer', minimum: 0, maximum: 0o777 },
};

const unitBytes: Readonly<Record<string, number>> = { b: 1, bytes: 1, KB: 1e3, KiB: 1024, K: 1024, k: 1024, MB: 1e6, MiB: 1024 ** 2, M: 1024 ** 2, GB: 1e9, GiB: 1024 ** 3, G: 1024 ** 3 };

/** The memory of a file system that lies in it: libvirt writes KiB. */
const usage = mapped(
  object({ usage: attribute('usage', integer(0, Number.MAX_SAFE_INTEGER)), units: optional(attribute('units', oneOf(Object.keys(unitBytes)))) }),
  ({ usage: amount, units }) => ({ usageKiB: Math.ceil((amount * (unitBytes[units ?? 'KiB'] ?? 1024)) / 1024) }),
  ({ usageKiB }) => ({ usage: usageKiB, units: 'KiB' }),
);

const idMapping = object({ start: attribute('start', unsigned), target: attribute('target', unsigned), count: attribute('count', unsigned) });

/** What virtiofsd is told; only where it is the driver. */
const binaryElement = section('binary', {
  path: optional(attribute('path', someText)),
  xattr: optional(attribute('xattr', onOff)),
  cache: section('cache', { mode: optional(attribute('mode', oneOf(['none', 'always']))) }),
  sandbox: section('sandbox', { mode: optional(attribute('mode', oneOf(['namespace', 'chroot']))) }),
  lock: section('lock', { posix: optional(attribute('posix', onOff)), flock: optional(attribute('flock', onOff)) }),
  threadPool: section('thread_pool', { size: optional(attribute('size', unsigned)) }),
  openFiles: section('openfiles', { maximum: optional(attribute('max', positive)) }),
});

const sourceCodec = object({
  dir: optional(attribute('dir', someText)),
  /** Of a virtiofsd that somebody else runs. */
  socket: optional(attribute('socket', someText)),
  file: optional(attribute('file', someText)),
  dev: optional(attribute('dev', someText)),
  name: optional(attribute('name', someText)),
  pool: optional(attribute('pool', someText)),
  volume: optional(attribute('volume', someText)),
  memory: optional(usage),
});

/** Here alone libvirt spells the unit out. */
const limitText: Codec<number> = {
  ...sizeText({ unit: 'bytes', spelling: 'B' }),
  write(bytes, builder) {
    builder.attribute('unit', 'bytes');
    builder.text(String(bytes));
  },
};

export const filesystemCodec = object({
  /** QEMU shares folders ('mount'); the other types are those of other hypervisors. */
  type: withDefault(attribute('type', oneOf(['mount', 'bind', 'file', 'block', 'template', 'ram', 'volume'])), 'mount'),
  accessMode: optional(attribute('accessmode', oneOf(['passthrough', 'mapped', 'squash']))),
  model: optional(attribute('model', oneOf(['virtio', 'virtio-transitional', 'virtio-non-transitional']))),
  multidevs: optional(attribute('multidevs', oneOf(['default', 'remap', 'forbid', 'warn']))),
  fileMode: optional(attribute('fmode', permissions)),
  directoryMode: optional(attribute('dmode', permissions)),
  driver: section('driver', {
    type: optional(attribute('type', oneOf(['path', 'handle', 'loop', 'nbd', 'ploop', 'virtiofs', 'mtp']))),
    format: optional(attribute('format', someText)),
    wrpolicy: optional(attribute('wrpolicy', oneOf(['immediate']))),
    queueSize: optional(attribute('queue', unsigned)),
    ...virtioFields,
  }),
  binary: binaryElement,
  idmap: section('idmap', { uid: children('uid', idMapping), gid: children('gid', idMapping) }),
  source: child('source', sourceCodec),
  /** The name by which the guest mounts it. */
  target: child('target', object({ dir: attribute('dir', someText) })),
  readonly: childFlag('readonly'),
  ...bootField,
  ...pciFields,
  spaceHardLimitBytes: optional(child('space_hard_limit', limitText)),
  spaceSoftLimitBytes: optional(child('space_soft_limit', limitText)),
});

declare module '../../conf/device-definition.ts' {
  interface DeviceDefinitions {
    filesystem: Infer<typeof filesystemCodec>;
  }
}

export type Filesystem = DeviceOf<'filesystem'>;
