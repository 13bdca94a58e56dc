/** Shutdown and reboot through the guest's agent (F6), under the domain's agent job. */
import { requireAgentChannel } from '../agent/agent-error.ts';
import { askGuestPower } from '../agent/guest-power.ts';
import { VireoError } from '../base/errors.ts';
import { devicesOf } from '../conf/device-definition.ts';
import type { DomainDefinition } from '../conf/domain-definition.ts';
import { isAgentChannel } from '../devices/channel/channel.ts';
import type { Domain } from '../domain/domain.ts';
import type { Call } from '../job/call.ts';
import type { ProcessContext } from './process-context.ts';

/**
 * Resolves once the guest has agreed or QEMU tells that it obeys. A reboot is the guest's own: no shutdown is turned
 * into one.
 * @throws CONFIG_UNSUPPORTED, AGENT_UNRESPONSIVE, the agent's refusal, or that the domain has died.
 */
export async function askAgentForPower(context: ProcessContext, call: Call, domain: Domain, mode: 'powerdown' | 'reboot'): Promise<void> {
  await using job = await domain.jobs.beginAgent(call, 'modify');
  const { live } = domain;
  if (!live) throw new VireoError('OPERATION_INVALID', 'domain is not running', { domain: domain.identity });
  requireAgentChannel(live.agent, domain.identity);
  const path = agentSocket(live.definition);
  if (path === null) throw new VireoError('CONFIG_UNSUPPORTED', 'the channel of the QEMU guest agent is no unix socket that Vireo holds', { domain: domain.identity });
  const obeyed = new AbortController();
  using _watch = context.hub.events.on((event) => {
    if (event.domain.uuid !== domain.uuid) return;
    const isOnItsWay = event.type === 'reboot' || (event.type === 'lifecycle' && (event.event === 'shutdown' || event.event === 'stopped'));
    if (isOnItsWay) obeyed.abort();
  });
  if (live.rebootOnShutdown) {
    live.rebootOnShutdown = false; // left by a button that the guest ignored; the agent's shutdown is none of its halves
    await context.saveStatus(domain);
  }
  const signal = AbortSignal.any([live.died, call.signal]);
  const { clock, log } = context;
  await job.whileAlive(() => askGuestPower({ path, clock, log, signal, domain: domain.identity, obeyed: obeyed.signal }, mode));
}

/** The socket of the agent's channel, null where its backend is none that QEMU listens on. */
function agentSocket(definition: DomainDefinition): string | null {
  const backend = devicesOf(definition.devices, 'channel').find(isAgentChannel)?.backend;
  if (backend?.type !== 'unix' || backend.source?.mode === 'connect') return null;
  return backend.source?.path ?? null;
}
