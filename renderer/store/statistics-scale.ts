/**
 * The top of a graph. It grows at once, so that nothing is cut off, and shrinks only when a lower one has been enough
 * for a minute: a scale that moves with every sample makes a calm curve look wild.
 */

export interface Scale {
  readonly top: number;
  /** When the top was last needed. */
  readonly neededAtMs: number;
}

const steadyMs = 60_000;

/** @param needed the highest value in sight. @param topFor the top that holds a value */
export function steadyScale(scale: Scale | null, needed: number, nowMs: number, topFor: (value: number) => number): Scale {
  const top = topFor(needed);
  if (!scale || top >= scale.top) return { top, neededAtMs: nowMs };
  return nowMs - scale.neededAtMs >= steadyMs ? { top, neededAtMs: nowMs } : scale;
}

/** The next of 1, 2, 4, 8, ... KiB a second that holds `bytes`, so that a scale reads `64 KiB/s`. */
export function binaryTop(bytes: number): number {
  return 2 ** Math.max(10, Math.ceil(Math.log2(Math.max(1, bytes))));
}

/** Per cent, of all of a guest's CPUs: the whole, and more only where QEMU's own work adds to it. */
export function percentTop(percent: number): number {
  return Math.max(100, Math.ceil(percent / 50) * 50);
}
