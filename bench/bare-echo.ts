/**
 * The least that a call over a local socket can cost here: a length, JSON, and nothing else. No schema, no deadline, no
 * check of who calls.
 */
import { once } from 'node:events';
import net from 'node:net';

const lengthBytes = 4;

/** Answers each message with `answer`, made into JSON each time, or with the message itself where that is null. */
export async function serveEcho(socketPath: string, answer: unknown): Promise<AsyncDisposable> {
  const sockets = new Set<net.Socket>();
  const server = net.createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => {});
    socket.once('close', () => sockets.delete(socket));
    readMessages(socket, (message) => writeMessage(socket, answer ?? message));
  });
  server.listen(socketPath);
  await once(server, 'listening');
  return {
    async [Symbol.asyncDispose]() {
      const closed = once(server, 'close');
      server.close();
      for (const socket of sockets) socket.destroy();
      await closed;
    },
  };
}

export class EchoClient implements Disposable {
  readonly #socket: net.Socket;
  /** Answers come in the order of the questions. */
  readonly #waiting: { readonly resolve: (answer: unknown) => void; readonly reject: (error: Error) => void }[] = [];

  private constructor(socket: net.Socket) {
    this.#socket = socket;
    readMessages(socket, (message) => this.#waiting.shift()?.resolve(message));
    socket.on('close', () => {
      for (const { reject } of this.#waiting.splice(0)) reject(new Error('the echo is gone'));
    });
  }

  static async connect(socketPath: string): Promise<EchoClient> {
    const socket = net.connect(socketPath);
    await once(socket, 'connect');
    socket.on('error', () => {});
    return new EchoClient(socket);
  }

  call(message: unknown): Promise<unknown> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ resolve, reject });
      writeMessage(this.#socket, message);
    });
  }

  [Symbol.dispose](): void {
    this.#socket.destroy();
  }
}

function writeMessage(socket: net.Socket, message: unknown): void {
  const text = JSON.stringify(message);
  const frame = Buffer.allocUnsafe(lengthBytes + Buffer.byteLength(text));
  frame.writeUInt32BE(frame.length - lengthBytes);
  frame.write(text, lengthBytes);
  socket.write(frame);
}

function readMessages(socket: net.Socket, onMessage: (message: unknown) => void): void {
  let held: Buffer = Buffer.alloc(0);
  socket.on('data', (chunk: Buffer) => {
    held = held.length === 0 ? chunk : Buffer.concat([held, chunk]);
    let at = 0;
    while (held.length - at >= lengthBytes) {
      const end = at + lengthBytes + held.readUInt32BE(at);
      if (held.length < end) break;
      onMessage(JSON.parse(held.toString('utf8', at + lengthBytes, end)));
      at = end;
    }
    held = held.subarray(at);
  });
}
