/**
 * The curve of a migration, bounded: where it grows long every other sample goes, and from then on they are taken half as
 * often, so that hours have as many points as seconds and the beginning never falls off. The first sample of each pass
 * stays longest, for the passes are what people look for.
 */
import type { MigrationSample } from '../migration-view.ts';

export class SampleRing {
  readonly #maximum: number;
  #kept: MigrationSample[] = [];
  #newest: MigrationSample | null = null;
  #spacingMs = 0;

  constructor(maximum: number) {
    this.#maximum = maximum;
  }

  add(sample: MigrationSample): void {
    const last = this.#kept.at(-1);
    this.#newest = sample;
    const isDue = !last || sample.atMs - last.atMs >= this.#spacingMs || sample.iteration !== last.iteration;
    if (!isDue) return;
    this.#kept.push(sample);
    if (this.#kept.length >= this.#maximum) this.#thin();
  }

  /** In order of time; the newest is always there, kept or not. */
  samples(): readonly MigrationSample[] {
    const last = this.#kept.at(-1);
    return this.#newest && this.#newest !== last ? [...this.#kept, this.#newest] : [...this.#kept];
  }

  #thin(): void {
    const all = this.#kept;
    const beginsPass = (index: number): boolean => index === 0 || all[index]?.iteration !== all[index - 1]?.iteration;
    // Where nearly every sample begins a pass of its own, keeping those would keep all.
    const passes = all.filter((_sample, index) => beginsPass(index)).length;
    const keepsPasses = passes < this.#maximum / 4;
    this.#kept = all.filter((_sample, index) => index % 2 === 0 || (keepsPasses && beginsPass(index)));
    const first = this.#kept[0];
    const last = this.#kept.at(-1);
    if (first && last) this.#spacingMs = Math.max(this.#spacingMs * 2, (last.atMs - first.atMs) / this.#kept.length);
  }
}
