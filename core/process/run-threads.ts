/** QEMU's threads: which of them runs a vCPU, which does the work of disks. Whoever pins, counts or limits them asks here. */
import type { DomainDefinition } from '../conf/domain-definition.ts';
import { effectiveIothreads, iothreadAlias } from '../conf/iothreads.ts';
import type { RunThreads } from '../domain/live-domain.ts';
import type { ReadMonitor } from '../job/domain-run.ts';

export async function readThreads(definition: DomainDefinition, monitor: ReadMonitor): Promise<RunThreads> {
  const vcpus = new Map((await monitor.query('query-cpus-fast')).map((vcpu) => [vcpu['cpu-index'], vcpu['thread-id']]));
  const defined = effectiveIothreads(definition);
  const told = new Map(defined.length === 0 ? [] : (await monitor.query('query-iothreads')).map((thread) => [thread.id, thread['thread-id']]));
  const ioThreads = new Map<number, number>();
  for (const { id } of defined) {
    const threadId = told.get(iothreadAlias(id));
    if (threadId !== undefined) ioThreads.set(id, threadId);
  }
  return { vcpus, ioThreads };
}
