/** QMP with nothing around it: one socket, one write for several commands, and an answer for each. */
import { once } from 'node:events';
import net from 'node:net';

export class BareQmp implements Disposable {
  readonly #socket: net.Socket;
  #held = '';
  #missing = 0;
  #done: () => void = () => {};

  private constructor(socket: net.Socket) {
    this.#socket = socket;
    socket.on('data', (chunk: Buffer) => this.#receive(chunk.toString()));
    socket.on('error', () => {});
  }

  static async connect(socketPath: string): Promise<BareQmp> {
    const socket = net.connect(socketPath);
    await once(socket, 'connect');
    const qmp = new BareQmp(socket);
    await qmp.ask([{ execute: 'qmp_capabilities' }]);
    return qmp;
  }

  /** Resolves when each command has its answer; they are parsed, as whoever wants them has to. */
  ask(commands: readonly object[]): Promise<void> {
    this.#missing = commands.length;
    const answered = new Promise<void>((resolve) => (this.#done = resolve));
    this.#socket.write(commands.map((command) => `${JSON.stringify(command)}\n`).join(''));
    return answered;
  }

  [Symbol.dispose](): void {
    this.#socket.destroy();
  }

  #receive(text: string): void {
    const lines = (this.#held + text).split('\n');
    this.#held = lines.pop() as string;
    for (const line of lines) {
      const message = JSON.parse(line) as object;
      if ('return' in message || 'error' in message) this.#missing -= 1;
    }
    if (this.#missing === 0) this.#done();
  }
}
