/**
 * A QEMU that is nothing but its monitor, on a real Unix socket, obeying a script: it greets, negotiates, refuses what
 * the recorded schema does not know, and misbehaves on demand in ways that a real QEMU shows only under a bad star.
 * The contract suite beside it runs on a real QEMU too, which is what makes this one believable.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import net from 'node:net';
import path from 'node:path';
import { Emitter } from '../../core/base/events.ts';
import { emptyResult, recordedSchema, recordedVersion, refuse } from './schema.ts';

export interface Request {
  readonly command: string;
  readonly args: Readonly<Record<string, unknown>>;
  readonly id: string | undefined;
  readonly outOfBand: boolean;
}

/** What a command does: its result, or nothing more at all where it takes over the conversation by itself. */
export type Answer = (request: Request, qemu: FakeQemu) => unknown;

/** For an `Answer`: no reply from the fake; the script sends one later, or never. */
export const noReply = Symbol('no reply');

export interface FakeQemuOptions {
  /** Commands beyond the few that it knows; those of the schema that nobody scripted answer `{}` or `[]`. */
  readonly answers?: Readonly<Record<string, Answer>>;
  /** Sent instead of QEMU's greeting; the empty text is silence. */
  readonly greeting?: string;
  /** So many clients are not greeted before the first that is. */
  readonly overlooks?: number;
  /** Cuts everything that is sent into pieces of this size, each its own write. */
  readonly pieceBytes?: number;
  readonly offerOutOfBand?: boolean;
  /** Where to listen instead of in a folder of its own. */
  readonly socketPath?: string;
}

export class FakeQemu implements AsyncDisposable {
  readonly socketPath: string;
  /** Everything that was asked, in order. */
  readonly requests: Request[] = [];
  readonly #requested = new Emitter<Request>();
  /** Its own, null where it listens in somebody else's. */
  readonly #folder: string | null;
  readonly #server: net.Server;
  readonly #options: FakeQemuOptions;
  #client: net.Socket | null = null;
  #negotiated = false;
  #served = 0;
  #running = false;

  private constructor(folder: string | null, options: FakeQemuOptions) {
    this.#folder = folder;
    this.#options = options;
    this.socketPath = options.socketPath ?? path.join(folder ?? '', 'm');
    this.#server = net.createServer((socket) => this.#serve(socket));
  }

  /** A fake that listens; `listenLater` leaves the socket away until `listen`. */
  static async start(options: FakeQemuOptions & { readonly listenLater?: boolean } = {}): Promise<FakeQemu> {
    const fake = new FakeQemu(options.socketPath === undefined ? await mkdtemp('/tmp/vireo-') : null, options);
    if (!options.listenLater) await fake.listen();
    return fake;
  }

  listen(): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#server.once('error', reject);
      this.#server.listen(this.socketPath, resolve);
    });
  }

  /** Resolves when this command has been asked for, be it before or after the call. */
  async asked(command: string, signal: AbortSignal = AbortSignal.timeout(5000)): Promise<Request> {
    const earlier = this.requests.find((request) => request.command === command);
    return earlier ?? this.#requested.once((request) => request.command === command, signal);
  }

  reply(request: Request, result: unknown): void {
    this.send({ return: result, id: request.id });
  }

  refuse(request: Request, desc: string): typeof noReply {
    this.send({ id: request.id, error: { class: 'GenericError', desc } });
    return noReply;
  }

  event(event: string, data: Readonly<Record<string, unknown>> = {}): void {
    const now = Date.now();
    this.send({ timestamp: { seconds: Math.floor(now / 1000), microseconds: (now % 1000) * 1000 }, event, data });
  }

  send(message: Readonly<Record<string, unknown>>): void {
    this.sendText(`${JSON.stringify(message)}\r\n`);
  }

  /** Writes bytes as they are: half a line, no JSON, anything. */
  sendText(text: string): void {
    const bytes = Buffer.from(text);
    const size = this.#options.pieceBytes ?? (bytes.length || 1);
    for (let at = 0; at < bytes.length; at += size) this.#client?.write(bytes.subarray(at, at + size));
  }

  /** Ends the conversation as a QEMU that exits does. */
  die(): void {
    this.#client?.end();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#client?.destroy();
    if (this.#server.listening) await new Promise((resolve) => this.#server.close(resolve));
    if (this.#folder !== null) await rm(this.#folder, { recursive: true, force: true });
  }

  /** One client at a time: a second connects and hears nothing until the first has gone, as with a real QEMU. */
  #serve(socket: net.Socket): void {
    socket.on('error', () => {}); // the client may leave in mid-sentence
    if (this.#client) return void this.#client.once('close', () => this.#serve(socket));
    this.#client = socket;
    this.#negotiated = false;
    socket.setNoDelay(true);
    socket.once('close', () => (this.#client = null));
    let text = '';
    socket.setEncoding('utf8');
    socket.on('data', (chunk: string) => {
      const lines = (text + chunk).split('\n');
      text = lines.pop() ?? '';
      for (const line of lines) this.#obey(line);
    });
    this.#served += 1;
    if (this.#served > (this.#options.overlooks ?? 0)) this.sendText(this.#options.greeting ?? this.#greeting());
  }

  #greeting(): string {
    const [major, minor, micro] = recordedVersion.split('.').map(Number);
    const capabilities = this.#options.offerOutOfBand === false ? [] : ['oob'];
    return `${JSON.stringify({ QMP: { version: { qemu: { micro, minor, major }, package: 'fake' }, capabilities } })}\r\n`;
  }

  #obey(line: string): void {
    const message = JSON.parse(line) as { execute?: string; 'exec-oob'?: string; arguments?: Record<string, unknown>; id?: string };
    const outOfBand = message['exec-oob'] !== undefined;
    const request = { command: message['exec-oob'] ?? message.execute ?? '', args: message.arguments ?? {}, id: message.id, outOfBand };
    this.requests.push(request);
    const refusal = this.#negotiationRefusal(request) ?? refuse(request.command, request.args, outOfBand);
    if (refusal) this.send({ id: request.id, error: refusal });
    else this.#execute(request);
    this.#requested.fire(request);
  }

  #negotiationRefusal(request: Request): { class: string; desc: string } | null {
    if (this.#negotiated === (request.command !== 'qmp_capabilities')) return null;
    const desc = this.#negotiated
      ? 'Capabilities negotiation is already complete, command ignored'
      : "Expecting capabilities negotiation with 'qmp_capabilities'";
    return { class: 'CommandNotFound', desc };
  }

  #execute(request: Request): void {
    const scripted = this.#options.answers?.[request.command];
    const result = scripted ? scripted(request, this) : this.#ordinaryAnswer(request.command);
    if (result !== noReply) this.reply(request, result);
  }

  #ordinaryAnswer(command: string): unknown {
    switch (command) {
      case 'qmp_capabilities':
        this.#negotiated = true;
        return {};
      case 'query-status':
        return { running: this.#running, singlestep: false, status: this.#running ? 'running' : 'paused' };
      case 'cont':
      case 'stop':
        if (this.#running !== (command === 'cont')) this.event(command === 'cont' ? 'RESUME' : 'STOP');
        this.#running = command === 'cont';
        return {};
      case 'query-qmp-schema':
        return recordedSchema;
      case 'quit':
        this.event('SHUTDOWN', { guest: false, reason: 'host-qmp-quit' });
        setImmediate(() => this.die());
        return {};
      default:
        return emptyResult(command);
    }
  }
}
