/**
 * A stream of the contract as the channel that noVNC wants, which otherwise would be a WebSocket. Bytes that come before
 * noVNC listens wait; what noVNC sends is copied, since it uses one buffer for everything.
 *
 * It also asks QEMU to tell which kind of pointer the guest has (pseudo-encoding -257): it is added here to the encodings
 * that noVNC names, and the answer is understood in `screen.ts`. From then on a guest with a mouse is sent how far the
 * pointer went, not where it is, which is done here as well.
 */
import type { RawChannel } from '@novnc/novnc';

export const pointerTypeEncoding = -257;
const setEncodings = 2;
const pointerEvent = 5;
const clientCutText = 6;
/** QEMU's zero of a relative motion. */
const noMotion = 0x7fff;

export interface DisplayChannelOptions {
  send(bytes: Uint8Array): void;
  /** noVNC hung up, by itself or because it was told to. */
  onClose(): void;
}

export class DisplayChannel implements RawChannel {
  binaryType = 'arraybuffer';
  protocol = '';
  readyState: RawChannel['readyState'] = 'open';
  onopen: RawChannel['onopen'] = null;
  onclose: RawChannel['onclose'] = null;
  onerror: RawChannel['onerror'] = null;
  /** The guest has a mouse: it hears how far the pointer went. */
  isRelative = false;
  readonly #options: DisplayChannelOptions;
  #onmessage: RawChannel['onmessage'] = null;
  #early: Uint8Array[] = [];
  #last: { readonly x: number; readonly y: number } | null = null;
  readonly #asksForPointer: boolean;
  /** What is to come of a long cut text, which noVNC sends in pieces: they are no messages. */
  #pieceBytes = 0;

  constructor(options: DisplayChannelOptions, asksForPointer: boolean) {
    this.#options = options;
    this.#asksForPointer = asksForPointer;
  }

  get onmessage(): RawChannel['onmessage'] {
    return this.#onmessage;
  }

  set onmessage(listener: RawChannel['onmessage']) {
    this.#onmessage = listener;
    if (listener) for (const bytes of this.#early.splice(0)) this.receive(bytes);
  }

  /** Bytes of the stream. */
  receive(bytes: Uint8Array): void {
    if (this.readyState !== 'open') return;
    if (!this.#onmessage) return void this.#early.push(bytes);
    this.#onmessage({ data: bytes.slice().buffer });
  }

  send(bytes: Uint8Array): void {
    if (this.readyState !== 'open') return;
    if (this.#pieceBytes > 0 || bytes[0] === clientCutText) {
      this.#pieceBytes = Math.max(0, (this.#pieceBytes || cutTextBytes(bytes)) - bytes.length);
      return this.#options.send(bytes.slice());
    }
    if (bytes[0] === setEncodings && this.#asksForPointer) return this.#options.send(withEncoding(bytes, pointerTypeEncoding));
    if (bytes[0] === pointerEvent && bytes.length === 6 && this.isRelative) return this.#sendMotion(bytes);
    this.#options.send(bytes.slice());
  }

  close(): void {
    if (this.readyState === 'closed') return;
    this.readyState = 'closed';
    this.#options.onClose();
    queueMicrotask(() => this.onclose?.({})); // as a WebSocket does; noVNC is not done with closing yet
  }

  /** Moves the guest's mouse by so many points while these buttons are held. */
  movePointer(byX: number, byY: number, buttons: number): void {
    if (this.readyState !== 'open') return;
    const message = new DataView(new ArrayBuffer(6));
    message.setUint8(0, pointerEvent);
    message.setUint8(1, buttons);
    message.setUint16(2, noMotion + clampMotion(byX));
    message.setUint16(4, noMotion + clampMotion(byY));
    this.#options.send(new Uint8Array(message.buffer));
  }

  #sendMotion(bytes: Uint8Array): void {
    const event = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    const place = { x: event.getUint16(2), y: event.getUint16(4) };
    const from = this.#last ?? place;
    this.#last = place;
    this.movePointer(place.x - from.x, place.y - from.y, event.getUint8(1));
  }
}

function cutTextBytes(bytes: Uint8Array): number {
  return 8 + Math.abs(new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength).getInt32(4));
}

function clampMotion(points: number): number {
  return Math.max(-noMotion, Math.min(noMotion, Math.round(points)));
}

function withEncoding(bytes: Uint8Array, encoding: number): Uint8Array {
  const message = new Uint8Array(bytes.length + 4);
  message.set(bytes);
  const view = new DataView(message.buffer);
  view.setUint16(2, view.getUint16(2) + 1);
  view.setInt32(bytes.length, encoding);
  return message;
}
