/** The first words of a VNC viewer (RFC 6143 and VeNCrypt), as far as a server lets it in or not. Never a picture. */
import { createCipheriv } from 'node:crypto';
import { once } from 'node:events';
import { createConnection, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import type { Duplex } from 'node:stream';

const wordMs = 20_000;

/** Reads a stream in pieces of known sizes. */
class Words {
  readonly #stream: Duplex;
  #bytes = Buffer.alloc(0);
  #ended: Error | null = null;
  #wake: () => void = () => {};
  readonly #onData = (chunk: Buffer): void => {
    this.#bytes = Buffer.concat([this.#bytes, chunk]);
    this.#wake();
  };

  constructor(stream: Duplex) {
    this.#stream = stream;
    const end = (error?: Error): void => {
      this.#ended = error ?? new Error('the server hung up');
      this.#wake();
    };
    stream.on('data', this.#onData);
    stream.once('close', () => end());
    stream.once('error', end);
  }

  async read(count: number): Promise<Buffer> {
    const endMs = Date.now() + wordMs;
    while (this.#bytes.length < count) {
      if (this.#ended) throw this.#ended;
      if (Date.now() > endMs) throw new Error(`the server said ${this.#bytes.length} bytes and not ${count}`);
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, 1_000);
        this.#wake = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    }
    const word = this.#bytes.subarray(0, count);
    this.#bytes = this.#bytes.subarray(count);
    return word;
  }

  /** Leaves what comes next to another reader of the same stream. */
  release(): void {
    this.#stream.off('data', this.#onData);
    this.#stream.pause();
  }
}

export interface Login extends Disposable {
  /** What the server offers: 1 is nothing, 2 a password, 19 VeNCrypt. */
  readonly securityTypes: readonly number[];
  /** What VeNCrypt offers: 260 is TLS alone, 261 TLS and a password. */
  readonly subtypes: readonly number[];
  /** Null where the viewer is in; else why it is not. */
  readonly refusal: string | null;
  /** As the server's certificate has it. */
  readonly certificateName: string | null;
}

export interface LoginOptions {
  readonly at: { readonly port: number; readonly host?: string } | { readonly path: string };
  readonly password?: string;
  /** The authority's certificate, for TLS. */
  readonly ca?: string;
}

/** Goes through the login with the best that is offered, and stays connected until it is disposed. */
export async function logIn({ at, password = '', ca }: LoginOptions): Promise<Login> {
  const socket: Socket = createConnection('path' in at ? { path: at.path } : { host: '127.0.0.1', ...at });
  let stream: Duplex = socket;
  const dispose = (): void => {
    stream.destroy();
    socket.destroy();
  };
  try {
    await once(socket, 'connect');
    let words = new Words(socket);
    socket.write(await words.read(12));
    const [count = 0] = await words.read(1);
    const securityTypes = [...(await words.read(count))];
    let subtypes: number[] = [];
    let certificateName: string | null = null;
    let asksForPassword = securityTypes.includes(2);
    if (securityTypes.includes(19)) {
      subtypes = await veNCrypt(socket, words);
      if (ca === undefined) return { securityTypes, subtypes, refusal: 'the viewer speaks no TLS', certificateName, [Symbol.dispose]: dispose };
      const [subtype = 0] = subtypes;
      const choice = Buffer.alloc(4);
      choice.writeUInt32BE(subtype);
      socket.write(choice);
      await words.read(1);
      words.release();
      const encrypted = connectTls({ socket, ca, servername: 'localhost' });
      stream = encrypted;
      await once(encrypted, 'secureConnect');
      const { CN: name } = encrypted.getPeerCertificate().subject;
      certificateName = typeof name === 'string' ? name : null;
      words = new Words(encrypted);
      asksForPassword = subtype === 261;
    } else {
      socket.write(Buffer.from([asksForPassword ? 2 : 1]));
    }
    if (asksForPassword) stream.write(answer(password, await words.read(16)));
    const isIn = (await words.read(4)).readUInt32BE() === 0;
    const refusal = isIn ? null : (await words.read((await words.read(4)).readUInt32BE())).toString();
    return { securityTypes, subtypes, refusal, certificateName, [Symbol.dispose]: dispose };
  } catch (error) {
    dispose();
    throw error;
  }
}

async function veNCrypt(socket: Socket, words: Words): Promise<number[]> {
  socket.write(Buffer.from([19]));
  socket.write(await words.read(2)); // the version, which is 0.2
  await words.read(1);
  const [count = 0] = await words.read(1);
  const list = await words.read(count * 4);
  return Array.from({ length: count }, (_, index) => list.readUInt32BE(index * 4));
}

/** DES with the password's bits the other way round, as three times the same key, since plain DES is no longer offered. */
function answer(password: string, challenge: Buffer): Buffer {
  const key = Buffer.alloc(8);
  key.write(password, 'latin1');
  const turned = key.map((byte) => Array.from({ length: 8 }, (_, bit) => ((byte >> bit) & 1) << (7 - bit)).reduce((sum, bit) => sum | bit, 0));
  const cipher = createCipheriv('des-ede3-ecb', Buffer.concat([turned, turned, turned]), null).setAutoPadding(false);
  return Buffer.concat([cipher.update(challenge), cipher.final()]);
}
