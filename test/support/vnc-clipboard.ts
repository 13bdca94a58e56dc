/** A viewer's clipboard by the extended form of RFB's cut text: each end says that it has text, and sends it when it is asked. */
import { deflateSync, inflateSync } from 'node:zlib';
import type { Client } from '../../core/api/client.ts';
import { type ViewerOptions, type VncViewer, openVncViewer } from './vnc-viewer.ts';

const clientCutText = 6;
const text = 1;
const [capabilities, request, notify, provide] = [1 << 24, 1 << 25, 1 << 27, 1 << 28];

export interface ClipboardViewer extends Disposable {
  readonly viewer: VncViewer;
  /** What the guest copied, as far as it was sent; the newest is the last. */
  readonly received: readonly string[];
  /** Offers the text to the guest, which asks for it when it wants it. */
  copy(words: string): Promise<void>;
}

export async function openClipboardViewer(client: Client, domain: string, options: Omit<ViewerOptions, 'onClipboard'> = {}): Promise<ClipboardViewer> {
  const received: string[] = [];
  let own = '';
  const viewer: VncViewer = await openVncViewer(client, domain, {
    ...options,
    onClipboard(flags, body) {
      if (flags & capabilities) return; // what the server can do, in the same bits
      if (flags & notify && flags & text) void viewer.send(cutText(request | text));
      if (flags & request) void viewer.send(cutText(provide | text, packed(own)));
      if (flags & provide) received.push(unpacked(body));
    },
  });
  return {
    viewer,
    received,
    copy(words) {
      own = words;
      return viewer.send(cutText(notify | text));
    },
    [Symbol.dispose]: () => viewer[Symbol.dispose](),
  };
}

function cutText(flags: number, body: Buffer = Buffer.alloc(0)): Buffer {
  const message = Buffer.alloc(12);
  message.writeUInt8(clientCutText);
  message.writeInt32BE(-(4 + body.length), 4);
  message.writeUInt32BE(flags, 8);
  return Buffer.concat([message, body]);
}

/** The text ends with a zero, which its length counts. */
function packed(words: string): Buffer {
  const bytes = Buffer.from(`${words}\0`);
  const length = Buffer.alloc(4);
  length.writeUInt32BE(bytes.length);
  return deflateSync(Buffer.concat([length, bytes]));
}

function unpacked(body: Buffer): string {
  const bytes = inflateSync(body, { finishFlush: 2 });
  return bytes.subarray(4, 4 + bytes.readUInt32BE()).toString().replace(/\0$/, '');
}
