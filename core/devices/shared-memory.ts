/** Whether another process can see the guest's memory, which every vhost-user device needs. */
import { VireoError } from '../base/errors.ts';
import type { DomainDefinition } from '../conf/domain-definition.ts';

/** @throws CONFIG_UNSUPPORTED naming `what` when the guest's memory is private to QEMU. */
export function requireSharedMemory({ memoryBacking, cpu }: DomainDefinition, what: string): void {
  const isShared = memoryBacking?.access === 'shared';
  const cells = cpu?.numa?.cells ?? [];
  if (cells.length === 0 ? isShared : cells.every(({ memAccess }) => (memAccess === null ? isShared : memAccess === 'shared'))) return;
  throw new VireoError('CONFIG_UNSUPPORTED', `${what} needs memory that its own process can see: <memoryBacking><access mode='shared'/></memoryBacking>, or memAccess='shared' in every NUMA cell`);
}
