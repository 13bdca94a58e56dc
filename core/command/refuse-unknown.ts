/**
 * A definition may hold what this driver does not understand; it is kept and reported when it is defined. A start,
 * however, would give the guest another machine than the one that was asked for, so it is refused.
 */
import { VireoError } from '../base/errors.ts';
import type { DomainDefinition } from '../conf/domain-definition.ts';
import { unknownNodes } from '../devices/domain-xml.ts';

/** Labels and tuning of the host: the guest sees no difference. Audio backends do nothing without a sound device. */
const harmless = [
  'domain/seclabel', 'domain/resource', 'domain/perf', 'domain/cputune', 'domain/numatune', 'domain/memtune', 'domain/blkiotune',
  'domain/vcpu@cpuset', 'domain/devices/audio',
];

const maximumNamed = 4;

/** Throws CONFIG_UNSUPPORTED naming the elements and their lines. */
export function refuseUnknownNodes(definition: DomainDefinition): void {
  const unknown = unknownNodes(definition).filter(({ path }) => !harmless.includes(path));
  if (unknown.length === 0) return;
  const named = unknown.slice(0, maximumNamed).map(({ path, line }) => `${path} (line ${line})`);
  const more = unknown.length > maximumNamed ? ` and ${unknown.length - maximumNamed} more` : '';
  throw new VireoError('CONFIG_UNSUPPORTED', `the definition has what this driver does not know: ${named.join(', ')}${more}`, { details: { unknown } });
}
