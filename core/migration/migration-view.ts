/**
 * A migration as a person watches it (B9, O5): which phase, how far memory and each disk are, how that went on until now,
 * and what will come of it. Kept by the driver while the job runs and for the last one that ended, on both hosts, so that a
 * window that is opened late shows the same curve.
 */
import { z } from 'zod';

const known = z.number().nullable();

/** One look at QEMU. */
export const migrationSampleSchema = z.object({
  /** Since the job began. */
  atMs: z.number(),
  remainingBytes: known,
  transferredBytes: known,
  speedBytesPerSecond: known,
  dirtyBytesPerSecond: known,
  iteration: known,
});

export const migratedDiskSchema = z.object({
  /** `vda`. */
  target: z.string(),
  state: z.enum(['waiting', 'copying', 'mirroring', 'done', 'failed']),
  totalBytes: z.number(),
  processedBytes: z.number(),
  /** Never runs backwards, though a disk that the guest writes may grow under the copy. */
  percent: z.number(),
  speedBytesPerSecond: known,
  error: z.string().nullable(),
});

/** What will come of it, as far as the numbers say. */
export const migrationVerdictSchema = z.discriminatedUnion('kind', [
  /** How much the guest changes is not known before the first pass is over; how long that takes is. */
  z.object({ kind: z.literal('measuring'), firstPassMs: known }),
  z.object({ kind: z.literal('converging'), remainingMs: z.number(), expectedDowntimeMs: known }),
  /** The guest changes more than the link carries. */
  z.object({ kind: z.literal('not converging'), dirtyBytesPerSecond: z.number(), speedBytesPerSecond: z.number() }),
  z.object({ kind: z.literal('copying disks'), remainingMs: known }),
  z.object({ kind: z.literal('post-copy'), remainingMs: known }),
  z.object({ kind: z.literal('switching over') }),
  z.object({ kind: z.literal('receiving') }),
]);

/** A lever: what it is set to, or why it cannot be used now. */
const lever = z.object({ available: z.boolean(), reason: z.string().nullable() });

export const migrationViewSchema = z.object({
  uuid: z.string(),
  /** The domain's name on this host. */
  name: z.string(),
  side: z.enum(['source', 'destination']),
  /** The other host, for people. */
  peer: z.string().nullable(),
  /** The word that is on disk. */
  phase: z.string(),
  /** What goes on, for people: `Preparing the destination`, `Copying disks`, `Copying memory, pass 4`, `Switching over`. */
  activity: z.string(),
  startedAtMs: z.number(),
  endedAtMs: known,
  outcome: z.enum(['running', 'completed', 'failed', 'cancelled']),
  error: z.string().nullable(),
  /** Of everything that is to go over; never runs backwards, and is 100 once all is there. Null where nothing can be said. */
  percent: known,
  memoryTotalBytes: known,
  memoryPercent: known,
  /** The whole curve: where it grew long, thinned and not cut. The last is the newest. */
  samples: z.array(migrationSampleSchema),
  disks: z.array(migratedDiskSchema),
  verdict: migrationVerdictSchema.nullable(),
  bandwidthMiBps: known,
  maxDowntimeMs: known,
  autoConvergeThrottlePercent: known,
  /** All that went over the link, memory and disks, as far as QEMU has told. */
  transferredBytes: known,
  iteration: known,
  levers: z.object({ autoConverge: lever, postcopy: lever, suspend: lever, cancel: lever }),
  /** Real times of one that has ended, as the guest saw them. */
  totalMs: known,
  downtimeMs: known,
});

export type MigrationSample = z.infer<typeof migrationSampleSchema>;
export type MigratedDisk = z.infer<typeof migratedDiskSchema>;
export type MigrationVerdict = z.infer<typeof migrationVerdictSchema>;
export type MigrationView = z.infer<typeof migrationViewSchema>;

/** What would keep a domain from moving, and how long it would take; before anything is begun. */
export const migrationPreflightSchema = z.object({
  /** Each a whole sentence that says what to do; empty where it can begin, as far as this side can tell. */
  blockers: z.array(z.object({ message: z.string(), /** Taken away by this option, where one does. */ option: z.enum(['unsafe', 'copyStorage', 'offline']).nullable() })),
  /** What does not keep it here and may go wrong there. */
  warnings: z.array(z.string()),
  memoryBytes: known,
  /** Measured just now (calc-dirty-rate); null where it could not be. */
  dirtyBytesPerSecond: known,
  /** Writable disks with an image, and what copying each would move at most. */
  disks: z.array(z.object({ target: z.string(), path: z.string().nullable(), bytes: known, /** Who else sees the image, as far as its file system tells. */ seenBy: z.enum(['both', 'this host', 'cannot tell']) })),
});
export type MigrationPreflight = z.infer<typeof migrationPreflightSchema>;
