/** All secrets that a run of a definition needs the values of, each once. A kind that takes secrets is named here. */
import { devicesOf } from '../conf/device-definition.ts';
import type { DomainDefinition } from '../conf/domain-definition.ts';
import { needKey, type SecretNeed } from '../secret/secret-reference.ts';
import { diskSecrets } from './disk/disk-secrets.ts';
import { hostdevSecrets } from './hostdev/hostdev-needs.ts';
import { nvramSecret } from './nvram-secret.ts';

export function secretNeeds({ devices, os }: DomainDefinition): readonly SecretNeed[] {
  const needs = [nvramSecret(os.nvram) ?? [], ...devicesOf(devices, 'disk').flatMap(diskSecrets), ...devicesOf(devices, 'hostdev').flatMap(hostdevSecrets)].flat();
  return [...new Map(needs.map((need) => [needKey(need), need])).values()];
}
