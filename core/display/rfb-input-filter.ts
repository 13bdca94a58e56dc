/**
 * Cuts a viewer's bytes, from behind its ClientInit, into whole RFB messages and says which of them act on the guest.
 *
 * It knows exactly the messages that QEMU's VNC server knows (QEMU 7.2, ui/vnc.c; RFC 6143 and the community's list):
 * QEMU hangs up on any other one, so here it ends the stream by name. A message is handed on only when it is there as a
 * whole, so that one which begins before the input changes hands never leaves QEMU waiting for its rest. Everything is
 * bounded: the longest message is a megabyte of cut text.
 */
import { VireoError } from '../base/errors.ts';

export type ViewerMessage =
  /** About this viewer's picture, or sound, alone. */
  | { readonly kind: 'own'; readonly bytes: Buffer }
  /** `key` holds down or lets go of what `id` names. */
  | { readonly kind: 'key'; readonly bytes: Buffer; readonly id: string; readonly down: boolean }
  | { readonly kind: 'pointer'; readonly bytes: Buffer; readonly buttons: number }
  /** Cut text, power, the size of the guest's screen. */
  | { readonly kind: 'act'; readonly bytes: Buffer };

const setPixelFormat = 0;
const setEncodings = 2;
const framebufferUpdateRequest = 3;
const keyEvent = 4;
const pointerEvent = 5;
const clientCutText = 6;
const xvp = 250;
const setDesktopSize = 251;
const qemu = 255;
const qemuExtendedKey = 0;
const qemuAudio = 1;
const qemuAudioSetFormat = 2;

/** QEMU 7.2 refuses more. */
const maximumCutTextBytes = 1 << 20;
/** Viewers know some thirty. */
const maximumEncodings = 256;
/** Once a server agrees to it, pointer messages are longer; QEMU 7.2 does not know it, and must not be asked. */
const extendedMouseButtons = -316;

export class RfbInputFilter {
  /** What came and is not a whole message yet, in the pieces in which it came. */
  #pieces: Uint8Array[] = [];
  #keptBytes = 0;
  /** How much must be there before it is worth a look: a long message that comes in small pieces is put together once. */
  #neededBytes = 1;

  /** The whole messages that are there now. @throws INVALID_ARG for what is no message of a viewer. */
  push(bytes: Uint8Array): readonly ViewerMessage[] {
    this.#pieces.push(Uint8Array.from(bytes));
    this.#keptBytes += bytes.length;
    if (this.#keptBytes < this.#neededBytes) return [];
    let rest: Buffer = Buffer.concat(this.#pieces);
    const messages: ViewerMessage[] = [];
    for (;;) {
      const length = messageLength(rest);
      this.#neededBytes = length ?? rest.length + 1;
      if (rest.length < this.#neededBytes) break;
      messages.push(classify(rest.subarray(0, this.#neededBytes)));
      rest = rest.subarray(this.#neededBytes);
    }
    this.#pieces = [rest];
    this.#keptBytes = rest.length;
    return messages;
  }
}

/** How long the message is that begins here; null while too little of it is there to say. */
function messageLength(bytes: Buffer): number | null {
  const has = (count: number): boolean => bytes.length >= count;
  if (!has(1)) return null;
  switch (bytes.readUInt8(0)) {
    case setPixelFormat:
      return 20;
    case setEncodings:
      return has(4) ? 4 + 4 * bounded(bytes.readUInt16BE(2), maximumEncodings, 'encodings') : null;
    case framebufferUpdateRequest:
      return 10;
    case keyEvent:
      return 8;
    case pointerEvent:
      return 6;
    case clientCutText:
      // A negative length marks the extended clipboard's form.
      return has(8) ? 8 + bounded(Math.abs(bytes.readInt32BE(4)), maximumCutTextBytes, 'bytes of cut text') : null;
    case xvp:
      return 4;
    case setDesktopSize:
      return has(8) ? 8 + 16 * bytes.readUInt8(6) : null;
    case qemu:
      return has(2) ? qemuLength(bytes) : null;
    default:
      throw malformed(`a viewer sends no message of type ${bytes.readUInt8(0)}`);
  }
}

function qemuLength(bytes: Buffer): number | null {
  const kind = bytes.readUInt8(1);
  if (kind === qemuExtendedKey) return 12;
  if (kind !== qemuAudio) throw malformed(`a viewer sends no QEMU message of type ${kind}`);
  if (bytes.length < 4) return null;
  const operation = bytes.readUInt16BE(2);
  if (operation > qemuAudioSetFormat) throw malformed(`there is no operation ${operation} on the sound`);
  return operation === qemuAudioSetFormat ? 10 : 4;
}

function classify(bytes: Buffer): ViewerMessage {
  switch (bytes.readUInt8(0)) {
    case setEncodings:
      return { kind: 'own', bytes: withoutEncoding(bytes, extendedMouseButtons) };
    case keyEvent:
      return { kind: 'key', bytes, id: `symbol ${bytes.readUInt32BE(4)}`, down: bytes.readUInt8(1) !== 0 };
    case pointerEvent:
      return { kind: 'pointer', bytes, buttons: bytes.readUInt8(1) };
    case qemu:
      if (bytes.readUInt8(1) === qemuAudio) return { kind: 'own', bytes };
      return { kind: 'key', bytes, id: `code ${bytes.readUInt32BE(8)}`, down: bytes.readUInt16BE(2) !== 0 };
    case clientCutText:
    case xvp:
    case setDesktopSize:
      return { kind: 'act', bytes };
    default:
      return { kind: 'own', bytes };
  }
}

function withoutEncoding(bytes: Buffer, encoding: number): Buffer {
  const all = Array.from({ length: bytes.readUInt16BE(2) }, (_, index) => bytes.readInt32BE(4 + 4 * index));
  const kept = all.filter((each) => each !== encoding);
  if (kept.length === all.length) return bytes;
  const message = Buffer.alloc(4 + 4 * kept.length);
  message.writeUInt8(setEncodings, 0);
  message.writeUInt16BE(kept.length, 2);
  kept.forEach((each, index) => message.writeInt32BE(each, 4 + 4 * index));
  return message;
}

function bounded(count: number, most: number, what: string): number {
  if (count > most) throw malformed(`${count} ${what} are more than the ${most} that a viewer may send`);
  return count;
}

export function malformed(text: string): VireoError {
  return new VireoError('INVALID_ARG', `display: ${text}`);
}

/** The message that lets go of a key again, for one that held it down. */
export function letGo(key: Buffer): Buffer {
  const up = Buffer.from(key);
  if (up.readUInt8(0) === keyEvent) up.writeUInt8(0, 1);
  else up.writeUInt16BE(0, 2);
  return up;
}

/** The message that lets go of all buttons where the pointer is. */
export function letGoOfButtons(pointer: Buffer): Buffer {
  const up = Buffer.from(pointer);
  up.writeUInt8(0, 1);
  return up;
}
