/** The guest asked, through its agent, to switch itself off or to boot again. */
import { type AgentOptions, type GuestShutdownOptions, withAgent } from './agent.ts';
import type { GuestShutdownMode } from './commands.ts';

/**
 * Resolves once the guest has agreed, or is seen to obey (`obeyed`); `Agent.shutdown` says what counts. A reboot through the
 * agent is the guest's own: QEMU resets and nothing has to turn a shutdown into one.
 * @throws what `isAgentRefusal` or `isAgentSilent` tells apart, the signal's reason.
 */
export function askGuestPower(options: AgentOptions & GuestShutdownOptions, mode: GuestShutdownMode): Promise<void> {
  return withAgent(options, (agent) => agent.shutdown(mode, { timeoutMs: options.timeoutMs, obeyed: options.obeyed }));
}
