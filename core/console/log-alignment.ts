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

/** Received bytes that must be found again to believe in a place: fewer than QEMU can have sent before it first met a full connection. */
const proofBytes = 128;

/** The log's offset of the first received byte, or null when the facts do not decide it yet. */
export function alignToLog({ logged, lowest, received, quiet }: AlignmentFacts): number | null {
  const counted = logged.length - received.length; // relative to `lowest`, as all here
  if (quiet && counted >= 0 && logged.subarray(counted).equals(received)) return lowest + counted;
  const key = received.subarray(0, proofBytes);
  if (key.length < proofBytes) return null;
  const target = Math.max(0, counted);
  const before = logged.lastIndexOf(key, target);
  const after = logged.indexOf(key, target);
  if (before < 0 && after < 0) return null;
  const nearest = before < 0 || (after >= 0 && after - target < target - before) ? after : before;
  return lowest + nearest;
}
