/**
 * The words of the guest agent (qga/qapi-schema.json, QEMU 7.2; guest-get-load is of 9.2) that the driver uses: what is
 * sent with a command and the shape its answer must have, checked because it comes from the guest. Fields that a newer
 * agent adds are dropped, and text is made fit to be shown.
 */
import { z } from 'zod';
import { visibleText } from './guest-text.ts';

const text = z.string().transform(visibleText);
/** Bytes in base64, as they are. */
const bytes = z.string();
/** A counter of 64 bits; beyond 2^53 it loses its last digits on the way through JSON. */
const counter = z.number().nonnegative();
const count = z.number().int().nonnegative();
const nothing = z.object({});

const networkInterface = z.object({
  name: text,
  'hardware-address': text.optional(),
  'ip-addresses': z.array(z.object({ 'ip-address': text, 'ip-address-type': z.enum(['ipv4', 'ipv6']), prefix: z.number().int().min(0).max(128) })).optional(),
});

/** Where a disk is plugged in as the guest sees it; -1 stands for what the guest does not know. */
const diskAddress = z.object({
  'pci-controller': z.object({ domain: z.number().int(), bus: z.number().int(), slot: z.number().int(), function: z.number().int() }),
  'ccw-address': z.object({ cssid: count, ssid: count, devno: count }).optional(),
  'bus-type': text,
  bus: z.number().int(),
  target: z.number().int(),
  unit: z.number().int(),
  serial: text.optional(),
  dev: text.optional(),
});
export type GuestDiskAddress = z.infer<typeof diskAddress>;

/** The answers of the commands. */
export const agentAnswers = {
  'guest-ping': nothing,
  'guest-info': z.object({
    version: text,
    supported_commands: z.array(z.object({ name: text, enabled: z.boolean(), 'success-response': z.boolean().default(true) })),
  }),
  'guest-get-host-name': z.object({ 'host-name': text }),
  'guest-network-get-interfaces': z.array(networkInterface),
  /** Every field may be missing: the guest's os-release decides (QEMU 2.10 and later). */
  'guest-get-osinfo': z.object({
    id: text.optional(),
    name: text.optional(),
    'pretty-name': text.optional(),
    version: text.optional(),
    'version-id': text.optional(),
    variant: text.optional(),
    'variant-id': text.optional(),
    machine: text.optional(),
    'kernel-release': text.optional(),
    'kernel-version': text.optional(),
  }),
  /** The offset is in seconds east of UTC. */
  'guest-get-timezone': z.object({ zone: text.optional(), offset: z.number().int() }),
  /** Seconds since the epoch, with a fraction. */
  'guest-get-users': z.array(z.object({ user: text, domain: text.optional(), 'login-time': z.number() })),
  /** In the reverse order of their mounting. Sizes came with QEMU 3.0. */
  'guest-get-fsinfo': z.array(
    z.object({ name: text, mountpoint: text, type: text, 'used-bytes': counter.optional(), 'total-bytes': counter.optional(), disk: z.array(diskAddress) }),
  ),
  'guest-get-disks': z.array(
    z.object({ name: text, partition: z.boolean(), dependencies: z.array(text).optional(), alias: text.optional(), address: diskAddress.optional() }),
  ),
  'guest-get-load': z.object({ load1m: z.number(), load5m: z.number(), load15m: z.number() }),
  'guest-get-vcpus': z.array(z.object({ 'logical-id': count.max(16_383), online: z.boolean(), 'can-offline': z.boolean().default(false) })),
  /** How many of the list, from its beginning, were set. */
  'guest-set-vcpus': count,
  /** Nanoseconds since the epoch; the last three digits are lost. */
  'guest-get-time': z.number(),
  'guest-set-time': nothing,
  'guest-fsfreeze-status': z.enum(['thawed', 'frozen']),
  'guest-fsfreeze-freeze': count,
  'guest-fsfreeze-freeze-list': count,
  'guest-fsfreeze-thaw': count,
  /** What was discarded came with QEMU 2.4; older agents answer with nothing. */
  'guest-fstrim': z.object({ paths: z.array(z.object({ path: text, trimmed: counter.optional(), minimum: counter.optional(), error: text.optional() })).default([]) }),
  'guest-set-user-password': nothing,
  'guest-ssh-get-authorized-keys': z.object({ keys: z.array(text) }),
  'guest-ssh-add-authorized-keys': nothing,
  'guest-ssh-remove-authorized-keys': nothing,
  'guest-exec': z.object({ pid: z.number().int() }),
  'guest-exec-status': z.object({
    exited: z.boolean(),
    exitcode: z.number().int().optional(),
    signal: z.number().int().optional(),
    'out-data': bytes.optional(),
    'err-data': bytes.optional(),
    'out-truncated': z.boolean().default(false),
    'err-truncated': z.boolean().default(false),
  }),
} as const;

export type AgentCommand = keyof typeof agentAnswers;
export type AgentResult<C extends AgentCommand> = z.infer<(typeof agentAnswers)[C]>;

/** What is sent with a command; those that are not here take nothing. */
export interface AgentArguments {
  'guest-set-vcpus': { readonly vcpus: readonly { readonly 'logical-id': number; readonly online: boolean }[] };
  /** In nanoseconds since the epoch; without it the guest reads its hardware clock. */
  'guest-set-time': { readonly time?: number };
  'guest-fsfreeze-freeze-list': { readonly mountpoints: readonly string[] };
  /** In bytes. */
  'guest-fstrim': { readonly minimum?: number };
  /** The password in base64. */
  'guest-set-user-password': { readonly username: string; readonly password: string; readonly crypted: boolean };
  'guest-ssh-get-authorized-keys': { readonly username: string };
  'guest-ssh-add-authorized-keys': { readonly username: string; readonly keys: readonly string[]; readonly reset: boolean };
  'guest-ssh-remove-authorized-keys': { readonly username: string; readonly keys: readonly string[] };
  /** The input in base64. An environment that is given is all that the program has. */
  'guest-exec': { readonly path: string; readonly arg: readonly string[]; readonly env?: readonly string[]; readonly 'input-data'?: string; readonly 'capture-output': boolean };
  'guest-exec-status': { readonly pid: number };
}
/** Nothing is needed for a command that takes nothing. */
export type AgentArgumentsRest<C extends AgentCommand, O> = C extends keyof AgentArguments ? [args: AgentArguments[C], options?: O] : [args?: Readonly<Record<string, never>>, options?: O];

/** guest-shutdown's modes; `halt` stops the guest without switching it off. */
export type GuestShutdownMode = 'powerdown' | 'reboot' | 'halt';

/** How a guest sleeps: to memory (S3), to its disk (S4), or to both. */
export type GuestSleep = 'ram' | 'disk' | 'hybrid';

/** These wait for the guest's disks: what was written to memory only is written out first, or every free block is told of. */
const slowCommands: ReadonlySet<string> = new Set<AgentCommand>(['guest-fsfreeze-freeze', 'guest-fsfreeze-freeze-list', 'guest-fsfreeze-thaw', 'guest-fstrim']);

/** How long a command may take where nobody says otherwise. */
export function defaultTimeoutMs(command: string): number {
  return slowCommands.has(command) ? 300_000 : 30_000;
}
