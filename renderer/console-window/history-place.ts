/** A place in a console's log that somebody wants to see. */
export interface HistoryPlace {
  /** Of the line's first byte. */
  readonly offset: number;
  /** When it was written; null where nobody knows. */
  readonly atMs: number | null;
}
