/** A viewer's way to a display of a running domain. */
import { VireoError } from '../base/errors.ts';
import { displayDevices } from '../display/display-devices.ts';
import type { DisplaySession, OpenDisplayOptions } from '../display/displays.ts';
import type { Domain } from '../domain/domain.ts';
import type { Call } from '../job/call.ts';
import type { ProcessContext } from '../process/process-context.ts';
import { requireLive } from '../process/power.ts';

/** A window that is restored with the app asks before its guest has been found again. */
const reachedMs = 15_000;

/** @throws OPERATION_INVALID, OPERATION_TIMEOUT, INVALID_ARG for a display that the domain does not have, and as `Displays.open`. */
export async function openDisplay(context: ProcessContext, call: Call, domain: Domain, { index, ...options }: OpenDisplayOptions & { readonly index: number }): Promise<DisplaySession> {
  const live = requireLive(domain);
  await context.clock.sleep(reachedMs, AbortSignal.any([live.reached, call.signal]));
  call.signal.throwIfAborted();
  const { identity } = domain;
  // It may have ended meanwhile, and even run anew.
  if (domain.live !== live || live.died.aborted) throw new VireoError('OPERATION_INVALID', 'domain is not running', { domain: identity });
  if (!live.reached.aborted) throw new VireoError('OPERATION_TIMEOUT', 'the displays are not there yet: QEMU does not answer', { domain: identity });
  const devices = displayDevices(live.definition, context.settings);
  const device = devices[index];
  if (!device) {
    const text = devices.length === 0 ? 'the domain has no graphical display' : `the domain has ${devices.length} graphical displays and none with the number ${index}`;
    throw new VireoError('INVALID_ARG', text, { domain: identity });
  }
  return live.facts.displays.open(device, options, AbortSignal.any([call.signal, live.died]));
}
