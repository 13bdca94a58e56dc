/**
 * The contract: every method, event and stream of a Vireo host, with the schemas that are checked at each door. The
 * window, the command and code in the same process all speak it; names are those of libvirt's remote protocol, so
 * that a refusal names its holder as libvirt does (`remoteDispatchDomainSuspend`).
 */
import { z } from 'zod';
import { agentMethods } from './agent-contract.ts';
import { consoleMethods, consoleStreams } from './console-contract.ts';
import { consoleHistoryMethods } from './console-history-contract.ts';
import { displayStreams } from './display-contract.ts';
import { displayFactsMethods } from './display-facts-contract.ts';
import { dumpMethods } from './dump-contract.ts';
import { migrationMethods, migrationStreams } from './migration-contract.ts';
import { saveMethods } from './save-contract.ts';
import { secretMethods } from './secret-contract.ts';
import { statisticsMethods } from './statistics-contract.ts';
import { tuningMethods } from './tuning-contract.ts';
import { timelineEventSchema, timelineMethods } from './timeline-contract.ts';
import { controlStatusSchema, domainEventSchema, domainSummarySchema, longJobHolderSchema } from '../domain/domain-summary.ts';
import { codesets, maximumHoldMs, maximumKeys } from '../process/keycodes/codesets.ts';
import { quitStateSchema } from './desktop-contract.ts';
import { jobStatisticsSchema } from './job-statistics-schema.ts';

/** A domain by numeric id, UUID or name, looked up in this order as virsh does. */
const domain = z.string().min(1).max(1024);
const onDomain = z.object({ domain });
const nothing = z.object({});
const none = z.null();
const definitionText = z.string().max(4 << 20);
/** A name that the host chooses where none is given. */
const chosen = (maximumLength: number): z.ZodDefault<z.ZodNullable<z.ZodString>> => z.string().min(1).max(maximumLength).nullable().default(null);

export const hostStatusSchema = z.object({
  version: z.string(),
  hostUuid: z.string(),
  pid: z.number().int(),
  /** `app` has windows, `host` has none. */
  role: z.enum(['app', 'host', 'in process']),
  stateFolder: z.object({ path: z.string(), writable: z.boolean() }),
  qemu: z.union([
    z.object({ found: z.literal(true), binary: z.string(), version: z.string(), package: z.string(), arch: z.string() }),
    z.object({ found: z.literal(false), reason: z.string(), remedy: z.string() }),
  ]),
  /** The accelerator that starts use, with why it is not the best one. Null until it has been tried. */
  accelerator: z.object({ name: z.string(), reason: z.string().nullable(), remedy: z.string().nullable() }).nullable(),
  sampleGuest: z.union([
    z.object({ available: z.literal(true), version: z.string() }),
    z.object({ available: z.literal(false), reason: z.string() }),
  ]),
  /** State files that could not be read and were set aside or skipped, and guests that autostart could not start. */
  problems: z.array(
    z.object({
      what: z.string(),
      path: z.string().nullable(),
      /** The domain that could not be started with the session. */
      notStarted: z.object({ uuid: z.string(), name: z.string() }).nullable(),
    }),
  ),
});
export type HostStatus = z.infer<typeof hostStatusSchema>;

const listResult = z.object({ revision: z.number().int(), domains: z.array(domainSummarySchema) });
const definedResult = z.object({
  domain: domainSummarySchema,
  /** Elements and attributes that are kept but not understood, each with where it stands. */
  notUnderstood: z.array(z.object({ path: z.string(), line: z.number().int() })),
});

const definitionProblem = z.object({
  code: z.string(),
  message: z.string(),
  /** Where in the text, counted from 1; null where it is wrong as a whole. */
  line: z.number().int().nullable(),
  column: z.number().int().nullable(),
  element: z.string().nullable(),
  attribute: z.string().nullable(),
});

/** What became of one file of an import. */
const importedFileSchema = z.object({
  file: z.string(),
  /** `importable` in a dry run; `unchanged` where the domain is defined just so; `skipped` where the file holds no domain. */
  outcome: z.enum(['imported', 'importable', 'unchanged', 'refused', 'skipped']),
  name: z.string().nullable(),
  uuid: z.string().nullable(),
  /** Why it was refused or skipped. */
  reason: z.string().nullable(),
  autostart: z.boolean(),
  notUnderstood: z.array(z.object({ path: z.string(), line: z.number().int() })),
  /** Files that the definition names and that this user cannot read: images, firmware, NVRAM. */
  missingFiles: z.array(z.string()),
});
export const importReportSchema = z.object({ folder: z.string(), files: z.array(importedFileSchema) });
export type ImportReport = z.infer<typeof importReportSchema>;

/** `access: 'read'` methods change nothing, so they end with the client that asked; the others finish without it. */
function read<P extends z.ZodType, R extends z.ZodType>(params: P, result: R): { access: 'read'; params: P; result: R } {
  return { access: 'read', params, result };
}
function write<P extends z.ZodType, R extends z.ZodType>(params: P, result: R): { access: 'write'; params: P; result: R } {
  return { access: 'write', params, result };
}

export const methods = {
  hostGetStatus: read(nothing, hostStatusSchema),
  /** Ends a screenless host so that another process can own its state folder; refused by the app. */
  hostHandOver: write(nothing, none),
  ...agentMethods,
  ...displayFactsMethods,
  ...dumpMethods,
  ...migrationMethods,
  ...saveMethods,
  ...secretMethods,
  ...statisticsMethods,
  ...timelineMethods,
  ...tuningMethods,
  connectListAllDomains: read(nothing, listResult),
  /** What this host and its emulators can do, as XML. The first answer waits until each emulator has been tried. */
  connectGetCapabilities: read(nothing, z.object({ xml: z.string() })),
  /** What domains of one emulator, machine and type may have, as XML; what is null is chosen as for a new domain. */
  connectGetDomainCapabilities: read(
    z.object({ emulator: chosen(4096), arch: chosen(64), machine: chosen(256), virttype: chosen(64) }),
    z.object({ xml: z.string() }),
  ),
  domainLookup: read(onDomain, domainSummarySchema),
  domainDefineXML: write(z.object({ xml: definitionText, source: z.string().optional() }), definedResult),
  /** Starts a domain from its definition alone: it is in the lists as long as it runs, and leaves nothing but its logs. */
  domainCreateXML: write(z.object({ xml: definitionText, source: z.string().optional(), paused: z.boolean().default(false), autodestroy: z.boolean().default(false) }), definedResult),
  /** A domain with firmware variables, or with a saved state, is undefined only with a word about them. */
  domainUndefine: write(z.object({ domain, nvram: z.enum(['remove', 'keep', 'refuse']).default('refuse'), keepTpm: z.boolean().default(false), managedSave: z.boolean().default(false) }), none),
  /**
   * A domain with a saved state goes on there; `forceBoot` discards that and boots. `autodestroy`: the domain is destroyed
   * when the connection closes by which this call came.
   */
  domainCreate: write(
    z.object({ domain, paused: z.boolean().default(false), resetNvram: z.boolean().default(false), autodestroy: z.boolean().default(false), forceBoot: z.boolean().default(false), bypassCache: z.boolean().default(false) }),
    domainSummarySchema,
  ),
  /** Marks a persistent domain to be started once each time the machine has booted, by the first host that opens. */
  domainSetAutostart: write(z.object({ domain, autostart: z.boolean() }), none),
  /** `default` asks the agent where it is connected, else or where it fails the power button; `signal` asks QEMU, not the guest. */
  domainShutdown: write(z.object({ domain, mode: z.enum(['default', 'acpi', 'agent', 'signal']).default('default') }), none),
  domainReboot: write(z.object({ domain, mode: z.enum(['default', 'acpi', 'agent']).default('default') }), none),
  domainReset: write(onDomain, none),
  domainDestroy: write(z.object({ domain, graceful: z.boolean().default(false) }), none),
  domainInjectNMI: write(onDomain, none),
  /** Presses all keys together and lets them go after `holdTimeMs` (QEMU's 100 ms where null). */
  domainSendKey: write(
    z.object({ domain, codeset: z.enum(codesets).default('linux'), holdTimeMs: z.number().int().min(0).max(maximumHoldMs).nullable().default(null), keys: z.array(z.number().int().min(0).max(0xffff)).min(1).max(maximumKeys) }),
    none,
  ),
  domainSuspend: write(onDomain, none),
  domainResume: write(onDomain, none),
  domainGetInfo: read(
    onDomain,
    z.object({
      summary: domainSummarySchema,
      maximumMemoryKiB: z.number(),
      memoryKiB: z.number(),
      vcpus: z.number().int(),
      /** CPU time of the QEMU process in nanoseconds; null while it does not run. */
      cpuTimeNs: z.number().nullable(),
      autostart: z.boolean(),
    }),
  ),
  /** What is wrong with a definition, without defining it: the first error with its place, and what would be kept but not understood. */
  connectCheckDomainXML: read(z.object({ xml: definitionText }), z.object({ problem: definitionProblem.nullable(), notUnderstood: z.array(z.object({ path: z.string(), line: z.number().int() })), warnings: z.array(z.object({ message: z.string(), line: z.number().int() })) })),
  /** Defines what the `*.xml` files of a folder of libvirt's say; each file for itself, wholly or not at all. */
  connectImportFolder: write(z.object({ folder: z.string().min(1).max(4096), dryRun: z.boolean().default(false) }), importReportSchema),
  /** `migratable`: what another host would be given, of the run where there is one. */
  domainGetXMLDesc: read(z.object({ domain, inactive: z.boolean().default(false), secure: z.boolean().default(false), migratable: z.boolean().default(false) }), z.object({ xml: z.string() })),
  /** `capabilities`: a QEMU that is not here, as its recorded QMP conversation. */
  connectDomainXMLToNative: read(
    z.object({ xml: definitionText.optional(), domain: domain.optional(), capabilities: z.object({ name: z.string().max(4096), text: z.string().max(8 << 20) }).optional() }),
    z.object({ argv: z.array(z.string()), text: z.string() }),
  ),
  /** Only for what this driver writes itself: anything else is refused by name. */
  connectDomainXMLFromNative: read(z.object({ config: definitionText }), z.object({ xml: z.string() })),
  /** Whether the driver is busy with the domain or QEMU does not answer, and for how long it has been so. */
  domainGetControlInfo: read(onDomain, controlStatusSchema.omit({ sinceMs: true }).extend({ forMs: z.number().nonnegative() })),
  /** How far the long job is and who holds it, or how the last one ended that reported anything; null where there is none. */
  domainGetJobStats: read(z.object({ domain, completed: z.boolean().default(false) }), z.object({ statistics: jobStatisticsSchema.nullable(), holder: longJobHolderSchema.nullable() })),
  /** Asks the long job to end; it is on its way when this resolves, and ends by itself. */
  domainAbortJob: write(onDomain, none),
  /** The last part of the domain's log: command line, QEMU's own words, start and stop with reasons. */
  domainGetLog: read(z.object({ domain, maximumBytes: z.number().int().min(1).max(1 << 20).default(65_536) }), z.object({ text: z.string(), path: z.string() })),
  ...consoleMethods,
  ...consoleHistoryMethods,
  qemuDomainMonitorCommand: write(z.object({ domain, command: z.string().max(1 << 20), hmp: z.boolean().default(false) }), z.object({ result: z.string() })),
  /** Defines the sample guest under `name`; an existing domain of this name is an error. */
  sampleGuestDefine: write(z.object({ name: z.string().min(1).max(256).default('sample') }), definedResult),
} as const;

export const events = {
  domain: domainEventSchema,
  host: z.object({ status: hostStatusSchema }),
  /** A domain's timeline has grown: who shows it asks for what is new. */
  timeline: timelineEventSchema,
  /** Only from the app to its own windows. */
  desktop: z.object({ quit: quitStateSchema.nullable() }),
  /** Only from the app to the window that it is about. */
  window: z.object({ inSight: z.boolean() }),
} as const;

export const streams = {
  ...consoleStreams,
  ...displayStreams,
  ...migrationStreams,
} as const;

export type Methods = typeof methods;
export type MethodName = keyof Methods;
export type MethodInput<M extends MethodName> = z.input<Methods[M]['params']>;
export type MethodParams<M extends MethodName> = z.output<Methods[M]['params']>;
export type MethodResult<M extends MethodName> = z.output<Methods[M]['result']>;
export type EventName = keyof typeof events;
export type EventPayload<E extends EventName> = z.output<(typeof events)[E]>;
export type Streams = typeof streams;
export type StreamName = keyof Streams;

/** The owner's name that a job of this method carries, in libvirt's form. */
export function ownerOf(method: string): string {
  return `remoteDispatch${method.charAt(0).toUpperCase()}${method.slice(1)}`;
}
