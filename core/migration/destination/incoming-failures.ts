/**
 * Why guests did not arrive here: remembered for a while, because the source sees no more than a broken connection, and asks
 * when it gives up what this host had to say.
 */
import type { VireoError } from '../../base/errors.ts';

const maximumKept = 64;

/** By driver, then by UUID. */
const failures = new WeakMap<object, Map<string, VireoError>>();

export function keepFailure({ registry }: { readonly registry: object }, uuid: string, why: VireoError): void {
  const kept = failures.get(registry) ?? new Map<string, VireoError>();
  failures.set(registry, kept);
  kept.delete(uuid);
  kept.set(uuid, why);
  for (const oldest of kept.keys()) {
    if (kept.size <= maximumKept) return;
    kept.delete(oldest);
  }
}

/** Told once: another migration of the guest has its own. */
export function takeFailure({ registry }: { readonly registry: object }, uuid: string): VireoError | null {
  const kept = failures.get(registry);
  const why = kept?.get(uuid) ?? null;
  kept?.delete(uuid);
  return why;
}
