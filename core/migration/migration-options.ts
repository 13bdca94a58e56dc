/**
 * What a user may ask of a migration: libvirt's flags and typed parameters (libvirt-domain.h, 11.3) under plain names, in
 * one record that travels unchanged through every phase, so that both hosts decide by the same words.
 */
import { z } from 'zod';

export const compressionMethods = ['mt', 'xbzrle', 'zlib', 'zstd'] as const;

const mib = z.number().int().min(0);

export const migrationOptionsSchema = z.object({
  /** VIR_MIGRATE_LIVE: the guest runs while its memory is copied. */
  live: z.boolean().default(false),
  /** VIR_MIGRATE_PERSIST_DEST, VIR_MIGRATE_UNDEFINE_SOURCE. */
  persistDestination: z.boolean().default(false),
  undefineSource: z.boolean().default(false),
  /** VIR_MIGRATE_PAUSED: the guest is left paused on the destination, whatever it was. */
  paused: z.boolean().default(false),
  /** VIR_MIGRATE_CHANGE_PROTECTION: nobody changes the domain from Begin on; always so where the source host leads. */
  changeProtection: z.boolean().default(false),
  /** VIR_MIGRATE_NON_SHARED_DISK and _INC: disks are copied, wholly or above their backing images. */
  copyStorage: z.enum(['none', 'all', 'incremental']).default('none'),
  /** VIR_MIGRATE_NON_SHARED_SYNCHRONOUS_WRITES: a write of the guest waits for its copy. */
  copyStorageSynchronousWrites: z.boolean().default(false),
  /** VIR_MIGRATE_UNSAFE: also where caches of the host could lose what the guest wrote. */
  unsafe: z.boolean().default(false),
  /** VIR_MIGRATE_OFFLINE: the definition of a domain that does not run. */
  offline: z.boolean().default(false),
  /** VIR_MIGRATE_TUNNELLED: memory goes through the connection between the hosts. */
  tunnelled: z.boolean().default(false),
  /** VIR_MIGRATE_ABORT_ON_ERROR: an I/O error of a disk ends the migration. */
  abortOnError: z.boolean().default(false),
  autoConverge: z.boolean().default(false),
  /** VIR_MIGRATE_RDMA_PIN_ALL: refused, no carrier of ours has RDMA. */
  rdmaPinAll: z.boolean().default(false),
  postcopy: z.boolean().default(false),
  /** VIR_MIGRATE_POSTCOPY_RESUME: goes on with a post-copy migration whose link broke. */
  postcopyResume: z.boolean().default(false),
  tls: z.boolean().default(false),
  parallel: z.boolean().default(false),
  zeroCopy: z.boolean().default(false),
  compressed: z.boolean().default(false),

  /** The domain's name on the destination. */
  destinationName: z.string().min(1).max(1024).nullable().default(null),
  /** The running and the persistent definition there; both are checked against what the guest sees. */
  destinationXml: z.string().max(4 << 20).nullable().default(null),
  persistentXml: z.string().max(4 << 20).nullable().default(null),
  /** Targets of the disks to copy (`vda`); null is every one that is neither read-only, shared nor empty. */
  migrateDisks: z.array(z.string().min(1).max(64)).max(256).nullable().default(null),
  migrateDisksDetectZeroes: z.array(z.string().min(1).max(64)).max(256).default([]),
  /** MiB a second; 0 is no limit, null the domain's own (migrate-setspeed). */
  bandwidthMiBps: mib.nullable().default(null),
  postcopyBandwidthMiBps: mib.nullable().default(null),
  maxDowntimeMs: z.number().int().min(1).nullable().default(null),
  /** Where the destination's QEMU listens: an address of that host. */
  listenAddress: z.string().min(1).max(256).nullable().default(null),
  /** Where the source's QEMU connects to: tcp:host[:port], tcp://..., unix:/path; null is what the destination chooses. */
  uri: z.string().min(1).max(4096).nullable().default(null),
  /** The same for the copies of disks. */
  disksPort: z.number().int().min(1).max(65535).nullable().default(null),
  disksUri: z.string().min(1).max(4096).nullable().default(null),
  compressionMethods: z.array(z.enum(compressionMethods)).default([]),
  compressionMtLevel: z.number().int().min(0).max(9).nullable().default(null),
  compressionMtThreads: z.number().int().min(1).max(255).nullable().default(null),
  compressionMtDecompressionThreads: z.number().int().min(1).max(255).nullable().default(null),
  compressionXbzrleCacheBytes: z.number().int().min(1).nullable().default(null),
  compressionZlibLevel: z.number().int().min(0).max(9).nullable().default(null),
  compressionZstdLevel: z.number().int().min(0).max(20).nullable().default(null),
  autoConvergeInitialPercent: z.number().int().min(1).max(99).nullable().default(null),
  autoConvergeIncrementPercent: z.number().int().min(1).max(99).nullable().default(null),
  parallelConnections: z.number().int().min(1).max(255).nullable().default(null),
  /** The name that the destination's certificate must bear, where it is not the host's. */
  tlsDestination: z.string().min(1).max(256).nullable().default(null),
});

export type MigrationOptions = z.output<typeof migrationOptionsSchema>;
export type MigrationOptionsInput = z.input<typeof migrationOptionsSchema>;
