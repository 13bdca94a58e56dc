/** qemu-agent-command: any words for the guest's agent, which taint the run because the driver does not know what they did. */
import { VireoError } from '../base/errors.ts';
import type { Domain } from '../domain/domain.ts';
import { taint } from '../domain/taints.ts';
import type { Call } from '../job/call.ts';
import { agentTimeout, withDomainAgent } from './agent-session.ts';
import type { ProcessContext } from './process-context.ts';
import { requireLive } from './power.ts';

/** Do not wait: what libvirt's `0` means. */
const withoutWaiting = 0;

/** Answers to commands that nobody here knows: a file that is read in large pieces, all that a program printed. */
const maximumReplyBytes = 8 * 1024 * 1024;

/**
 * @param seconds how long the answer may take: 0 does not wait for one, -1 leaves it to the domain's own limit, -2 waits
 *   for ever.
 * @returns the agent's answer as JSON text, null where none was waited for.
 * @throws INVALID_ARG for text that is no command, or as `withDomainAgent`.
 */
export async function agentCommand(context: ProcessContext, call: Call, domain: Domain, text: string, seconds: number): Promise<string | null> {
  const request = parseCommand(text, domain);
  return await withDomainAgent(
    context,
    call,
    domain,
    'modify',
    async (agent, live) => {
      await taint(context, domain, live, 'custom-ga-command');
      if (seconds === withoutWaiting) {
        await agent.sendUnchecked(request.execute, request.arguments);
        return null;
      }
      const timeoutMs = seconds === agentTimeout.byCommand ? undefined : seconds === agentTimeout.forever ? null : seconds * 1_000;
      const result = await agent.executeUnchecked(request.execute, request.arguments, { timeoutMs });
      return JSON.stringify({ return: result });
    },
    { maximumReplyBytes, endsWithClient: seconds === agentTimeout.forever },
  );
}

/** How long this run's agent may take from now on; see `LiveDomain.agentTimeoutSeconds`. Commands under way keep their limit. */
export async function setAgentTimeout(context: ProcessContext, domain: Domain, seconds: number): Promise<void> {
  const live = requireLive(domain);
  live.agentTimeoutSeconds = seconds;
  await context.saveStatus(domain);
}

/** A name alone, or JSON as the agent takes it. */
function parseCommand(text: string, domain: Domain): { readonly execute: string; readonly arguments: Readonly<Record<string, unknown>> } {
  const wrong = (what: string): VireoError => new VireoError('INVALID_ARG', `the agent command ${what}`, { domain: domain.identity });
  if (/^[a-z][a-z0-9_-]*$/i.test(text)) return { execute: text, arguments: {} };
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw wrong('is neither a name nor JSON'); // its words may hold a password: they are not repeated
  }
  if (typeof value !== 'object' || value === null || !('execute' in value) || typeof value.execute !== 'string') throw wrong("has no string 'execute'");
  const args: unknown = 'arguments' in value ? value.arguments : {};
  if (typeof args !== 'object' || args === null || Array.isArray(args)) throw wrong("has 'arguments' that are no object");
  return { execute: value.execute, arguments: { ...args } };
}
