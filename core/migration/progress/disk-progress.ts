/** The disks of a migration: how far each copy is and how fast, from the bytes that its job tells of. */
import type { MigratedDisk } from '../migration-view.ts';

export interface DiskReport {
  readonly state: MigratedDisk['state'];
  readonly totalBytes?: number;
  readonly processedBytes?: number;
  readonly error?: string;
}

interface Copy {
  shown: MigratedDisk;
  /** Where the speed is measured from. */
  at: { readonly atMs: number; readonly bytes: number } | null;
}

/** Two looks nearer to each other would measure the queue, not the link. */
const measuredOverMs = 400;
const smoothing = 0.4;
/** Until a mirror says that it is in step nobody shows all of it. */
const mostWhileCopying = 99;

export class DiskProgress {
  readonly #copies = new Map<string, Copy>();

  /** Announced ahead: waiting disks are shown too, and counted in the whole. */
  plan(target: string, totalBytes: number): void {
    this.#copies.set(target, { shown: { target, state: 'waiting', totalBytes, processedBytes: 0, percent: 0, speedBytesPerSecond: null, error: null }, at: null });
  }

  report(target: string, report: DiskReport, atMs: number): void {
    if (!this.#copies.has(target)) this.plan(target, report.totalBytes ?? 0);
    const copy = this.#copies.get(target)!;
    const { shown } = copy;
    const totalBytes = report.totalBytes ?? shown.totalBytes;
    const isThere = report.state === 'mirroring' || report.state === 'done';
    const processedBytes = Math.min(report.processedBytes ?? (isThere ? totalBytes : shown.processedBytes), totalBytes);
    const share = totalBytes > 0 ? Math.floor((processedBytes / totalBytes) * 100) : 0;
    const percent = isThere ? 100 : Math.max(shown.percent, Math.min(mostWhileCopying, share));
    const speedBytesPerSecond = report.state === 'copying' ? measure(copy, processedBytes, atMs) : null;
    copy.shown = { target, state: report.state, totalBytes, processedBytes, percent, speedBytesPerSecond, error: report.error ?? shown.error };
  }

  get all(): readonly MigratedDisk[] {
    return [...this.#copies.values()].map(({ shown }) => shown);
  }

  get totalBytes(): number {
    return this.all.reduce((sum, { totalBytes }) => sum + totalBytes, 0);
  }

  get processedBytes(): number {
    return this.all.reduce((sum, { processedBytes }) => sum + processedBytes, 0);
  }

  /** Until every copy is in step; null where the speed is not known. */
  get remainingMs(): number | null {
    const speed = this.all.reduce((sum, { speedBytesPerSecond }) => sum + (speedBytesPerSecond ?? 0), 0);
    return speed > 0 ? Math.round(((this.totalBytes - this.processedBytes) / speed) * 1000) : null;
  }
}

function measure(copy: Copy, bytes: number, atMs: number): number | null {
  const from = copy.at;
  const known = copy.shown.speedBytesPerSecond;
  if (!from) {
    copy.at = { atMs, bytes };
    return known;
  }
  const tookMs = atMs - from.atMs;
  if (tookMs < measuredOverMs) return known;
  copy.at = { atMs, bytes };
  const speed = (Math.max(0, bytes - from.bytes) / tookMs) * 1000;
  return Math.round(known === null ? speed : known + smoothing * (speed - known));
}
