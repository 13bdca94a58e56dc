/**
 * The state file of a running domain: all that a driver needs to find its QEMU again. One file a domain, versioned,
 * whole or absent; a file that cannot be read never hides the others.
 */
import { z } from 'zod';
import { asyncKinds } from '../job/kinds.ts';

export const statusSchema = z.object({
  version: z.literal(1),
  uuid: z.string(),
  name: z.string(),
  id: z.number().int().positive(),
  persistent: z.boolean(),
  state: z.string(),
  reason: z.string(),
  stateSinceMs: z.number().nullable(),
  process: z.object({ pid: z.number().int().positive(), startTime: z.string(), bootId: z.string().nullable() }),
  monitorPath: z.string(),
  runFolder: z.string(),
  capabilitiesKey: z.string(),
  emulator: z.string(),
  qemuVersion: z.string(),
  accelerator: z.enum(['kvm', 'hvf', 'whpx', 'tcg']),
  startedAtMs: z.number(),
  /** Still between spawn and `cont`: such a run is ended by the next driver, as libvirt does. */
  starting: z.boolean(),
  rebootOnShutdown: z.boolean(),
  pendingChanges: z.boolean(),
  taints: z.array(z.string()),
  /** Offsets in the consoles' logs, by alias. */
  consoleStarts: z.record(z.string(), z.number().nonnegative()).default({}),
  job: z.object({
    async: z.object({ kind: z.enum(asyncKinds), phase: z.string(), owner: z.string(), sinceWallMs: z.number(), parkedFor: z.string().nullable().default(null), abortRequested: z.boolean().default(false) }).nullable(),
    destroy: z.boolean(),
  }),
  /** The live definition with output-only data and secrets. */
  xml: z.string(),
});
export type StatusRecord = z.infer<typeof statusSchema>;
