/** The same call many times, with so many under way at once: 1 is one after the other. Answers the milliseconds of all. */
export async function repeatCall(call: () => Promise<unknown>, count: number, inFlight: number): Promise<number> {
  let left = count;
  const lane = async (): Promise<void> => {
    while (left-- > 0) await call();
  };
  const beganMs = performance.now();
  await Promise.all(Array.from({ length: inFlight }, lane));
  return performance.now() - beganMs;
}

/** `work` for each item, `atOnce` at a time; the first failure ends it. */
export async function forEachAtOnce<T>(items: readonly T[], atOnce: number, work: (item: T) => Promise<unknown>): Promise<void> {
  const next = items.values();
  const lane = async (): Promise<void> => {
    for (const item of next) await work(item);
  };
  await Promise.all(Array.from({ length: atOnce }, lane));
}

/** The milliseconds that `work` takes. */
export async function timed(work: () => Promise<unknown>): Promise<number> {
  const beganMs = performance.now();
  await work();
  return performance.now() - beganMs;
}
