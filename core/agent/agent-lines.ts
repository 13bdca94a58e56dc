/**
 * Cuts what the guest sends into lines, whatever pieces it arrives in, and marks those that follow the sentinel 0xFF
 * (guest-sync-delimited, qga/qapi-schema.json, QEMU 7.2). The byte occurs in no UTF-8, so it voids whatever unfinished
 * text came before it: what an earlier client left behind never mixes with an answer. The guest is not trusted: a line
 * has a limit, and what is skipped is not kept.
 */
import { VireoError } from '../base/errors.ts';

export const sentinel = 0xff;
const newline = 0x0a;

export interface AgentLine {
  /** Without its end; never empty. */
  readonly bytes: Buffer;
  /** Whether the sentinel came right before it: only answers to guest-sync-delimited have one. */
  readonly afterSentinel: boolean;
}

export class AgentLines {
  readonly #maximumBytes: number;
  #pieces: Buffer[] = [];
  #heldBytes = 0;
  #state: 'skipping' | 'plain' | 'after sentinel' = 'plain';

  /** A line, without its end and the sentinel, may have `maximumBytes`. */
  constructor(maximumBytes: number) {
    this.#maximumBytes = maximumBytes;
  }

  /** How many bytes of an unfinished line are held. */
  get heldBytes(): number {
    return this.#heldBytes;
  }

  /** Forgets everything up to the next sentinel. */
  skipToSentinel(): void {
    this.#restart('skipping');
  }

  /**
   * The lines that `chunk` ends, in order; they share its memory: hand over ownership. A caller who stops early gives
   * the rest of the chunk up.
   * @throws AGENT_UNRESPONSIVE for a line over the limit, as soon as it is; then everything up to the next sentinel is skipped.
   */
  *push(chunk: Buffer): Generator<AgentLine, void> {
    let start = 0;
    while (start < chunk.length) {
      if (this.#state === 'skipping') {
        const at = chunk.indexOf(sentinel, start);
        if (at === -1) return;
        start = at; // `#hold` sees it again and begins a line there
      }
      const end = chunk.indexOf(newline, start);
      this.#hold(chunk.subarray(start, end === -1 ? chunk.length : end));
      if (end === -1) return;
      start = end + 1;
      const line = this.#take();
      if (line) yield line;
    }
  }

  #hold(piece: Buffer): void {
    const at = piece.lastIndexOf(sentinel);
    if (at !== -1) this.#restart('after sentinel');
    const kept = piece.subarray(at + 1);
    if (this.#heldBytes + kept.length > this.#maximumBytes) {
      this.skipToSentinel();
      throw new VireoError('AGENT_UNRESPONSIVE', `the guest sent a line of more than ${this.#maximumBytes} bytes`, { details: { maximumBytes: this.#maximumBytes } });
    }
    if (kept.length === 0) return;
    this.#pieces.push(kept);
    this.#heldBytes += kept.length;
  }

  #take(): AgentLine | null {
    const pieces = this.#pieces;
    const afterSentinel = this.#state === 'after sentinel';
    this.#restart('plain');
    if (pieces.length === 0) return null;
    return { bytes: pieces.length === 1 ? pieces[0]! : Buffer.concat(pieces), afterSentinel };
  }

  #restart(state: 'skipping' | 'plain' | 'after sentinel'): void {
    this.#pieces = [];
    this.#heldBytes = 0;
    this.#state = state;
  }
}
