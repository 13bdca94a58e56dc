/**
 * What can be wrong with a guest's agent, told apart: the domain has no channel for one, nobody in the guest has the
 * channel open, whoever has it open does not answer, or the agent answered and refused.
 */
import { type ErrorDomain, VireoError } from '../base/errors.ts';

/** The agent's channel as QEMU tells of it (VSERPORT_CHANGE, query-chardev). */
export type AgentChannelState = 'not configured' | 'disconnected' | 'connected';

/**
 * Refuses at once what could only wait in vain.
 * @throws CONFIG_UNSUPPORTED `QEMU guest agent is not configured`, AGENT_UNRESPONSIVE `QEMU guest agent is not connected`.
 */
export function requireAgentChannel(state: AgentChannelState, domain: ErrorDomain): void {
  if (state === 'not configured') throw new VireoError('CONFIG_UNSUPPORTED', 'QEMU guest agent is not configured', { domain });
  if (state === 'disconnected') throw new VireoError('AGENT_UNRESPONSIVE', 'QEMU guest agent is not connected', { domain, details: { agent: 'disconnected' } });
}

/** libvirt's code and sentence for an agent's refusal; the agent's class, its own text and the command are in the details. */
export function agentRefusal(command: string, agentClass: string, agentText: string): VireoError {
  const details = { command, agentClass, agentText };
  return new VireoError('INTERNAL_ERROR', `unable to execute QEMU agent command '${command}': ${agentText}`, { details });
}

/** Whether the agent itself refused a command, and with this class (`CommandNotFound`, `GenericError`) where one is given. */
export function isAgentRefusal(thrown: unknown, agentClass?: string): thrown is VireoError {
  if (!(thrown instanceof VireoError) || thrown.details['agentClass'] === undefined) return false;
  return agentClass === undefined || thrown.details['agentClass'] === agentClass;
}

/** Whether there was no usable answer at all: the channel is closed, silent, or speaks nonsense. */
export function isAgentSilent(thrown: unknown): thrown is VireoError {
  return thrown instanceof VireoError && (thrown.code === 'AGENT_UNRESPONSIVE' || thrown.code === 'AGENT_UNSYNCED');
}
