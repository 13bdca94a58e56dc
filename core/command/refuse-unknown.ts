/**
 * A definition may hold what this driver does not understand; it is kept and reported when it is defined. A start,
 * however, would give the guest another machine than the one that was asked for, so it is refused.
 */
import { VireoError } from '../base/errors.ts';
import type { DomainDefinition } from '../conf/domain-definition.ts';
import { unknownNodes } from '../devices/domain-xml.ts';

/** Below these the host is told how to treat QEMU, and the guest sees no difference. */
const harmless = ['domain/seclabel', 'domain/resource', 'domain/perf', 'domain/cputune', 'domain/memtune', 'domain/blkiotune', 'domain/devices/audio'];

function isHarmless(path: string): boolean {
  return harmless.some((element) => path === element || path.startsWith(`${element}/`) || path.startsWith(`${element}@`));
}

const maximumNamed = 4;

/** Throws CONFIG_UNSUPPORTED naming the elements and their lines. */
export function refuseUnknownNodes(definition: DomainDefinition): void {
  const unknown = unknownNodes(definition).filter(({ path }) => !isHarmless(path));
  if (unknown.length === 0) return;
  const named = unknown.slice(0, maximumNamed).map(({ path, line }) => `${path} (line ${line})`);
  const more = unknown.length > maximumNamed ? ` and ${unknown.length - maximumNamed} more` : '';
  throw new VireoError('CONFIG_UNSUPPORTED', `the definition has what this driver does not know: ${named.join(', ')}${more}`, { details: { unknown } });
}
