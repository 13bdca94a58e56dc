/**
 * Freezing, thawing and trimming a guest's file systems. Whether they are frozen is the guest's to know and is noted
 * nowhere: another client, the guest itself or a driver before this one may have changed it. So each request goes to the
 * agent, which refuses a second freeze every time, and a thaw is never held back.
 */
import { isAgentRefusal } from '../agent/agent-error.ts';
import { asVireoError, errorCodes, VireoError } from '../base/errors.ts';
import type { Domain } from '../domain/domain.ts';
import type { Call } from '../job/call.ts';
import { withDomainAgent } from './agent-session.ts';
import type { ProcessContext } from './process-context.ts';

/**
 * Writes out and freezes every file system of the guest, or those at `mountpoints`.
 * @returns how many were frozen.
 * @throws as `withDomainAgent`; where the answer was lost, the same error saying that nobody knows whether it was done.
 */
export async function freezeFilesystems(context: ProcessContext, call: Call, domain: Domain, mountpoints: readonly string[]): Promise<number> {
  let isSent = false;
  const onSent = (): void => void (isSent = true);
  try {
    return await withDomainAgent(context, call, domain, 'modify', (agent) =>
      mountpoints.length === 0 ? agent.execute('guest-fsfreeze-freeze', {}, { onSent }) : agent.execute('guest-fsfreeze-freeze-list', { mountpoints }, { onSent }),
    );
  } catch (error) {
    if (!isSent || isAgentRefusal(error) || !domain.live || domain.live.died.aborted) throw error;
    throw unknownOutcome(asVireoError(error));
  }
}

/** Thaws all that is frozen. @returns how many were thawed. @throws as `withDomainAgent`. */
export async function thawFilesystems(context: ProcessContext, call: Call, domain: Domain): Promise<number> {
  return await withDomainAgent(context, call, domain, 'modify', (agent) => agent.execute('guest-fsfreeze-thaw'));
}

/** As the guest's agent has it; programs in the guest may have frozen more. */
export async function readFreezeStatus(context: ProcessContext, call: Call, domain: Domain): Promise<'frozen' | 'thawed'> {
  return await withDomainAgent(context, call, domain, 'query', (agent) => agent.execute('guest-fsfreeze-status'));
}

/** What became of one file system: how much was discarded, or why nothing was. */
export interface TrimmedFilesystem {
  readonly path: string;
  readonly trimmedBytes: number | null;
  readonly minimumBytes: number | null;
  readonly error: string | null;
}

/** Tells the disks of the guest which blocks it does not use; shorter runs than `minimumBytes` may be left out. */
export async function trimFilesystems(context: ProcessContext, call: Call, domain: Domain, minimumBytes: number): Promise<readonly TrimmedFilesystem[]> {
  const { paths } = await withDomainAgent(context, call, domain, 'modify', (agent) => agent.execute('guest-fstrim', { minimum: minimumBytes }));
  return paths.map((each) => ({ path: each.path, trimmedBytes: each.trimmed ?? null, minimumBytes: each.minimum ?? null, error: each.error ?? null }));
}

function unknownOutcome(error: VireoError): VireoError {
  const text = error.message.slice(errorCodes[error.code].opening.length);
  return new VireoError(error.code, `${text}; whether the file systems of the guest are frozen is not known`, {
    domain: error.domain,
    details: { ...error.details, freeze: 'unknown', remedy: 'domfsthaw thaws them, and does no harm where they are not frozen' },
    cause: error.cause,
  });
}
