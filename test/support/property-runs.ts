/**
 * How often a costly property is tried. Its inputs differ from run to run of the suite, so that few tries of many runs
 * find what many tries of one would; VIREO_THOROUGH=20 tries twenty times as many, for a search on purpose.
 */
export function propertyRuns(usual: number): number {
  const times = Number(process.env['VIREO_THOROUGH'] ?? 1);
  if (!(times > 0)) throw new Error(`VIREO_THOROUGH is '${process.env['VIREO_THOROUGH']}', which is no number above 0`);
  return Math.ceil(usual * times);
}

/** For the timeout of such a test. */
export function propertyTimeoutMs(usualMs: number): number {
  return Math.max(usualMs, propertyRuns(usualMs));
}
