/**
 * Runs that are bound to the client that started them (A6): the guest is destroyed when the client's connection closes,
 * however it does. A driver that finds such a run of an earlier one destroys it too, for its client is gone with that.
 */
import { setMaxListeners } from 'node:events';
import { VireoError, asVireoError } from '../base/errors.ts';
import type { Domain } from '../domain/domain.ts';
import type { LiveDomain } from '../domain/live-domain.ts';
import { Call } from '../job/call.ts';
import type { ProcessContext } from './process-context.ts';
import type { StartState } from './start-state.ts';
import { destroyDomain } from './stop-domain.ts';

/** A step of a start, before the state file is written. */
export async function bindToClient({ context, call, domain, live, options }: StartState): Promise<void> {
  if (!options.autodestroy) return;
  const { clientGone } = call;
  if (!clientGone) throw new VireoError('OPERATION_INVALID', 'Domain autodestroy requires a connection handle');
  live.autodestroy = call.client;
  const destroy = (): void => context.untilDone(destroyOrphan(context, domain, live));
  setMaxListeners(0, clientGone); // one for each guest of this client
  if (clientGone.aborted) destroy();
  else clientGone.addEventListener('abort', destroy, { once: true, signal: live.died });
}

/** Sets the run free, as when its guest moves to another host: its client's end is not its end any more. */
export async function unbindFromClient(context: ProcessContext, domain: Domain, live: LiveDomain): Promise<void> {
  if (live.autodestroy === null) return;
  live.autodestroy = null;
  await context.saveStatus(domain);
}

async function destroyOrphan(context: ProcessContext, domain: Domain, live: LiveDomain): Promise<void> {
  if (live.autodestroy === null || domain.live !== live) return;
  context.log.write('info', 'a domain is destroyed because its client is gone', { domain: domain.name, client: live.autodestroy });
  try {
    await destroyDomain(context, Call.ofDriver('processAutoDestroy', context.log), domain, false);
  } catch (error) {
    if (domain.live === live) context.log.write('error', 'a domain whose client is gone could not be destroyed', { domain: domain.name, error: asVireoError(error).message });
  }
}
