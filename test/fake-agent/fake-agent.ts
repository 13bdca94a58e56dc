/**
 * A guest agent on a chardev's socket, obeying a script: it synchronizes, answers and grumbles as qemu-ga 7.2 does, one
 * client at a time, and misbehaves on demand as only a hostile guest would.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import net from 'node:net';
import path from 'node:path';
import { Emitter } from '../../core/base/events.ts';

export interface AgentRequest {
  readonly execute: string;
  readonly arguments?: Readonly<Record<string, unknown>>;
}

/** What a command does: its result; `refuse(...)`; or `noReply` where the script writes by itself, or never. */
export type AgentAnswer = (request: AgentRequest, agent: FakeAgent) => unknown;

export const noReply = Symbol('no reply');

export interface AgentRefusal {
  readonly class: string;
  readonly desc: string;
}

const refusals = new WeakSet<object>();

/** For an `AgentAnswer`: the agent's error instead of a result. */
export function refuse(agentClass: string, desc: string): AgentRefusal {
  const refusal = { class: agentClass, desc };
  refusals.add(refusal);
  return refusal;
}

export interface FakeAgentOptions {
  readonly answers?: Readonly<Record<string, AgentAnswer>>;
  /** Sent as soon as a client connects: what an earlier client left behind, or a flood. */
  readonly atConnect?: (agent: FakeAgent) => void;
  /** Where what is sent is cut, each piece its own write and turn; by default one write. */
  readonly pieceBytes?: number;
}

export class FakeAgent implements AsyncDisposable {
  readonly path: string;
  /** Everything that was asked, synchronizations too, in order. */
  readonly requests: AgentRequest[] = [];
  readonly #requested = new Emitter<AgentRequest>();
  readonly #folder: string;
  readonly #server: net.Server;
  readonly #options: FakeAgentOptions;
  #client: net.Socket | null = null;
  #outgoing: Promise<void> = Promise.resolve();

  private constructor(folder: string, options: FakeAgentOptions) {
    this.#folder = folder;
    this.#options = options;
    this.path = path.join(folder, 'c-channel0');
    this.#server = net.createServer((socket) => this.#serve(socket));
  }

  static async start(options: FakeAgentOptions = {}): Promise<FakeAgent> {
    const agent = new FakeAgent(await mkdtemp('/tmp/vireo-'), options);
    await new Promise<void>((resolve) => agent.#server.listen(agent.path, resolve));
    return agent;
  }

  get client(): net.Socket | null {
    return this.#client;
  }

  /** The names of what was asked, without the synchronizations. */
  get commands(): readonly string[] {
    return this.requests.map((request) => request.execute).filter((name) => name !== 'guest-sync-delimited');
  }

  async asked(command: string, signal: AbortSignal = AbortSignal.timeout(5_000)): Promise<AgentRequest> {
    const earlier = this.requests.find((request) => request.execute === command);
    return earlier ?? this.#requested.once((request) => request.execute === command, signal);
  }

  /** Writes bytes as they are: half a line, no JSON, anything. */
  send(bytes: string | Uint8Array): void {
    const whole = Buffer.from(bytes as string);
    const size = this.#options.pieceBytes ?? (whole.length || 1);
    this.#outgoing = this.#outgoing.then(async () => {
      for (let at = 0; at < whole.length; at += size) {
        this.#client?.write(whole.subarray(at, at + size));
        if (size < whole.length) await new Promise((resolve) => setImmediate(resolve));
      }
    });
  }

  reply(result: unknown): void {
    this.send(`${JSON.stringify({ return: result })}\n`);
  }

  /** Answers a synchronization: the sentinel comes first. */
  replySync(id: unknown): void {
    this.send(Buffer.concat([Buffer.of(0xff), Buffer.from(`${JSON.stringify({ return: id })}\n`)]));
  }

  /** The channel ends, as when QEMU does. */
  hangUp(): void {
    this.#client?.end();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#client?.destroy();
    await new Promise((resolve) => this.#server.close(resolve));
    await rm(this.#folder, { recursive: true, force: true });
  }

  #serve(socket: net.Socket): void {
    socket.on('error', () => {}); // the client may leave in mid-sentence
    if (this.#client) return void this.#client.once('close', () => this.#serve(socket));
    this.#client = socket;
    socket.once('close', () => (this.#client = null));
    let held = Buffer.alloc(0);
    socket.on('data', (chunk: Buffer) => {
      held = Buffer.concat([held, chunk]);
      for (let end = held.indexOf(0x0a); end !== -1; end = held.indexOf(0x0a)) {
        const line = held.subarray(0, end);
        held = held.subarray(end + 1);
        this.#obey(line);
      }
    });
    this.#options.atConnect?.(this);
  }

  /** The sentinel is no JSON: the agent drops what it holds, complains, and goes on behind it (qemu-ga 7.2). */
  #obey(line: Buffer): void {
    const at = line.lastIndexOf(0xff);
    if (at !== -1) this.send(`${JSON.stringify({ error: { class: 'GenericError', desc: "JSON parse error, stray '\u{fffd}'" } })}\n`);
    const request = JSON.parse(line.toString('utf8', at + 1)) as AgentRequest;
    this.requests.push(request);
    const scripted = this.#options.answers?.[request.execute];
    const result = scripted ? scripted(request, this) : this.#ordinaryAnswer(request);
    if (typeof result === 'object' && result !== null && refusals.has(result)) this.send(`${JSON.stringify({ error: result })}\n`);
    else if (result !== noReply) this.reply(result);
    this.#requested.fire(request);
  }

  #ordinaryAnswer(request: AgentRequest): unknown {
    switch (request.execute) {
      case 'guest-sync-delimited':
        this.replySync(request.arguments?.['id']);
        return noReply;
      case 'guest-ping':
        return {};
      case 'guest-shutdown':
        return noReply; // the agent is silent where it succeeds
      default:
        return refuse('CommandNotFound', `The command ${request.execute} has not been found`);
    }
  }
}
