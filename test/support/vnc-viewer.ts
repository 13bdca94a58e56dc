/** The least VNC viewer that there is, over the contract's stream: it asks for raw pictures and keeps the newest. */
import type { Client, ClientStream } from '../../core/api/client.ts';
import type { ConsoleServerMessage } from '../../core/api/console-contract.ts';
import type { VireoError } from '../../core/base/errors.ts';

type Stream = ClientStream<'domainOpenGraphics'>;

export interface ViewerOptions {
  readonly mode?: 'write' | 'watch' | 'write-or-watch';
  readonly force?: boolean;
  /** Takes what comes and never says so: the host must stop sending by itself. */
  readonly silent?: boolean;
  /** Has a clipboard of the extended kind, and hears what the server says of its own: flags and what belongs to them. */
  readonly onClipboard?: (flags: number, body: Buffer) => void;
}

export interface VncViewer extends Disposable {
  readonly stream: Stream;
  readonly messages: ConsoleServerMessage[];
  /** Undefined while it is open; then how it ended, null for an end by itself. */
  readonly ended: VireoError | null | undefined;
  readonly width: number;
  readonly height: number;
  /** Bytes that came in all. */
  readonly receivedBytes: number;
  /** Updates that were painted. */
  readonly updates: number;
  /** Three bytes a point, in rows. */
  picture(): Buffer;
  /** Asks for the whole picture anew. */
  refresh(): void;
  /** By QEMU's extended message: an XT scan code. */
  key(code: number, down: boolean): Promise<void>;
  send(bytes: Uint8Array): Promise<void>;
}

const rawAndSize = [0, -223, -258];
const extendedClipboard = 0xc0a1e5ce | 0;

export async function openVncViewer(client: Client, domain: string, { mode = 'write', force = false, silent = false, onClipboard }: ViewerOptions = {}): Promise<VncViewer> {
  const viewer = new Viewer(silent, onClipboard ?? null);
  const stream = await client.openStream('domainOpenGraphics', { domain, mode, force }, viewer.handlers);
  viewer.begin(stream);
  return viewer;
}

/** A message of QEMU's own for a key, by its XT scan code. */
export function keyMessage(code: number, down: boolean): Buffer {
  const message = Buffer.alloc(12);
  message.writeUInt8(255);
  message.writeUInt16BE(down ? 1 : 0, 2);
  message.writeUInt32BE(code, 8);
  return message;
}

class Viewer implements VncViewer {
  stream!: Stream;
  readonly messages: ConsoleServerMessage[] = [];
  ended: VireoError | null | undefined;
  width = 0;
  height = 0;
  receivedBytes = 0;
  updates = 0;
  readonly #silent: boolean;
  readonly #onClipboard: ViewerOptions['onClipboard'] | null;
  #frame = Buffer.alloc(0);
  #kept = Buffer.alloc(0);
  readonly #parser = this.#parse();
  #started = false;
  #early: (() => void)[] = [];

  constructor(silent: boolean, onClipboard: ViewerOptions['onClipboard'] | null) {
    this.#silent = silent;
    this.#onClipboard = onClipboard;
    this.#parser.next();
  }

  readonly handlers = {
    onBytes: (bytes: Uint8Array, _offset: number, acknowledge: () => void): void => {
      const take = (): void => {
        this.receivedBytes += bytes.byteLength;
        if (!this.#silent) acknowledge();
        this.#kept = Buffer.concat([this.#kept, bytes]);
        this.#parser.next();
      };
      if (this.#started) take();
      else this.#early.push(take);
    },
    onMessage: (message: ConsoleServerMessage): void => void this.messages.push(message),
    onEnd: (error: VireoError | null): void => {
      this.ended = error;
    },
  };

  begin(stream: Stream): void {
    this.stream = stream;
    this.#started = true;
    for (const take of this.#early.splice(0)) take();
  }

  picture(): Buffer {
    const points = this.width * this.height;
    const picture = Buffer.alloc(points * 3);
    for (let at = 0; at < points; at += 1) this.#frame.copy(picture, at * 3, at * 4, at * 4 + 3);
    return picture;
  }

  refresh(): void {
    this.#request(false);
  }

  key(code: number, down: boolean): Promise<void> {
    return this.send(keyMessage(code, down));
  }

  async send(bytes: Uint8Array): Promise<void> {
    await this.stream.send(bytes).catch(() => {}); // who is ended hears of it there
  }

  [Symbol.dispose](): void {
    this.stream.close();
  }

  #request(incremental: boolean): void {
    const message = Buffer.from([3, incremental ? 1 : 0, 0, 0, 0, 0, 0, 0, 0, 0]);
    message.writeUInt16BE(this.width, 6);
    message.writeUInt16BE(this.height, 8);
    void this.send(message);
  }

  /** Yields while there is too little to go on. */
  *#take(count: number): Generator<void, Buffer> {
    while (this.#kept.length < count) yield;
    const bytes = this.#kept.subarray(0, count);
    this.#kept = this.#kept.subarray(count);
    return bytes;
  }

  *#parse(): Generator<void, void> {
    void this.send(yield* this.#take(12));
    yield* this.#take(2);
    void this.send(Buffer.of(1));
    yield* this.#take(4);
    void this.send(Buffer.of(0)); // wants it for itself, and must not get it
    const init = yield* this.#take(24);
    this.#resize(init.readUInt16BE(0), init.readUInt16BE(2));
    yield* this.#take(init.readUInt32BE(20));
    void this.send(Buffer.from([0, 0, 0, 0, 32, 24, 0, 1, 0, 255, 0, 255, 0, 255, 0, 8, 16, 0, 0, 0]));
    const wanted = this.#onClipboard ? [...rawAndSize, extendedClipboard] : rawAndSize;
    const encodings = Buffer.alloc(4 + 4 * wanted.length);
    encodings.writeUInt8(2);
    encodings.writeUInt16BE(wanted.length, 2);
    wanted.forEach((encoding, index) => encodings.writeInt32BE(encoding, 4 + 4 * index));
    void this.send(encodings);
    this.#request(false);
    for (;;) yield* this.#message();
  }

  *#message(): Generator<void, void> {
    const kind = (yield* this.#take(1)).readUInt8();
    if (kind === 0) yield* this.#update();
    else if (kind === 2) return; // the bell
    else if (kind === 3) yield* this.#cutText();
    else throw new Error(`a server sends no message of type ${kind}`);
  }

  /** A negative length marks the extended kind. */
  *#cutText(): Generator<void, void> {
    const length = (yield* this.#take(7)).readInt32BE(3);
    const bytes = yield* this.#take(Math.abs(length));
    if (length < 0) this.#onClipboard?.(bytes.readUInt32BE(), Buffer.from(bytes.subarray(4)));
  }

  *#update(): Generator<void, void> {
    const count = (yield* this.#take(3)).readUInt16BE(1);
    for (let index = 0; index < count; index += 1) {
      const head = yield* this.#take(12);
      const [x, y, width, height, encoding] = [head.readUInt16BE(0), head.readUInt16BE(2), head.readUInt16BE(4), head.readUInt16BE(6), head.readInt32BE(8)];
      if (encoding === -223) this.#resize(width, height);
      else if (encoding === 0) this.#paint(yield* this.#take(width * height * 4), { x, y, width, height });
    }
    this.updates += 1;
    this.#request(true);
  }

  #paint(points: Buffer, { x, y, width, height }: { readonly x: number; readonly y: number; readonly width: number; readonly height: number }): void {
    for (let row = 0; row < height; row += 1) points.copy(this.#frame, ((y + row) * this.width + x) * 4, row * width * 4, (row + 1) * width * 4);
  }

  #resize(width: number, height: number): void {
    this.width = width;
    this.height = height;
    this.#frame = Buffer.alloc(width * height * 4);
  }
}
