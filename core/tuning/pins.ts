/** Which processors of the host the threads of a guest run on, asked and changed while it runs or for its next boot. */
import { VireoError } from '../base/errors.ts';
import { cpuSet, formatCpuSet, membersOf } from '../conf/cpu-set.ts';
import { effectiveIothreads } from '../conf/iothreads.ts';
import { vcpusAtStart } from '../conf/vcpus.ts';
import type { Domain } from '../domain/domain.ts';
import type { LiveDomain } from '../domain/live-domain.ts';
import type { Call } from '../job/call.ts';
import { type Affected, changeTuning, chosenTuning, type TuningContext } from './affected.ts';
import { withCputune } from './scheduler-parameters.ts';
import { affinityOf, onlineCpus, otherThreads, pinThreads } from './thread-placement.ts';

/** `null` is every processor there is, and the definition forgets the pin. */
type Cpus = string | null;

/** @throws INVALID_ARG for a vCPU that is not there or a set that is none; OPERATION_FAILED where the host has none of them. */
export async function pinVcpu(context: TuningContext, call: Call, domain: Domain, affected: Affected, vcpu: number, cpus: Cpus): Promise<void> {
  const wanted = checked(cpus);
  await changeTuning(context, call, domain, affected, {
    define(definition) {
      if (vcpu >= definition.vcpu.maximum) throw new VireoError('INVALID_ARG', `vcpu ${vcpu} is out of range of cpu count ${definition.vcpu.maximum}`);
      const others = (definition.cputune?.vcpupin ?? []).filter((pin) => pin.vcpu !== vcpu);
      const pins = wanted === null ? others : [...others, { vcpu, cpuset: wanted }].toSorted((a, b) => a.vcpu - b.vcpu);
      return withCputune(definition, { vcpupin: pins });
    },
    async apply(live) {
      const threadId = live.threads?.vcpus.get(vcpu);
      if (threadId === undefined) throw new VireoError('INVALID_ARG', `vcpu ${vcpu} is out of range of live cpu count ${live.threads?.vcpus.size ?? 0}`);
      await pinThreads([{ threadId, cpus: wanted ?? (await onlineCpus()), what: `vCPU ${vcpu}` }]);
    },
  });
}

/** Everything of QEMU but its vCPUs and I/O threads. */
export async function pinEmulator(context: TuningContext, call: Call, domain: Domain, affected: Affected, cpus: Cpus): Promise<void> {
  const wanted = checked(cpus);
  await changeTuning(context, call, domain, affected, {
    define: (definition) => withCputune(definition, { emulatorpin: wanted }),
    async apply(live) {
      const set = wanted ?? (await onlineCpus());
      const threads = await otherThreads(live.facts.process.pid, live.threads);
      await pinThreads(threads.map((threadId) => ({ threadId, cpus: set, what: `thread ${threadId} of QEMU` })));
    },
  });
}

/** @throws INVALID_ARG for an I/O thread that is not there. */
export async function pinIothread(context: TuningContext, call: Call, domain: Domain, affected: Affected, iothread: number, cpus: Cpus): Promise<void> {
  const wanted = checked(cpus);
  await changeTuning(context, call, domain, affected, {
    define(definition) {
      if (!effectiveIothreads(definition).some(({ id }) => id === iothread)) throw new VireoError('INVALID_ARG', `iothread ${iothread} not found`);
      const others = (definition.cputune?.iothreadpin ?? []).filter((pin) => pin.iothread !== iothread);
      return withCputune(definition, { iothreadpin: wanted === null ? others : [...others, { iothread, cpuset: wanted }].toSorted((a, b) => a.iothread - b.iothread) });
    },
    async apply(live) {
      const threadId = live.threads?.ioThreads.get(iothread);
      if (threadId === undefined) throw new VireoError('INVALID_ARG', `iothread ${iothread} not found`);
      await pinThreads([{ threadId, cpus: wanted ?? (await onlineCpus()), what: `IOThread ${iothread}` }]);
    },
  });
}

export interface VcpuPin {
  readonly vcpu: number;
  readonly cpus: string;
}

/** Of a running guest what the kernel says, which somebody else may have changed. */
export async function vcpuPins(domain: Domain, affected: Affected): Promise<readonly VcpuPin[]> {
  const { live, definition } = chosenTuning(domain, affected);
  const fallback = definition.vcpu.cpuset ?? (await onlineCpus());
  const vcpus = live?.threads ? [...live.threads.vcpus.keys()] : vcpusAtStart(definition);
  return Promise.all(vcpus.map(async (vcpu) => {
    const measured = await measuredCpus(live, live?.threads?.vcpus.get(vcpu));
    return { vcpu, cpus: measured ?? definition.cputune?.vcpupin.find((pin) => pin.vcpu === vcpu)?.cpuset ?? fallback };
  }));
}

export async function emulatorPin(domain: Domain, affected: Affected): Promise<string> {
  const { live, definition } = chosenTuning(domain, affected);
  return (await measuredCpus(live, live?.facts.process.pid)) ?? definition.cputune?.emulatorpin ?? definition.vcpu.cpuset ?? (await onlineCpus());
}

async function measuredCpus(live: LiveDomain | null, threadId: number | undefined): Promise<string | null> {
  return live && threadId !== undefined ? await affinityOf(live.facts.process.pid, threadId) : null;
}

function checked(cpus: Cpus): Cpus {
  if (cpus === null) return null;
  const set = cpuSet.parse(cpus);
  if (set === undefined) throw new VireoError('INVALID_ARG', `'${cpus}' is not a set of processors such as 0-3,^2`);
  return formatCpuSet(membersOf(set));
}
