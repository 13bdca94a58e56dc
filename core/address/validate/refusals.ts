/** The two ways in which a definition is refused. Messages name the element and the value in question. */
import { VireoError } from '../../base/errors.ts';

/** The document contradicts itself. */
export function contradiction(text: string): never {
  throw new VireoError('XML_ERROR', text);
}

/** The document says what this driver, this QEMU or this machine cannot do. */
export function unsupported(text: string): never {
  throw new VireoError('CONFIG_UNSUPPORTED', text);
}

/** The first value that occurs twice. */
export function duplicateOf<T>(values: readonly T[]): T | undefined {
  const seen = new Set<T>();
  return values.find((value) => seen.size === seen.add(value).size);
}
