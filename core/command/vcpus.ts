/** `-smp`, and the CPUs that are plugged in from the start like cards, so that they can be taken out again. */
import { VireoError } from '../base/errors.ts';
import type { CpuTopology } from '../conf/cpu.ts';
import type { DomainDefinition } from '../conf/domain-definition.ts';
import { vcpusAtStart } from '../conf/vcpus.ts';
import { type CommandFragment, json, keyed } from '../devices/command-fragment.ts';

export function cpuCountFragment(live: DomainDefinition): CommandFragment {
  const { sockets, dies, clusters, cores, threads } = topologyOf(live);
  const present = vcpusAtStart(live).length - pluggedCpus(live).length;
  return keyed('smp', String(present), {
    maxcpus: present === live.vcpu.maximum ? null : live.vcpu.maximum,
    sockets,
    dies: dies === 1 ? null : dies,
    clusters: clusters === 1 ? null : clusters,
    cores,
    threads,
  });
}

/** Each CPU by its place in the topology. `model` is what -cpu names; its type is what `-device` takes. */
export function pluggedCpuFragments(live: DomainDefinition, model: string | null): readonly CommandFragment[] {
  const plugged = pluggedCpus(live);
  if (plugged.length === 0) return [];
  const { dies, cores, threads } = topologyOf(live);
  return plugged.map((id) =>
    json('device', {
      driver: `${model ?? 'qemu64'}-x86_64-cpu`,
      id: `vcpu${id}`,
      'socket-id': Math.floor(id / (threads * cores * dies)),
      'die-id': Math.floor(id / (threads * cores)) % dies,
      'core-id': Math.floor(id / threads) % cores,
      'thread-id': id % threads,
    }),
  );
}

function topologyOf({ cpu, vcpu }: DomainDefinition): CpuTopology {
  return cpu?.topology ?? { sockets: vcpu.maximum, dies: 1, clusters: 1, cores: 1, threads: 1 };
}

/** Numbers of the CPUs that are there at the start and can be unplugged. Other boards start with them as with the rest. */
function pluggedCpus(live: DomainDefinition): readonly number[] {
  const plugged = live.vcpus.filter(({ enabled, hotpluggable }) => enabled && hotpluggable).map(({ id }) => id);
  const { arch } = live.os.type;
  if (arch === 'x86_64' || arch === 'i686' || plugged.length === 0) return plugged;
  if (vcpusAtStart(live).every((id, at) => id === at)) return [];
  throw new VireoError('CONFIG_UNSUPPORTED', `vcpus that leave out one before another are not supported on arch '${arch ?? ''}'`);
}
