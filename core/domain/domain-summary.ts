/**
 * What clients see of a domain: one immutable record with the revision at which it was true, and the events that
 * replace it. Every door sends exactly these; windows keep a list of them with one pure reducer.
 */
import { z } from 'zod';
import { domainStateSchema } from './domain-state.ts';
import { migrationGlanceSchema } from './migration-glance.ts';

/** Who holds a job, in the words of the refusal that others get. Times are wall-clock milliseconds. */
export const jobHolderSchema = z.object({
  kind: z.string(),
  /** The API that holds it, in libvirt's form: remoteDispatchDomainSuspend. */
  owner: z.string(),
  /** The client that asked: `window 1`, `vireo start (pid 4711)`. */
  client: z.string(),
  sinceMs: z.number(),
});
export type JobHolder = z.infer<typeof jobHolderSchema>;

/** A long job, which outlives commands and may outlive its caller. */
export const longJobHolderSchema = jobHolderSchema.extend({
  /** How far it is, in the word that is on disk; null while it has none. */
  phase: z.string().nullable(),
  /** Between two phases it waits for its owner, until then at the latest; null while somebody works under it. */
  parkedUntilMs: z.number().nullable(),
  /** Somebody asked it to end; it ends by itself. */
  abortRequested: z.boolean(),
});
export type LongJobHolder = z.infer<typeof longJobHolderSchema>;

export const jobsStatusSchema = z.object({
  sync: jobHolderSchema.nullable(),
  async: longJobHolderSchema.nullable(),
  agent: jobHolderSchema.nullable(),
  waiting: z.number().int(),
});
export type JobsStatus = z.infer<typeof jobsStatusSchema>;

/** virDomainControlInfo: whether the driver is busy with the domain or QEMU does not answer. */
export const controlStatusSchema = z.object({
  state: z.enum(['ok', 'job', 'occupied', 'error']),
  details: z.string().nullable(),
  sinceMs: z.number(),
});
export type ControlStatus = z.infer<typeof controlStatusSchema>;

export const consoleSummarySchema = z.object({
  alias: z.string(),
  kind: z.enum(['serial', 'parallel', 'console', 'channel']),
  /** The guest's name for it: ttyS0, hvc0, or a channel's name. */
  label: z.string(),
  state: z.enum(['open', 'connecting', 'closed', 'failed']),
  error: z.string().nullable(),
  writer: z.object({ sessionId: z.string(), label: z.string(), sinceMs: z.number() }).nullable(),
  watchers: z.number().int(),
  /** Everybody who reads it, in the order in which they came. */
  sessions: z.array(z.object({ sessionId: z.string(), label: z.string(), mode: z.enum(['write', 'watch']), sinceMs: z.number(), /** Since when it asks for the input. */ asksSinceMs: z.number().nullable() })),
  /** Why nobody can write to it from here; null where one can. */
  readOnly: z.string().nullable(),
  /** Where its bytes go on the host, for people: `private socket`, `/dev/pts/3`, `tcp 127.0.0.1:4555, QEMU listens`. */
  backend: z.string(),
  /** Bytes since the log began. */
  position: z.number(),
});
export type ConsoleSummary = z.infer<typeof consoleSummarySchema>;

export const displaySummarySchema = z.object({
  /** Its place among the definition's <graphics>: what opens it. */
  index: z.number().int(),
  /** The <graphics> type: vnc, spice, sdl, ... */
  type: z.string(),
  /** Where it listens, for people: `private socket`, `127.0.0.1:5901`; empty where it does not. */
  place: z.string(),
  /** Why nobody can look at it from here, whether or not the domain runs; null where one can. */
  unavailable: z.string().nullable(),
  /** Whether the guest was given a device that points at places; one that has only a mouse is moved by how far. */
  pointer: z.enum(['absolute', 'relative']),
  /** Whose keys and pointer reach the guest. */
  writer: z.object({ sessionId: z.string(), label: z.string(), sinceMs: z.number() }).nullable(),
  watchers: z.number().int(),
  /** Everybody who looks at it through this host, in the order in which they came. */
  sessions: z.array(z.object({ sessionId: z.string(), label: z.string(), mode: z.enum(['write', 'watch']), sinceMs: z.number(), asksSinceMs: z.number().nullable() })),
});
export type DisplaySummary = z.infer<typeof displaySummarySchema>;

/** virDomainDiskError, with QEMU's own words. */
export const diskErrorSchema = z.object({ disk: z.string(), error: z.enum(['unspecified error', 'no space']), message: z.string().nullable() });
export type DiskError = z.infer<typeof diskErrorSchema>;

export const domainSummarySchema = z.object({
  uuid: z.string(),
  name: z.string(),
  title: z.string().nullable(),
  /** Only while it runs. */
  id: z.number().int().nullable(),
  state: domainStateSchema,
  reason: z.string(),
  /** Wall-clock time of the last change of state, in milliseconds; null where the driver has not seen it change. */
  stateSinceMs: z.number().nullable(),
  persistent: z.boolean(),
  /** Started with this computer's session, once each time the machine has booted. */
  autostart: z.boolean(),
  /** Its state is saved: the next start goes on where the guest was. */
  hasManagedSave: z.boolean(),
  /** A running domain whose next boot differs from what runs. */
  pendingChanges: z.boolean(),
  memoryKiB: z.number(),
  /** What the guest has now; its balloon gives the rest back to the host. */
  currentMemoryKiB: z.number(),
  vcpus: z.number().int(),
  arch: z.string(),
  machine: z.string(),
  /** The accelerator of the running QEMU. */
  accelerator: z.string().nullable(),
  emulator: z.string().nullable(),
  qemuVersion: z.string().nullable(),
  pid: z.number().int().nullable(),
  taints: z.array(z.string()),
  agent: z.enum(['not configured', 'disconnected', 'connected']),
  jobs: jobsStatusSchema,
  control: controlStatusSchema,
  /** The one that runs, or the last that ended here; null where there was none. */
  migration: migrationGlanceSchema.nullable(),
  consoles: z.array(consoleSummarySchema),
  /** Of the run where there is one, else of the definition. */
  displays: z.array(displaySummarySchema),
  /** Disks that failed since the guest runs; a guest that is paused for one stands still until somebody resumes it. */
  diskErrors: z.array(diskErrorSchema),
  /** One line a device, for people: `virtio disk vda`. */
  devices: z.array(z.object({ kind: z.string(), label: z.string(), alias: z.string().nullable() })),
});
export type DomainSummary = z.infer<typeof domainSummarySchema>;

const domainIdentity = z.object({ uuid: z.string(), name: z.string(), id: z.number().int().nullable() });

/**
 * One thing that happened. `summary` is the domain as it is after the event, null when it is gone. Revisions of a host
 * rise by exactly one, so that whoever misses an event knows and asks for the whole list again.
 */
export const domainEventSchema = z.object({
  revision: z.number().int(),
  atMs: z.number(),
  domain: domainIdentity,
  /** `lifecycle` carries event and detail; `changed` says only that the summary differs; the rest are libvirt's. */
  type: z.enum([
    'lifecycle', 'changed', 'reboot', 'rtc-change', 'watchdog', 'io-error', 'io-error-reason', 'control-error', 'graphics', 'agent-lifecycle', 'balloon-change', 'disk-change', 'tray-change',
    'pmwakeup', 'pmsuspend', 'pmsuspend-disk', 'device-removed', 'device-removal-failed', 'block-threshold', 'memory-failure', 'memory-device-size-change', 'nic-mac-change',
    /** Ours: a dump that nobody asked for, of a crash or a watchdog, was taken or failed. */
    'core-dump',
    /** Ours: a pattern that is watched for stood on a console. */
    'console-trigger',
  ]),
  event: z.string().nullable(),
  detail: z.string().nullable(),
  /** What libvirt's event of this type carries, by name: the device's alias, a path, numbers. */
  details: z.record(z.string(), z.union([z.string(), z.number(), z.boolean(), z.null()])).optional(),
  summary: domainSummarySchema.nullable(),
});
export type DomainEvent = z.infer<typeof domainEventSchema>;

export interface DomainList {
  readonly revision: number;
  readonly domains: ReadonlyMap<string, DomainSummary>;
}

/** The list after `event`; null when an event before it was missed and the list must be fetched again. */
export function applyDomainEvent(list: DomainList, event: DomainEvent): DomainList | null {
  if (event.revision <= list.revision) return list; // the list was fetched after this event
  if (event.revision !== list.revision + 1) return null;
  const domains = new Map(list.domains);
  if (event.summary === null) domains.delete(event.domain.uuid);
  else domains.set(event.domain.uuid, event.summary);
  return { revision: event.revision, domains };
}
