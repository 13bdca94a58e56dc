/** The wall clock in microseconds, as QEMU stamps its events with it: `Date.now()` alone only ticks. */

/** As many ticks as it takes that one is caught at once. */
const ticks = 20;

/** What to add to `performance.now()`. A tick is always seen late, so that the largest difference is the truest. */
export function wallClockOffsetMs(): number {
  let offsetMs = Number.NEGATIVE_INFINITY;
  for (let tick = 0; tick < ticks; tick++) {
    const before = Date.now();
    let now = before;
    while (now === before) now = Date.now();
    offsetMs = Math.max(offsetMs, now - performance.now());
  }
  return offsetMs;
}
