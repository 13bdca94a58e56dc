/** The CPUs of a guest as its own kernel uses them; QEMU's CPUs stay as they are. */
import type { Agent } from '../agent/agent.ts';
import { VireoError } from '../base/errors.ts';
import { cpuSet, formatCpuSet, membersOf } from '../conf/cpu-set.ts';
import type { Domain } from '../domain/domain.ts';
import type { Call } from '../job/call.ts';
import { withDomainAgent } from './agent-session.ts';
import type { ProcessContext } from './process-context.ts';

/** Sets of the guest's numbers for its CPUs, in libvirt's spelling; empty for none. */
export interface GuestVcpus {
  readonly vcpus: string;
  readonly online: string;
  readonly offlinable: string;
}

export async function readGuestVcpus(context: ProcessContext, call: Call, domain: Domain): Promise<GuestVcpus> {
  const found = await withDomainAgent(context, call, domain, 'query', (agent) => agent.execute('guest-get-vcpus'));
  const set = (members: typeof found): string => formatCpuSet(members.map((cpu) => cpu['logical-id']));
  return { vcpus: set(found), online: set(found.filter((cpu) => cpu.online)), offlinable: set(found.filter((cpu) => cpu['can-offline'])) };
}

/**
 * Has the guest use the CPUs of `cpus`, or leave them alone.
 * @throws INVALID_ARG for a set that is none or names CPUs the guest does not have, OPERATION_UNSUPPORTED for one that it
 *   cannot do without, or as `withDomainAgent`.
 */
export async function setGuestVcpus(context: ProcessContext, call: Call, domain: Domain, cpus: string, online: boolean): Promise<void> {
  const canonical = cpuSet.parse(cpus);
  if (canonical === undefined) throw new VireoError('INVALID_ARG', `'${cpus}' is no set of CPUs such as 0-3,^2`, { domain: domain.identity });
  const wanted = new Set(membersOf(canonical));
  await withDomainAgent(context, call, domain, 'modify', async (agent) => {
    const found = await agent.execute('guest-get-vcpus');
    for (const cpu of found.filter((each) => wanted.has(each['logical-id']))) {
      if (!online && !cpu['can-offline']) throw new VireoError('OPERATION_UNSUPPORTED', `vCPU '${cpu['logical-id']}' is not offlinable`, { domain: domain.identity });
    }
    const known = new Set(found.map((cpu) => cpu['logical-id']));
    const absent = [...wanted].filter((id) => !known.has(id));
    if (absent.length > 0) throw new VireoError('INVALID_ARG', `guest is missing vCPUs '${formatCpuSet(absent)}'`, { domain: domain.identity });
    await setAll(agent, [...wanted].map((id) => ({ 'logical-id': id, online })), domain);
  });
}

/** The agent may stop half way without an error; it is asked for the rest until it refuses. */
async function setAll(agent: Agent, wanted: readonly { readonly 'logical-id': number; readonly online: boolean }[], domain: Domain): Promise<void> {
  for (let left = wanted; left.length > 0; ) {
    const done = await agent.execute('guest-set-vcpus', { vcpus: left });
    if (done < 1 || done > left.length) throw new VireoError('AGENT_UNRESPONSIVE', `of ${left.length} vCPUs the guest agent says that it has set ${done}`, { domain: domain.identity });
    left = left.slice(done);
  }
}
