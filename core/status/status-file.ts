/**
 * The state file of a running domain: all that a driver needs to find its QEMU again. One file a domain, versioned,
 * whole or absent; a file that cannot be read never hides the others.
 */
import path from 'node:path';
import { z } from 'zod';
import type { DomainDefinition } from '../conf/domain-definition.ts';
import { parseDomain } from '../devices/domain-xml.ts';
import { diskErrorSchema } from '../domain/domain-summary.ts';
import { imageLeaseSchema } from '../domain/image-lease.ts';
import { groupControllers } from '../domain/control-groups.ts';
import { asyncKinds } from '../job/kinds.ts';
import { DamagedFile } from './read-state-file.ts';
import { runFolderName } from './state-folder.ts';

const currentVersion = 1;

export const statusSchema = z.object({
  version: z.literal(currentVersion),
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
  controlGroups: z.partialRecord(z.enum(groupControllers), z.object({ version: z.union([z.literal(1), z.literal(2)]), folder: z.string() })).default({}),
  /** How long the guest agent may take to answer; -1 leaves it to each command, -2 waits for ever. */
  agentTimeoutSeconds: z.number().int().min(-2).default(-1),
  migrationBandwidthMiBps: z.number().int().min(0).default(0),
  /** Ids of the devices that QEMU had plugged when it was last asked. */
  peripherals: z.array(z.string()).default([]),
  /** Offsets in the consoles' logs, by alias. */
  consoleStarts: z.record(z.string(), z.number().nonnegative()).default({}),
  leases: z.array(imageLeaseSchema).default([]),
  /** The client that the run was bound to: it is gone when another driver reads this, and so the run ends. */
  autodestroy: z.string().nullable().default(null),
  /** Disks that failed since the CPUs began to run. */
  diskErrors: z.array(diskErrorSchema).default([]),
  /** Where a variable clock stood at the start; the definition says where it stands now. */
  clockStartSeconds: z.number().default(0),
  job: z.object({
    async: z.object({ kind: z.enum(asyncKinds), phase: z.string(), owner: z.string(), sinceWallMs: z.number(), parkedFor: z.string().nullable().default(null), abortRequested: z.boolean().default(false) }).nullable(),
    destroy: z.boolean(),
  }),
  /** The live definition with output-only data and secrets. */
  xml: z.string(),
});
export type StatusRecord = z.infer<typeof statusSchema>;

/**
 * What the state file of `uuid` says. Everything in it that names another file is checked against the domain, because
 * the run folder is removed with the run: a damaged file must neither end a guest nor remove what is not ours.
 * @throws DamagedFile, or XML_ERROR about the definition in it.
 */
export function parseStatus(text: string, uuid: string): StatusRecord {
  const content = parseJson(text);
  const version = z.object({ version: z.number() }).safeParse(content).data?.version ?? currentVersion;
  if (version > currentVersion) throw new DamagedFile(`it was written by a newer Vireo: version ${version}, and this one reads ${currentVersion}`);
  const { data: record, error } = statusSchema.safeParse(content);
  if (!record) throw new DamagedFile(firstIssue(error));
  if (record.uuid !== uuid) throw new DamagedFile(`the file names domain ${record.uuid}`);
  if (path.basename(record.runFolder) !== runFolderName(uuid)) throw new DamagedFile(`the run folder ${record.runFolder} is not this domain's`);
  if (path.dirname(record.monitorPath) !== record.runFolder) throw new DamagedFile(`the monitor ${record.monitorPath} is outside the run folder`);
  const definition = parseDomain(record.xml, { source: `state file of ${record.name}`, form: 'live' });
  if (definition.uuid !== uuid) throw new DamagedFile(`its definition is of domain ${definition.uuid ?? 'without a UUID'}`);
  definitions.set(record, definition);
  return record;
}

const definitions = new WeakMap<StatusRecord, DomainDefinition>();

/** The live definition in it; one that was read with `parseStatus` is not parsed again. */
export function recordedDefinition(record: StatusRecord): DomainDefinition {
  return definitions.get(record) ?? parseDomain(record.xml, { source: `state file of ${record.name}`, form: 'live' });
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new DamagedFile(`it is no JSON: ${(error as Error).message}`, { cause: error });
  }
}

function firstIssue({ issues: [issue] }: z.ZodError): string {
  return issue ? `'${issue.path.join('.')}': ${issue.message}` : 'it does not fit the schema';
}
