/**
 * The migrations of this host as people watch them, by domain: the one that runs, or the last that ended. One that has ended
 * outlives its domain, which is gone from the source where it was not kept: its result is what people come back for.
 */
import { MigrationProgress, type ProgressOptions, type ProgressSubject } from './progress/migration-progress.ts';
import type { MigrationView } from './migration-view.ts';

/** Of those that have ended. */
const maximumKept = 64;

export class MigrationViews {
  /** By UUID, in the order in which they began. */
  readonly #all = new Map<string, MigrationProgress>();

  /** A migration begins, or is gone on with by a driver that found it; the one before is forgotten. */
  begin(subject: ProgressSubject, options: ProgressOptions): MigrationProgress {
    const progress = new MigrationProgress(subject, options);
    this.#all.delete(subject.uuid);
    this.#all.set(subject.uuid, progress);
    this.#forgetOldest();
    return progress;
  }

  /** The one that runs, for whoever does the next part of it. */
  running(uuid: string): MigrationProgress | null {
    const progress = this.#all.get(uuid);
    return progress && !progress.ended ? progress : null;
  }

  of(uuid: string): MigrationView | null {
    return this.#all.get(uuid)?.view() ?? null;
  }

  /** The newest first. */
  list(): readonly MigrationView[] {
    return [...this.#all.values()].reverse().map((progress) => progress.view());
  }

  /** Its definition is gone by somebody's wish: nobody asks any more. One that runs is told of to its end. */
  forget(uuid: string): void {
    if (this.#all.get(uuid)?.ended) this.#all.delete(uuid);
  }

  #forgetOldest(): void {
    const ended = [...this.#all].filter(([, progress]) => progress.ended);
    for (const [uuid] of ended.slice(0, Math.max(0, ended.length - maximumKept))) this.#all.delete(uuid);
  }
}
