/**
 * What can be wrong with a guest's agent, told apart: the domain has no channel for one, nobody in the guest has the
 * channel open, whoever has it open does not answer, or the agent answered and refused. Codes are libvirt's (11.3).
 */
import { type ErrorDomain, VireoError } from '../base/errors.ts';

/** The agent's channel as QEMU tells of it (VSERPORT_CHANGE, query-chardev). */
export type AgentChannelState = 'not configured' | 'disconnected' | 'connected';

/**
 * Refuses at once what could only wait in vain.
 * @throws ARGUMENT_UNSUPPORTED `QEMU guest agent is not configured`, AGENT_UNRESPONSIVE `QEMU guest agent is not connected`.
 */
export function requireAgentChannel(state: AgentChannelState, domain: ErrorDomain): void {
  if (state === 'not configured') throw new VireoError('ARGUMENT_UNSUPPORTED', 'QEMU guest agent is not configured', { domain });
  if (state === 'disconnected') throw new VireoError('AGENT_UNRESPONSIVE', 'QEMU guest agent is not connected', { domain, details: { agent: 'disconnected' } });
}

/** The agent closed its channel, or the guest was reset, while an answer was awaited. */
export function agentDisconnected(domain: ErrorDomain): VireoError {
  return new VireoError('AGENT_UNRESPONSIVE', 'QEMU guest agent disconnected before it answered', { domain, details: { agent: 'disconnected' } });
}

/**
 * Why an agent that works would not do it: it has no such command, its guest's administrator disabled the command, its
 * guest's file systems are frozen, so that it does little else, or it tried and failed.
 */
export type AgentRefusalKind = 'unknown command' | 'disabled command' | 'frozen' | 'failed';

/** libvirt's code and sentence for an agent's refusal; the agent's class, its own text and the command are in the details. */
export function agentRefusal(command: string, agentClass: string, agentText: string): VireoError {
  const agentRefusalKind = refusalKind(agentClass, agentText);
  const remedy = agentRefusalKind === 'frozen' ? { remedy: 'the file systems of the guest are frozen; domfsthaw thaws them' } : {};
  return new VireoError('AGENT_COMMAND_FAILED', sentence(command, agentText), { details: { command, agentClass, agentText, agentRefusalKind, ...remedy } });
}

/**
 * A refusal for want of the command, with the version of the agent that refused: an older one lacks it, or its
 * administrator took it away. Other refusals stay as they are.
 */
export function withAgentVersion(refusal: VireoError, version: string | null): VireoError {
  const { command, agentText } = refusal.details;
  if (version === null || !isCommandMissing(refusal)) return refusal;
  const text = `${sentence(String(command), String(agentText))} (by the guest's QEMU guest agent ${version})`;
  return new VireoError('AGENT_COMMAND_FAILED', text, { domain: refusal.domain, details: { ...refusal.details, agentVersion: version }, cause: refusal.cause });
}

function sentence(command: string, agentText: string): string {
  return `unable to execute QEMU agent command '${command}': ${agentText}`;
}

/**
 * The class does not tell: qemu-ga 7.2 gives CommandNotFound to all of them, and the reason in its text ("has been
 * disabled: the agent is in frozen state"); qemu-ga before 2.0 had CommandDisabled.
 */
function refusalKind(agentClass: string, agentText: string): AgentRefusalKind {
  const isMissing = agentClass === 'CommandNotFound' || agentClass === 'CommandDisabled';
  if (!isMissing) return 'failed';
  if (/frozen state/.test(agentText)) return 'frozen';
  return agentClass === 'CommandDisabled' || /has been disabled/.test(agentText) ? 'disabled command' : 'unknown command';
}

/** Whether the agent itself refused a command, and with this class (`CommandNotFound`, `GenericError`) where one is given. */
export function isAgentRefusal(thrown: unknown, agentClass?: string): thrown is VireoError {
  if (!(thrown instanceof VireoError) || thrown.details['agentClass'] === undefined) return false;
  return agentClass === undefined || thrown.details['agentClass'] === agentClass;
}

/** Whether this agent lacks the command, for good: it never had it, or it was taken from it. */
export function isCommandMissing(thrown: unknown): thrown is VireoError {
  if (!isAgentRefusal(thrown)) return false;
  const kind = thrown.details['agentRefusalKind'];
  return kind === 'unknown command' || kind === 'disabled command';
}

/** Whether the agent refused because its guest's file systems are frozen. */
export function isFrozenRefusal(thrown: unknown): boolean {
  return isAgentRefusal(thrown) && thrown.details['agentRefusalKind'] === 'frozen';
}

/** Whether there was no usable answer at all: the channel is closed, silent, or speaks nonsense. */
export function isAgentSilent(thrown: unknown): thrown is VireoError {
  return thrown instanceof VireoError && (thrown.code === 'AGENT_UNRESPONSIVE' || thrown.code === 'AGENT_UNSYNCED' || thrown.code === 'AGENT_COMMAND_TIMEOUT');
}
