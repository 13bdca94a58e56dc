/** Calls about one domain, with virsh's words for what went wrong: an unknown domain, or an act that failed. */
import type { AnyMethodInput, AnyMethodName, AnyMethodResult, Client } from '../core/api/client.ts';
import { asVireoError } from '../core/base/errors.ts';
import type { DomainSummary } from '../core/domain/domain-summary.ts';
import { CommandError, CommandFailure } from './command-error.ts';

/** The domain that `domain` names by id, UUID or name. @throws `failed to get domain 'x'`, as virsh says it. */
export async function lookUp(client: Client, domain: string, signal: AbortSignal): Promise<DomainSummary> {
  try {
    return await client.call('domainLookup', { domain }, { signal });
  } catch (thrown) {
    const error = asVireoError(thrown);
    // virsh leaves out the library's reason here: the sentence says it all.
    if (error.code === 'NO_DOMAIN') throw new CommandError('NO_DOMAIN', `failed to get domain '${domain}'`, { cause: error });
    throw error;
  }
}

/** A call whose failure is told as `what`, followed by the reason. */
export async function attempt<M extends AnyMethodName>(client: Client, what: string, method: M, params: AnyMethodInput<M>, signal: AbortSignal): Promise<AnyMethodResult<M>> {
  try {
    return await client.call(method, params, { signal });
  } catch (thrown) {
    throw new CommandFailure(what, asVireoError(thrown));
  }
}
