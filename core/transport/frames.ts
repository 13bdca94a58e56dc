/**
 * Messages on a stream of bytes. A frame is a length (u32, big-endian, of what follows), a kind (u8) and a body: JSON, or
 * a piece of a byte stream with the stream's id (u32) and offset (f64), so that console bytes are never dressed up as
 * text. Pieces may be cut anywhere; lengths are judged before anything is kept for them.
 */
import { VireoError } from '../base/errors.ts';

export const maximumFrameBytes = 32 << 20;

export type Frame =
  | { readonly kind: 'json'; readonly value: unknown }
  | { readonly kind: 'bytes'; readonly id: number; readonly offset: number; readonly bytes: Uint8Array };

const lengthBytes = 4;
const jsonKind = 0;
const bytesKind = 1;
/** The kind, the id and the offset. */
const bytesHeadBytes = 1 + 4 + 8;

/**
 * The frame as pieces to write one after the other; bytes are not copied, so they must not change until written.
 * @throws RPC when it is longer than the other side accepts.
 */
export function encodeFrame(frame: Frame): readonly Uint8Array[] {
  if (frame.kind === 'json') {
    const body = Buffer.from(JSON.stringify(frame.value));
    const head = Buffer.alloc(lengthBytes + 1);
    head.writeUInt32BE(checkedLength(1 + body.length), 0);
    head.writeUInt8(jsonKind, lengthBytes);
    return [head, body];
  }
  const head = Buffer.alloc(lengthBytes + bytesHeadBytes);
  head.writeUInt32BE(checkedLength(bytesHeadBytes + frame.bytes.byteLength), 0);
  head.writeUInt8(bytesKind, lengthBytes);
  head.writeUInt32BE(frame.id, lengthBytes + 1);
  head.writeDoubleBE(frame.offset, lengthBytes + 5);
  return [head, frame.bytes];
}

export class FrameSplitter {
  #pieces: Buffer[] = [];
  #heldBytes = 0;
  /** The length of the frame whose body is awaited, or null while its length is. */
  #length: number | null = null;

  /** How many bytes of an unfinished frame are held. */
  get heldBytes(): number {
    return this.#heldBytes;
  }

  /**
   * The frames that `chunk` ends, in order; they share its memory: hand over ownership.
   * @throws RPC for what is no frame; the splitter is of no more use then.
   */
  *push(chunk: Buffer): Generator<Frame, void> {
    if (chunk.length === 0) return;
    this.#pieces.push(chunk);
    this.#heldBytes += chunk.length;
    for (;;) {
      if (this.#length === null) {
        if (this.#heldBytes < lengthBytes) return;
        this.#length = checkedLength(this.#take(lengthBytes).readUInt32BE(0));
      }
      if (this.#heldBytes < this.#length) return;
      const body = this.#take(this.#length);
      this.#length = null;
      yield decodeFrame(body);
    }
  }

  #take(count: number): Buffer {
    this.#heldBytes -= count;
    const first = this.#pieces[0];
    if (first && first.length > count) {
      this.#pieces[0] = first.subarray(count);
      return first.subarray(0, count);
    }
    const taken: Buffer[] = [];
    let missing = count;
    let used = 0;
    for (const piece of this.#pieces) {
      if (missing === 0) break;
      if (piece.length > missing) {
        taken.push(piece.subarray(0, missing));
        this.#pieces[used] = piece.subarray(missing);
        missing = 0;
      } else {
        taken.push(piece);
        missing -= piece.length;
        used++;
      }
    }
    this.#pieces.splice(0, used);
    return taken.length === 1 ? taken[0]! : Buffer.concat(taken, count);
  }
}

function decodeFrame(body: Buffer): Frame {
  const kind = body.readUInt8(0);
  if (kind === jsonKind) {
    try {
      return { kind: 'json', value: JSON.parse(body.toString('utf8', 1)) as unknown };
    } catch (cause) {
      throw new VireoError('RPC', 'a message from the other side is not JSON', { cause });
    }
  }
  if (kind !== bytesKind) throw new VireoError('RPC', `a message from the other side has the unknown kind ${kind}`);
  if (body.length < bytesHeadBytes) throw new VireoError('RPC', `a message with bytes from the other side has only ${body.length} bytes`);
  return { kind: 'bytes', id: body.readUInt32BE(1), offset: body.readDoubleBE(5), bytes: body.subarray(bytesHeadBytes) };
}

function checkedLength(length: number): number {
  if (length >= 1 && length <= maximumFrameBytes) return length;
  throw new VireoError('RPC', `a message of ${length} bytes is not between 1 and ${maximumFrameBytes} bytes long`);
}
