/**
 * Ports of this host for what listens in a migration (I3): each is given to one at a time, and not before a listener of
 * somebody else's has left it. libvirt's range (qemu.conf, migration_port_min and _max).
 */
import net from 'node:net';
import { VireoError } from '../base/errors.ts';

const firstPort = 49_152;
const lastPort = 49_215;

export interface ReservedPort extends AsyncDisposable {
  readonly port: number;
}

export class PortAllocator {
  readonly #taken = new Set<number>();
  readonly #range: { readonly first: number; readonly last: number };

  constructor(range: { readonly first: number; readonly last: number } = { first: firstPort, last: lastPort }) {
    this.#range = range;
  }

  /** Those that are given to somebody now. */
  get taken(): readonly number[] {
    return [...this.#taken];
  }

  /** @throws OPERATION_FAILED when none is free at `address`. */
  async reserve(address: string): Promise<ReservedPort> {
    for (let port = this.#range.first; port <= this.#range.last; port += 1) {
      if (this.#taken.has(port)) continue;
      this.#taken.add(port);
      if (await isFree(address, port)) return { port, [Symbol.asyncDispose]: async () => void this.#taken.delete(port) };
      this.#taken.delete(port);
    }
    throw new VireoError('OPERATION_FAILED', `unable to find an unused port in range 'migration' (${this.#range.first}-${this.#range.last})`, { details: this.#range });
  }
}

function isFree(host: string, port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = net.createServer();
    server.once('error', () => resolve(false));
    server.listen({ host, port, exclusive: true }, () => server.close(() => resolve(true)));
  });
}
