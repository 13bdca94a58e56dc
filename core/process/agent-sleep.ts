/** A guest put to sleep through its agent, and woken by QEMU (virDomainPMSuspendForDuration, virDomainPMWakeup). */
import { requireAgentChannel } from '../agent/agent-error.ts';
import type { GuestSleep } from '../agent/commands.ts';
import type { SleepTarget } from '../agent/guest-words.ts';
import { VireoError } from '../base/errors.ts';
import type { Domain } from '../domain/domain.ts';
import type { LiveDomain } from '../domain/live-domain.ts';
import type { Call } from '../job/call.ts';
import { seen } from './agent-power.ts';
import { withDomainAgent } from './agent-session.ts';
import { requireLive } from './power.ts';
import type { ProcessContext } from './process-context.ts';

const agentWords: Readonly<Record<SleepTarget, GuestSleep>> = { mem: 'ram', disk: 'disk', hybrid: 'hybrid' };

/**
 * Resolves once the guest sleeps, or has slept and woken by itself. A guest that sleeps on its disk is shut off.
 * @throws OPERATION_UNSUPPORTED where the machine cannot sleep or its definition forbids it, or as `withDomainAgent`.
 */
export async function putToSleep(context: ProcessContext, call: Call, domain: Domain, target: SleepTarget): Promise<void> {
  const live = requireLive(domain);
  requireAgentChannel(live.agent, domain.identity);
  requireSleepState(domain, live, target);
  if (!(await canWake(call, domain))) throw new VireoError('OPERATION_UNSUPPORTED', 'Domain does not have suspend support', { domain: domain.identity });
  await withDomainAgent(
    context,
    call,
    domain,
    'modify',
    async (agent) => {
      using asleep = seen(context, domain, ({ type, event }) => type === 'lifecycle' && (event === 'pmsuspended' || event === 'shutdown' || event === 'stopped'));
      await agent.sleep(agentWords[target], { obeyed: asleep.signal });
    },
    { outlivesChannel: true },
  );
}

/** Wakes a guest that sleeps; one that does not is left as it is. */
export async function wake(call: Call, domain: Domain): Promise<void> {
  await using job = await domain.jobs.begin(call, 'modify');
  const monitor = job.monitor();
  if (domain.state !== 'pmsuspended') return;
  await monitor.execute('system_wakeup');
}

function requireSleepState(domain: Domain, { definition: { pm } }: LiveDomain, target: SleepTarget): void {
  const [state, forbidden] = target === 'disk' ? ['S4', pm?.suspendToDisk?.enabled === false] : ['S3', pm?.suspendToMemory?.enabled === false];
  if (forbidden) throw new VireoError('OPERATION_UNSUPPORTED', `${state} state is disabled for this domain`, { domain: domain.identity });
}

async function canWake(call: Call, domain: Domain): Promise<boolean> {
  await using job = await domain.jobs.begin(call, 'query');
  return (await job.monitor().query('query-current-machine'))['wakeup-suspend-support'];
}
