/** Where received bytes stand in a console's stream: what is new of them, after a connection began again. */

export interface Placed {
  /** The part that was not shown yet; empty when all of it was. */
  readonly unseen: Uint8Array;
  /** Bytes that were never received before it. */
  readonly missed: number;
  /** How far the stream is shown afterwards. */
  readonly seen: number;
}

export function placeBytes(bytes: Uint8Array, offset: number, seen: number | null): Placed {
  const end = offset + bytes.byteLength;
  if (seen === null) return { unseen: bytes, missed: 0, seen: end };
  if (end <= seen) return { unseen: bytes.subarray(0, 0), missed: 0, seen };
  if (offset < seen) return { unseen: bytes.subarray(seen - offset), missed: 0, seen: end };
  return { unseen: bytes, missed: offset - seen, seen: end };
}
