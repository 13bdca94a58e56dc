/** What to do about an error, by its code, and who stands in the way. The error's own message says what went wrong. */
import { z } from 'zod';
import { type ErrorCode, type VireoError, errorCodes } from '../../core/base/errors.ts';
import type { JobHolder } from '../../core/domain/domain-summary.ts';

const advice: Readonly<Record<ErrorCode, string | null>> = {
  INTERNAL_ERROR: 'This is a fault in Vireo. The details help whoever repairs it.',
  NO_SUPPORT: 'This host does not offer it. A newer Vireo may.',
  INVALID_ARG: 'Correct the value and try again.',
  OPERATION_FAILED: "The domain's log may say more.",
  XML_ERROR: 'Correct the definition at the marked line and define it again.',
  DOM_EXIST: 'Choose another name or UUID, or change the existing domain.',
  OPERATION_DENIED: 'The host does not allow it.',
  SYSTEM_ERROR: 'Check the path, its permissions and the free space.',
  RPC: 'Vireo connects again by itself. Guests keep running meanwhile.',
  NO_DOMAIN: 'It may have been undefined meanwhile. The list shows what is there.',
  OPERATION_INVALID: "The domain's state does not allow it now.",
  INVALID_SECRET: 'Give the secret a value that fits its use.',
  NO_SECRET: 'Define the secret and set its value, or correct its name in the definition.',
  CONFIG_UNSUPPORTED: 'Change the definition to something that QEMU here can do.',
  OPERATION_TIMEOUT: 'Wait a little and try again.',
  HOOK_SCRIPT_FAILED: 'Correct the script, or take away its right to be executed.',
  ARGUMENT_UNSUPPORTED: 'Leave the option out, or change what it depends on.',
  OPERATION_ABORTED: null,
  MIGRATE_UNSAFE: 'Put the disks where both hosts reach them, or have them copied with the guest.',
  OVERFLOW: 'Take a smaller number.',
  OPERATION_UNSUPPORTED: 'Something that it needs is missing here.',
  AGENT_UNRESPONSIVE: 'Check that qemu-guest-agent runs inside the guest.',
  RESOURCE_BUSY: 'Wait until it is free, or end what uses it.',
  AGENT_UNSYNCED: 'Try again; the guest agent was talking to somebody else.',
  DEVICE_MISSING: 'It may have been detached meanwhile.',
  AGENT_COMMAND_TIMEOUT: 'The guest may still carry it out. See what it does before you try again.',
  AGENT_COMMAND_FAILED: "The guest's agent refused. Its own words say why.",
};

const refusalOfQemuSchema = z.object({ ending: z.string().nullable(), stderr: z.string() });

/** A QEMU that ended while it was being started. */
export interface RefusalOfQemu {
  /** `exit code 1`, `signal SIGKILL`; null where nobody saw it. */
  readonly ending: string | null;
  /** What it printed, in its own words; empty where it said nothing. */
  readonly words: string;
}

/** libvirt calls it an internal error, but nothing is wrong with Vireo: QEMU looked at its command line and refused. */
export function refusalOfQemu(error: VireoError): RefusalOfQemu | null {
  const parsed = error.code === 'INTERNAL_ERROR' ? refusalOfQemuSchema.safeParse(error.details) : null;
  return parsed?.success ? { ending: parsed.data.ending, words: parsed.data.stderr } : null;
}

/** Codes whose opening words say no more than the title above them, or than the sentence that follows. */
const emptyOpenings: readonly ErrorCode[] = ['OPERATION_FAILED', 'XML_ERROR', 'OPERATION_INVALID', 'CONFIG_UNSUPPORTED', 'INVALID_ARG', 'NO_DOMAIN', 'NO_SECRET', 'INVALID_SECRET', 'DOM_EXIST', 'OPERATION_UNSUPPORTED', 'DEVICE_MISSING'];

/** What went wrong without libvirt's opening words, which the title or the details have, and without a place that is shown beside it. */
export function reasonIn(message: string): string {
  const opening = emptyOpenings.map((code) => errorCodes[code].opening).find((words) => message.startsWith(words)) ?? '';
  return message.slice(opening.length).replace(/^\(domain_definition\):\d+: /, '');
}

/** The reason as a sentence of its own; what begins with a name or a path stays as it is. */
export function sentenceFor({ message }: Pick<VireoError, 'message'>): string {
  const text = reasonIn(message);
  return /^[a-z]+[ ,;:]/.test(text) ? text.charAt(0).toUpperCase() + text.slice(1) : text;
}

const missingSchema = z.object({ missing: z.array(z.string()).min(1) });
const imageProblemsSchema = z.object({ disk: z.string(), problems: z.array(z.string()).min(1) });

/** Everything that this computer lacks for a run, and images that cannot be used; empty where the error is about something else. */
export function missingFrom(error: VireoError): readonly string[] {
  return missingSchema.safeParse(error.details).data?.missing ?? imageProblemsSchema.safeParse(error.details).data?.problems ?? [];
}

/** One sentence on what to do; null when there is nothing to do. */
export function adviceFor(error: VireoError): string | null {
  if (missingFrom(error).length > 0) return 'Provide what is missing, or take it out of the definition.';
  return refusalOfQemu(error) ? 'The Log tab has the whole command line. Correct the definition, or what QEMU misses on this computer.' : advice[error.code];
}

/** A refusal carries the holder's times by both clocks; only the wall clock's means anything in another process. */
const refusalHolder = z.object({ kind: z.string(), owner: z.string(), client: z.string(), sinceWallMs: z.number().optional(), sinceMs: z.number().optional() });
const refusalSchema = z.object({ holders: z.array(refusalHolder) });

/** Who holds the domain, where that is why the error happened; empty otherwise. */
export function holdersOf(error: VireoError): readonly JobHolder[] {
  const parsed = refusalSchema.safeParse(error.details);
  if (!parsed.success) return [];
  return parsed.data.holders.map(({ kind, owner, client, sinceWallMs, sinceMs }) => ({ kind, owner, client, sinceMs: sinceWallMs ?? sinceMs ?? Date.now() }));
}

const imageRefusalSchema = z.object({
  image: z.string(),
  target: z.string(),
  holder: z.object({ domain: z.object({ name: z.string(), uuid: z.string() }).optional(), pid: z.number(), hostName: z.string().optional(), stateFolder: z.string().optional(), sinceMs: z.number().optional() }),
});

/** A start that was refused because somebody else has an image of the domain. */
export interface ImageRefusal {
  readonly image: string;
  /** The disk that it is of. */
  readonly target: string;
  /** What is not known is null: whoever takes no lease leaves nothing but a process. */
  readonly holder: { readonly name: string | null; readonly uuid: string | null; readonly pid: number; readonly hostName: string | null; readonly stateFolder: string | null; readonly sinceMs: number | null };
}

export function imageRefusalIn(error: VireoError): ImageRefusal | null {
  const parsed = error.code === 'RESOURCE_BUSY' ? imageRefusalSchema.safeParse(error.details) : null;
  if (!parsed?.success) return null;
  const { image, target, holder: { domain, pid, hostName, stateFolder, sinceMs } } = parsed.data;
  return { image, target, holder: { name: domain?.name ?? null, uuid: domain?.uuid ?? null, pid, hostName: hostName ?? null, stateFolder: stateFolder ?? null, sinceMs: sinceMs ?? null } };
}

const positionSchema = z.object({ line: z.number().int().positive(), column: z.number().int().nonnegative().nullish(), element: z.string().nullish(), path: z.string().nullish() });

export interface XmlPosition {
  readonly line: number;
  readonly element: string | null;
}

/** Where in the definition an error stands; null when it does not say. */
export function xmlPositionOf(error: VireoError): XmlPosition | null {
  const parsed = positionSchema.safeParse(error.details);
  return parsed.success ? { line: parsed.data.line, element: parsed.data.element ?? parsed.data.path ?? null } : null;
}
