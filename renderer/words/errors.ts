/** What to do about an error, by its code, and who stands in the way. The error's own message says what went wrong. */
import { z } from 'zod';
import type { ErrorCode, VireoError } from '../../core/base/errors.ts';
import type { JobHolder } from '../../core/domain/domain-summary.ts';

const advice: Readonly<Record<ErrorCode, string | null>> = {
  INTERNAL_ERROR: 'This is a fault in Vireo. The details help whoever repairs it.',
  NO_SUPPORT: 'This host does not offer it. A newer Vireo may.',
  INVALID_ARG: 'Correct the value and try again.',
  OPERATION_FAILED: "The domain's log usually says more.",
  XML_ERROR: 'Correct the definition at the marked line and define it again.',
  DOM_EXIST: 'Choose another name or UUID, or change the existing domain.',
  OPERATION_DENIED: 'The host does not allow it.',
  SYSTEM_ERROR: 'Check the path, its permissions and the free space.',
  RPC: 'Vireo connects again by itself. Guests keep running meanwhile.',
  NO_DOMAIN: 'It may have been undefined meanwhile. The list shows what is there.',
  OPERATION_INVALID: "The domain's state does not allow it now.",
  CONFIG_UNSUPPORTED: 'Change the definition to something that QEMU here can do.',
  OPERATION_TIMEOUT: 'Wait a little and try again.',
  OPERATION_ABORTED: null,
  OPERATION_UNSUPPORTED: 'Something that it needs is missing here.',
  AGENT_UNRESPONSIVE: 'Check that qemu-guest-agent runs inside the guest.',
  RESOURCE_BUSY: 'Wait until it is free, or end what uses it.',
  AGENT_UNSYNCED: 'Try again; the guest agent was talking to somebody else.',
  DEVICE_MISSING: 'It may have been detached meanwhile.',
};

/** One sentence on what to do; null when there is nothing to do. */
export function adviceFor(code: ErrorCode): string | null {
  return advice[code];
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
