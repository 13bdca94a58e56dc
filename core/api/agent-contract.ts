/** The methods that the guest's agent answers, by libvirt's names; `domainGuestExec` and `domainFSFreezeStatus` are Vireo's own. */
import { z } from 'zod';
import { guestFacts, maximumTimeSeconds, sleepTargets } from '../agent/guest-words.ts';

const domain = z.string().min(1).max(1024);
const none = z.null();
const name = z.string();
const user = z.string().min(1).max(256);
const maximumInputBytes = 1 << 20;
/** -2 waits for ever, -1 leaves it to each command, 0 does not wait. */
const timeoutSeconds = z.number().int().min(-2).max(2_000_000);

const filesystem = z.object({
  mountpoint: name,
  name,
  type: name,
  /** Null where an older agent does not say. */
  totalBytes: z.number().nullable(),
  usedBytes: z.number().nullable(),
  /** `target` is the definition's (`vda`), where it has the disk. */
  disks: z.array(z.object({ target: name.nullable(), serial: name.nullable(), device: name.nullable() })).readonly(),
});
const guestInterface = z.object({
  name,
  mac: name.nullable(),
  addresses: z.array(z.object({ type: z.enum(['ipv4', 'ipv6']), address: name, prefix: z.number().int() })).readonly(),
});

/** What a guest says of itself; a part is null where it was not asked for or is in `missing`. */
export const guestReportSchema = z.object({
  users: z.array(z.object({ name, domain: name.nullable(), loginTimeMs: z.number() })).readonly().nullable(),
  os: z
    .object({
      id: name.nullable(),
      name: name.nullable(),
      prettyName: name.nullable(),
      version: name.nullable(),
      versionId: name.nullable(),
      variant: name.nullable(),
      variantId: name.nullable(),
      machine: name.nullable(),
      kernelRelease: name.nullable(),
      kernelVersion: name.nullable(),
    })
    .nullable(),
  timezone: z.object({ name: name.nullable(), offsetSeconds: z.number().int() }).nullable(),
  hostname: name.nullable(),
  filesystems: z.array(filesystem).readonly().nullable(),
  disks: z
    .array(z.object({ name, isPartition: z.boolean(), dependencies: z.array(name).readonly(), guestAlias: name.nullable(), target: name.nullable(), serial: name.nullable(), guestBus: name.nullable() }))
    .readonly()
    .nullable(),
  interfaces: z.array(guestInterface).readonly().nullable(),
  load: z.object({ one: z.number(), five: z.number(), fifteen: z.number() }).nullable(),
  /** What this agent would not tell, with its reason. */
  missing: z.array(z.object({ fact: z.enum(guestFacts), reason: z.string() })).readonly(),
});

const moment = z.object({ seconds: z.number().int().min(0).max(maximumTimeSeconds), nanoseconds: z.number().int().min(0).max(999_999_999).default(0) });

export const agentMethods = {
  /** `command`: a name, or JSON. Null where no answer was waited for. Taints the run. */
  qemuDomainAgentCommand: { access: 'write', params: z.object({ domain, command: z.string().min(1).max(maximumInputBytes), timeoutSeconds: timeoutSeconds.default(-1) }), result: z.object({ result: z.string().nullable() }) },
  /** How long this run's agent may take to answer, until the domain stops. */
  domainAgentSetResponseTimeout: { access: 'write', params: z.object({ domain, timeoutSeconds }), result: none },
  /** Nothing in `types` asks for all that there is, and leaves out what there is not. */
  domainGetGuestInfo: { access: 'read', params: z.object({ domain, types: z.array(z.enum(guestFacts)).max(guestFacts.length).default([]) }), result: guestReportSchema },
  domainGetHostname: { access: 'read', params: z.object({ domain, source: z.enum(['agent', 'lease']).default('agent') }), result: z.object({ hostname: name }) },
  domainInterfaceAddresses: { access: 'read', params: z.object({ domain, source: z.enum(['agent', 'arp', 'lease']).default('agent') }), result: z.object({ interfaces: z.array(guestInterface).readonly() }) },
  domainGetFSInfo: { access: 'read', params: z.object({ domain }), result: z.object({ filesystems: z.array(filesystem).readonly() }) },
  /** No mountpoints: every file system. */
  domainFSFreeze: { access: 'write', params: z.object({ domain, mountpoints: z.array(z.string().min(1).max(4096)).max(1024).default([]) }), result: z.object({ frozen: z.number().int() }) },
  domainFSThaw: { access: 'write', params: z.object({ domain }), result: z.object({ thawed: z.number().int() }) },
  domainFSFreezeStatus: { access: 'read', params: z.object({ domain }), result: z.object({ status: z.enum(['frozen', 'thawed']) }) },
  domainFSTrim: {
    access: 'write',
    params: z.object({ domain, minimumBytes: z.number().int().min(0).max(Number.MAX_SAFE_INTEGER).default(0) }),
    result: z.object({ paths: z.array(z.object({ path: name, trimmedBytes: z.number().nullable(), minimumBytes: z.number().nullable(), error: name.nullable() })).readonly() }),
  },
  domainGetTime: { access: 'read', params: z.object({ domain }), result: z.object({ seconds: z.number(), nanoseconds: z.number() }) },
  /** Null: the guest takes the time of its hardware clock. */
  domainSetTime: { access: 'write', params: z.object({ domain, time: moment.nullable() }), result: none },
  domainGetGuestVcpus: { access: 'read', params: z.object({ domain }), result: z.object({ vcpus: z.string(), online: z.string(), offlinable: z.string() }) },
  domainSetGuestVcpus: { access: 'write', params: z.object({ domain, cpus: z.string().min(1).max(65_536), online: z.boolean() }), result: none },
  domainSetUserPassword: { access: 'write', params: z.object({ domain, user, password: z.string().max(4096), encrypted: z.boolean().default(false) }), result: none },
  domainAuthorizedSSHKeysGet: { access: 'read', params: z.object({ domain, user }), result: z.object({ keys: z.array(z.string()).readonly() }) },
  domainAuthorizedSSHKeysSet: {
    access: 'write',
    params: z.object({ domain, user, keys: z.array(z.string().min(1).max(65_536)).max(1024), change: z.enum(['append', 'replace', 'remove']).default('append') }),
    result: none,
  },
  domainPMSuspendForDuration: { access: 'write', params: z.object({ domain, target: z.enum(sleepTargets) }), result: none },
  domainPMWakeup: { access: 'write', params: z.object({ domain }), result: none },
  /** Input and output in base64. */
  domainGuestExec: {
    access: 'write',
    params: z.object({
      domain,
      program: z.string().min(1).max(4096),
      arguments: z.array(z.string().max(131_072)).max(4096).default([]),
      environment: z.array(z.string().max(131_072)).max(1024).default([]),
      input: z.base64().max(2 * maximumInputBytes).nullable().default(null),
      timeoutSeconds: z.number().int().min(1).max(2_000_000).default(60),
    }),
    result: z.object({ exitCode: z.number().int().nullable(), signal: z.number().int().nullable(), output: z.base64(), errors: z.base64(), isTruncated: z.boolean() }),
  },
} as const;
