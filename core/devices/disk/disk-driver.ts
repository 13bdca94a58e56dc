/** `<driver>` of a disk: the image's format and how QEMU reads, writes and serves it. */
import { attribute, children, type Infer, mapped, object, optional } from '../../conf/codec/codec.ts';
import { listWithin } from '../../conf/codec/shorthands.ts';
import { oneOf, onOff, positive, unsigned } from '../../conf/codec/scalar.ts';
import { noVirtioOptions, virtioFields } from '../virtio/virtio-device.ts';
import { metadataCacheField, storageFormats } from './storage-source.ts';
import { objectName } from './storage-words.ts';

const ioThreadCodec = object({ id: attribute('id', unsigned), queues: children('queue', object({ id: attribute('id', unsigned) })) });

export const diskDriverCodec = object({
  /** Null until the definition is completed: qemu. */
  name: optional(attribute('name', objectName)),
  /** `aio` is how old definitions say raw. */
  type: mapped(optional(attribute('type', oneOf([...storageFormats, 'aio']))), (word) => (word === 'aio' ? 'raw' : word), (word) => word),
  cache: optional(attribute('cache', oneOf(['default', 'none', 'writethrough', 'writeback', 'directsync', 'unsafe']))),
  errorPolicy: optional(attribute('error_policy', oneOf(['stop', 'report', 'ignore', 'enospace']))),
  readErrorPolicy: optional(attribute('rerror_policy', oneOf(['stop', 'report', 'ignore']))),
  io: optional(attribute('io', oneOf(['threads', 'native', 'io_uring']))),
  ioeventfd: optional(attribute('ioeventfd', onOff)),
  eventIdx: optional(attribute('event_idx', onOff)),
  copyOnRead: optional(attribute('copy_on_read', onOff)),
  discard: optional(attribute('discard', oneOf(['ignore', 'unmap']))),
  ioThread: optional(attribute('iothread', positive)),
  detectZeroes: optional(attribute('detect_zeroes', oneOf(['off', 'on', 'unmap']))),
  discardNoUnref: optional(attribute('discard_no_unref', onOff)),
  queues: optional(attribute('queues', positive)),
  queueSize: optional(attribute('queue_size', positive)),
  ...virtioFields,
  ...metadataCacheField,
  /** Which I/O threads serve which queues; empty where one thread or the main loop serves them all. */
  ioThreads: listWithin('iothreads', 'iothread', ioThreadCodec),
});

export type DiskDriver = Infer<typeof diskDriverCodec>;

export const plainDriver: DiskDriver = {
  name: null, type: null, cache: null, errorPolicy: null, readErrorPolicy: null, io: null, ioeventfd: null, eventIdx: null, copyOnRead: null, discard: null,
  ioThread: null, detectZeroes: null, discardNoUnref: null, queues: null, queueSize: null, ...noVirtioOptions, metadataCacheBytes: null, ioThreads: [],
};
