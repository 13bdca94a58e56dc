/** A connection on its way through the test, over TCP or a Unix socket: it can be cut, fall silent, or garble what it carries. */
import net from 'node:net';

type Condition = 'whole' | 'silent' | 'garbling' | 'cut';

/** How a Unix socket or a port of this computer is reached. */
export type Endpoint = { readonly path: string } | { readonly host: '127.0.0.1'; readonly port: number };

export class Link implements AsyncDisposable {
  readonly #far: Endpoint;
  readonly #server: net.Server;
  /** Each with the other end of its connection. */
  readonly #sockets = new Map<net.Socket, net.Socket>();
  #condition: Condition;

  private constructor(far: Endpoint, condition: Condition) {
    this.#far = far;
    this.#condition = condition;
    this.#server = net.createServer((near) => this.#carry(near));
  }

  /** @param near where it is reached; a port of its own where none is named. */
  static async to(far: Endpoint, near: { readonly path: string } | null, condition: Condition = 'whole'): Promise<Link> {
    const link = new Link(far, condition);
    await new Promise<void>((resolve) => void link.#server.listen(near ?? { host: '127.0.0.1', port: 0 }, () => resolve()));
    return link;
  }

  get port(): number {
    return (this.#server.address() as net.AddressInfo).port;
  }

  /** Every connection of it, and those to come. Silence keeps what is sent until the link is whole again; both ends see nothing. */
  set condition(condition: Condition) {
    this.#condition = condition;
    for (const [socket, other] of this.#sockets) {
      if (condition === 'cut' || (condition === 'whole' && other.destroyed)) socket.destroy();
      else if (condition === 'silent') socket.pause();
      else socket.resume();
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.condition = 'cut';
    await new Promise<void>((resolve) => void this.#server.close(() => resolve()));
  }

  #carry(near: net.Socket): void {
    if (this.#condition === 'cut') return void near.destroy();
    const far = net.connect(this.#far);
    for (const [one, other] of [[near, far], [far, near]] as const) {
      this.#sockets.set(one, other);
      one.on('error', () => other.destroy());
      one.on('close', () => {
        this.#sockets.delete(one);
        // A link that is silent does not tell that the other end is gone either.
        if (this.#condition !== 'silent') other.destroy();
      });
      one.on('data', (bytes: Buffer) => {
        if (!other.write(this.#condition === 'garbling' ? garbled(bytes) : bytes) && this.#condition !== 'silent') {
          one.pause();
          other.once('drain', () => this.#condition !== 'silent' && one.resume());
        }
      });
      if (this.#condition === 'silent') one.pause();
    }
  }
}

function garbled(bytes: Buffer): Buffer {
  return Buffer.from(bytes.map((byte, index) => (index % 64 === 0 ? byte ^ 0xa5 : byte)));
}
