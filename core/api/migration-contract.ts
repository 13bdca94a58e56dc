/**
 * Migration in the contract. `domainMigrateToURI3` is what people use: the source host leads (libvirt's peer to peer). The
 * phases below it are for a client that leads by itself, and for the host that leads: it calls the destination's.
 */
import { z } from 'zod';
import { domainSummarySchema } from '../domain/domain-summary.ts';
import { migrationOptionsSchema } from '../migration/migration-options.ts';
import { migrationPreflightSchema, migrationViewSchema } from '../migration/migration-view.ts';

const domain = z.string().min(1).max(1024);
const none = z.null();
const uuid = z.string().min(1).max(64);
const name = z.string().min(1).max(1024);
const xml = z.string().max(4 << 20);
/** libvirt's `<qemu-migration>`; '' where there is none. */
const cookie = z.string().max(4 << 20).default('');
const options = migrationOptionsSchema;
const prepareParams = z.object({ uuid, name, xml, cookie, options });

export const migrationMethods = {
  /** Who this host is; cheap, so that whoever wants to know whether it still answers may ask often. */
  connectGetHostname: { access: 'read', params: z.object({}), result: z.object({ hostname: z.string(), hostUuid: z.string(), wallTimeMs: z.number() }) },
  /** Moves the domain to the host of `uri` (vireo+unix:///HOME, vireo+ssh://[user@]host[/HOME]); resolves when it is there. Cancelled by domainAbortJob, not by the end of its client. */
  domainMigrateToURI3: { access: 'write', params: z.object({ domain, uri: z.string().min(1).max(4096), options }), result: z.object({ domain: domainSummarySchema.nullable() }) },
  /** What would keep it from moving, looked at on this side alone. */
  domainCheckMigration: { access: 'read', params: z.object({ domain, options, /** Where it is to go, as far as that is known; nobody is asked there. */ uri: z.string().max(4096).nullable().default(null), /** Also measures for a second how fast the guest changes its memory. */ measure: z.boolean().default(false) }), result: migrationPreflightSchema },
  /** The migration that runs, or the last that ended; null where there was none. */
  domainGetMigration: { access: 'read', params: z.object({ domain }), result: z.object({ migration: migrationViewSchema.nullable() }) },
  /** Whether another host answers, and who it is. @throws why it does not. */
  connectProbeHost: { access: 'write', params: z.object({ uri: z.string().min(1).max(4096) }), result: z.object({ hostName: z.string(), hostUuid: z.string() }) },
  /** Those that run and the last that ended, the newest first, without their curves; also of domains that are not here any more. */
  connectListMigrations: { access: 'read', params: z.object({}), result: z.object({ migrations: z.array(migrationViewSchema) }) },

  domainMigrateBegin3Params: { access: 'write', params: z.object({ domain, options }), result: z.object({ xml: z.string(), cookie: z.string() }) },
  /** On the destination. What is prepared goes when the connection closes, unless Finish has come. */
  domainMigratePrepare3Params: { access: 'write', params: prepareParams, result: z.object({ cookie: z.string(), uri: z.string() }) },
  domainMigratePerform3Params: { access: 'write', params: z.object({ domain, cookie, /** From Prepare. */ uri: z.string().max(4096), options }), result: z.object({ cookie: z.string() }) },
  /** On the destination. `id` is null where the migration was cancelled or offline. */
  domainMigrateFinish3Params: { access: 'write', params: z.object({ uuid, name, cookie, options, cancelled: z.boolean() }), result: z.object({ cookie: z.string(), id: z.number().int().nullable() }) },
  /** On the destination, when the answer to Finish was lost. `sinceMs` is by its own clock. */
  domainMigrateGetArrival: { access: 'read', params: z.object({ uuid, sinceMs: z.number(), offline: z.boolean().default(false) }), result: z.object({ arrival: z.enum(['here', 'coming', 'was here', 'not here']) }) },
  /** `unknown`: nobody can say whether the guest runs on the destination, in words for people; it stays paused here. */
  domainMigrateConfirm3Params: { access: 'write', params: z.object({ domain, cookie, options, cancelled: z.boolean(), unknown: z.string().max(8192).nullable().default(null) }), result: none },

  /** MiB a second, for what comes and for a migration that runs; 0 is no limit. */
  domainMigrateSetMaxSpeed: { access: 'write', params: z.object({ domain, bandwidthMiBps: z.number().int().min(0), postcopy: z.boolean().default(false) }), result: none },
  domainMigrateGetMaxSpeed: { access: 'read', params: z.object({ domain, postcopy: z.boolean().default(false) }), result: z.object({ bandwidthMiBps: z.number() }) },
  domainMigrateSetMaxDowntime: { access: 'write', params: z.object({ domain, downtimeMs: z.number().int().min(1) }), result: none },
  domainMigrateGetMaxDowntime: { access: 'read', params: z.object({ domain }), result: z.object({ downtimeMs: z.number() }) },
  domainMigrateSetCompressionCache: { access: 'write', params: z.object({ domain, cacheBytes: z.number().int().min(1) }), result: none },
  domainMigrateGetCompressionCache: { access: 'read', params: z.object({ domain }), result: z.object({ cacheBytes: z.number() }) },
  /** With `postcopy` it breaks the link of a migration in post-copy, which can be resumed then; without it is domainAbortJob. */
  domainAbortJobFlags: { access: 'write', params: z.object({ domain, postcopy: z.boolean().default(false) }), result: none },
  domainMigrateStartPostCopy: { access: 'write', params: z.object({ domain }), result: none },
  /** Ours: slows the guest from now on, in a migration that began without (auto-converge). */
  domainMigrateSetAutoConverge: { access: 'write', params: z.object({ domain, on: z.boolean() }), result: none },
} as const;

export const migrationStreams = {
  /** Prepare for a tunnel: what the client sends is the incoming QEMU's input; the stream ends by itself when all is read. */
  domainMigratePrepareTunnel3Params: {
    params: prepareParams,
    opened: z.object({ cookie: z.string(), uri: z.string() }),
    fromServer: z.never(),
    /** Nothing more comes; without it the end of the stream is the end of the migration. */
    fromClient: z.object({ type: z.literal('end') }),
  },
} as const;
