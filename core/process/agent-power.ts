/** Shutdown and reboot through the guest's agent (F6), under the domain's agent job. */
import type { Domain } from '../domain/domain.ts';
import type { DomainEvent } from '../domain/domain-summary.ts';
import type { Call } from '../job/call.ts';
import { withDomainAgent } from './agent-session.ts';
import type { ProcessContext } from './process-context.ts';

/**
 * Resolves once the guest has agreed or QEMU tells that it obeys. A reboot is the guest's own: no shutdown is turned
 * into one.
 * @throws ARGUMENT_UNSUPPORTED, AGENT_UNRESPONSIVE, the agent's refusal, or that the domain has died.
 */
export async function askAgentForPower(context: ProcessContext, call: Call, domain: Domain, mode: 'powerdown' | 'reboot'): Promise<void> {
  await withDomainAgent(
    context,
    call,
    domain,
    'modify',
    async (agent, live) => {
      if (live.rebootOnShutdown) {
        live.rebootOnShutdown = false; // left by a button that the guest ignored; the agent's shutdown is none of its halves
        await context.saveStatus(domain);
      }
      using obeyed = seen(context, domain, (event) => event.type === 'reboot' || (event.type === 'lifecycle' && (event.event === 'shutdown' || event.event === 'stopped')));
      await agent.shutdown(mode, { obeyed: obeyed.signal });
    },
    { outlivesChannel: true },
  );
}

/** A signal that aborts when something happens to the domain that `isObeying` takes. */
export function seen(context: ProcessContext, domain: Domain, isObeying: (event: DomainEvent) => boolean): Disposable & { readonly signal: AbortSignal } {
  const obeyed = new AbortController();
  const watch = context.hub.events.on((event) => {
    if (event.domain.uuid === domain.uuid && isObeying(event)) obeyed.abort();
  });
  return { signal: obeyed.signal, [Symbol.dispose]: () => watch[Symbol.dispose]() };
}
