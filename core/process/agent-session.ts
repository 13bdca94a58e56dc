/**
 * A running domain's guest agent, for one piece of work: under the domain's agent job, connected for as long as the work
 * lasts, and given up at once when the domain dies, the caller leaves, or the agent closes its channel. Everything is
 * looked up in the run as it is then, so an agent whose channel was plugged in later is found as well.
 */
import { type Agent, type AgentOptions, withAgent } from '../agent/agent.ts';
import { agentDisconnected, isCommandMissing, requireAgentChannel, withAgentVersion } from '../agent/agent-error.ts';
import { VireoError } from '../base/errors.ts';
import { Emitter } from '../base/events.ts';
import { devicesOf } from '../conf/device-definition.ts';
import type { DomainDefinition } from '../conf/domain-definition.ts';
import { isAgentChannel } from '../devices/channel/channel.ts';
import type { Domain } from '../domain/domain.ts';
import type { LiveDomain } from '../domain/live-domain.ts';
import type { Call } from '../job/call.ts';
import type { AgentKind } from '../job/kinds.ts';
import type { ProcessContext } from './process-context.ts';

export interface AgentSessionOptions {
  /** A guest that goes down takes its agent with it: the end of the channel is then no reason to give up. */
  readonly outlivesChannel?: boolean;
  /** Nobody else ends it: a client that is gone must not keep the agent from others for ever. */
  readonly endsWithClient?: boolean;
  /** Where answers may be long; 1 MiB otherwise. */
  readonly maximumReplyBytes?: number;
}

/** Above this the agent is given a limit for each command; these two are libvirt's words for others. */
export const agentTimeout = { forever: -2, byCommand: -1 } as const;

/** How long the agent may take to show that it listens, unless the whole answer is due sooner. */
const syncTimeoutMs = 5_000;
const versionTimeoutMs = 5_000;

/**
 * Does `work` with the agent of a running domain. `kind` says whether it changes the guest.
 * @throws OPERATION_INVALID `domain is not running`, ARGUMENT_UNSUPPORTED `QEMU guest agent is not configured`,
 *   AGENT_UNRESPONSIVE, AGENT_COMMAND_TIMEOUT, AGENT_UNSYNCED, AGENT_COMMAND_FAILED, the call's own reason.
 */
export async function withDomainAgent<T>(context: ProcessContext, call: Call, domain: Domain, kind: AgentKind, work: (agent: Agent, live: LiveDomain) => Promise<T>, options: AgentSessionOptions = {}): Promise<T> {
  usableAgent(domain); // nobody waits for a job that could only refuse
  await using job = await domain.jobs.beginAgent(call, kind);
  const { live, path } = usableAgent(domain);
  const gone = new AbortController();
  // QEMU tells of a port once a second at most (7.2): an agent that was restarted may only seem to connect.
  const reopened = new Emitter<void>();
  using _watch = context.hub.events.on((event) => {
    if (event.domain.uuid !== domain.uuid || event.type !== 'agent-lifecycle' || options.outlivesChannel) return;
    if (event.detail === 'connected') reopened.fire();
    else gone.abort(agentDisconnected(domain.identity));
  });
  const endsWithClient = options.endsWithClient || live.agentTimeoutSeconds === agentTimeout.forever;
  const agentOptions: AgentOptions = {
    path,
    clock: context.clock,
    log: context.log,
    signal: AbortSignal.any([live.died, call.signal, gone.signal, ...(call.clientGone && endsWithClient ? [call.clientGone] : [])]),
    domain: domain.identity,
    ...timeoutsOf(live.agentTimeoutSeconds),
    reopened,
    maximumReplyBytes: options.maximumReplyBytes,
  };
  return await job.whileAlive(() => withAgent(agentOptions, (agent) => explained(agent, () => work(agent, live))));
}

/** Its limits as `domainAgentSetResponseTimeout` set them. */
export function timeoutsOf(seconds: number): Pick<AgentOptions, 'commandTimeoutMs' | 'syncTimeoutMs'> {
  if (seconds === agentTimeout.forever) return { commandTimeoutMs: null, syncTimeoutMs };
  if (seconds === agentTimeout.byCommand) return { syncTimeoutMs };
  return { commandTimeoutMs: seconds * 1_000, syncTimeoutMs: Math.min(syncTimeoutMs, seconds * 1_000) };
}

function usableAgent(domain: Domain): { readonly live: LiveDomain; readonly path: string } {
  const { live, state, identity } = domain;
  if (!live) throw new VireoError('OPERATION_INVALID', 'domain is not running', { domain: identity });
  if (live.agent !== 'not configured' && state !== 'running' && state !== 'in shutdown') {
    throw new VireoError('OPERATION_INVALID', `domain is not running: it is ${state}, and its guest agent stands still with it`, { domain: identity });
  }
  requireAgentChannel(live.agent, identity);
  const path = agentSocket(live.definition);
  if (path === null) throw new VireoError('CONFIG_UNSUPPORTED', 'the channel of the QEMU guest agent is no unix socket that Vireo holds', { domain: identity });
  return { live, path };
}

/** The socket of the agent's channel, null where its backend is none that QEMU listens on. */
function agentSocket(definition: DomainDefinition): string | null {
  const backend = devicesOf(definition.devices, 'channel').find(isAgentChannel)?.backend;
  if (backend?.type !== 'unix' || backend.source?.mode === 'connect') return null;
  return backend.source?.path ?? null;
}

/** A refusal for want of a command is told with the version of the agent that lacks it. */
async function explained<T>(agent: Agent, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (!isCommandMissing(error)) throw error;
    const version = await agent.execute('guest-info', {}, { timeoutMs: versionTimeoutMs }).then((found) => found.version, () => null);
    throw withAgentVersion(error, version);
  }
}
