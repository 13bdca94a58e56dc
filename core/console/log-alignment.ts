/**
 * Finds where in the log the bytes of a new connection begin.
 *
 * While nobody is connected QEMU writes to the log only; from some moment on it writes each buffer to the connection
 * and then to the log. That moment is not told, so it is computed from three facts: the log's size before connecting
 * is a lower bound; the log's size minus the bytes received is exact when nothing is on its way; and the log must hold
 * the received bytes at the place. Text that repeats itself is told apart by the second, a flood by the third.
 */
export interface AlignmentFacts {
  /** The log's bytes from `lowest` to its size at the time of looking. */
  readonly logged: Buffer;
  /** The first byte of the connection lies at or after this offset of the log. */
  readonly lowest: number;
  /** What the connection gave, all that had been sent when the log's size was taken included. */
  readonly received: Buffer;
  /** Nothing arrived while the log's size was taken. */
  readonly quiet: boolean;
}

/** Received bytes that must be found again to believe in a place: fewer than QEMU sends on average between two doublings. */
const proofBytes = 128;
/** So many pieces of that length are looked for: QEMU may have met a full connection before it had sent the first one whole. */
const maximumProofs = 32;

/** The log's offset of the first received byte, or null when the facts do not decide it yet. */
export function alignToLog({ logged, lowest, received, quiet }: AlignmentFacts): number | null {
  const counted = logged.length - received.length; // relative to `lowest`, as all here
  if (quiet && counted >= 0 && logged.subarray(counted).equals(received)) return lowest + counted;
  const last = Math.min(received.length, maximumProofs * proofBytes) - proofBytes;
  for (let skipped = 0; skipped <= last; skipped += proofBytes) {
    const found = nearest(logged, received.subarray(skipped, skipped + proofBytes), Math.max(0, counted + skipped));
    const at = found === null ? null : backwards(logged, received, found, skipped);
    if (at !== null) return lowest + at;
  }
  return null;
}

/** Where `key` stands in `logged`, as near to `target` as can be. */
function nearest(logged: Buffer, key: Buffer, target: number): number | null {
  const before = logged.lastIndexOf(key, target);
  const after = logged.indexOf(key, target);
  if (before < 0 && after < 0) return null;
  return before < 0 || (after >= 0 && after - target < target - before) ? after : before;
}

/**
 * The log's offset of the first received byte when the one at `skipped` is at `found`: back along both, leaving out of
 * the log what stands twice (QEMU 7.2, docs/decisions/0005). Null where they differ otherwise.
 */
function backwards(logged: Buffer, received: Buffer, found: number, skipped: number): number | null {
  let at = found;
  for (let index = skipped - 1; index >= 0; index--) {
    at--;
    while (at >= 0 && logged[at] !== received[index] && logged[at] === logged[at + 1]) at--;
    if (at < 0 || logged[at] !== received[index]) return null;
  }
  return at;
}
