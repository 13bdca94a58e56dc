/** A TCP connection on its way through the test, which may end it under both sides. */
import net from 'node:net';

export interface CutLink extends AsyncDisposable {
  /** Connects whoever comes here to the port that is linked. */
  readonly port: number;
  /** Ends every connection, as where a cable is pulled and both sides have noticed. */
  cut(): void;
}

export async function linkTo(port: number): Promise<CutLink> {
  const sockets = new Set<net.Socket>();
  const server = net.createServer((near) => {
    const far = net.connect({ host: '127.0.0.1', port });
    for (const [one, other] of [[near, far], [far, near]] as const) {
      sockets.add(one);
      one.on('error', () => other.destroy());
      one.on('close', () => {
        sockets.delete(one);
        other.destroy();
      });
      one.pipe(other);
    }
  });
  await new Promise<void>((resolve) => void server.listen({ host: '127.0.0.1', port: 0 }, () => resolve()));
  const cut = (): void => {
    for (const socket of sockets) socket.destroy();
  };
  return {
    port: (server.address() as net.AddressInfo).port,
    cut,
    async [Symbol.asyncDispose]() {
      cut();
      await new Promise<void>((resolve) => void server.close(() => resolve()));
    },
  };
}
