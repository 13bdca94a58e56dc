/**
 * A guest's console in this terminal: bytes both ways, until the escape key, the guest's end, or a signal. Who takes the
 * input over, and what was lost, is told between the lines; the terminal is always put back.
 */
import type { Client, ClientStream, StreamHandlers } from '../../core/api/client.ts';
import type { ConsoleServerMessage } from '../../core/api/contract.ts';
import { VireoError, asVireoError } from '../../core/base/errors.ts';
import type { CommandContext } from '../command.ts';
import { CommandError } from '../command-error.ts';
import type { TextSink } from '../output.ts';
import { type EscapeKey, parseEscape } from './escape.ts';
import { pumpInput } from './input-pump.ts';
import { makeRaw } from './terminal.ts';

export interface ConsoleRequest {
  readonly domain: string;
  /** Null opens the first console. */
  readonly device: string | null;
  readonly force: boolean;
  readonly watch: boolean;
  readonly escape: string;
}

const bell = Buffer.from('\u0007');

/** Resolves with the exit code once the console has ended. @throws when it could not be opened, or the host is lost. */
export async function runConsole(context: CommandContext, client: Client, request: ConsoleRequest): Promise<number> {
  const escape = parseEscape(request.escape);
  const screen = new Screen(context.stdout);
  const ending = new Ending();
  const stream = await openConsole(client, request, {
    // Bytes may come before this function goes on: the screen shows them after the greeting.
    onBytes: (bytes, _offset, acknowledge) => void screen.write(bytes).then(acknowledge, (error: unknown) => ending.reject(outputFailed(error))),
    onMessage: (message) => {
      const notice = describe(message, escape);
      if (notice !== null) context.output.notice(notice, { betweenLines: true });
    },
    onEnd: (error) => (error ? ending.reject(error) : ending.resolve(0)),
  });
  context.output.line(`Connected to domain '${stream.opened.domain.name}'`);
  context.output.line(`Escape character is ${escape.label}`);
  const onSignal = (): void => ending.resolve(exitCodeOf(context.interrupted));
  context.interrupted.addEventListener('abort', onSignal, { once: true });
  if (context.interrupted.aborted) onSignal();
  try {
    using _raw = makeRaw(context.input);
    using _input = pumpInput({
      input: context.input,
      escape,
      send: (bytes) => (request.watch ? Promise.resolve() : stream.send(bytes)),
      onEscape: () => ending.resolve(0),
      onDropped: () => void screen.write(bell).catch(() => {}),
    });
    screen.begin();
    return await ending.reached;
  } finally {
    context.interrupted.removeEventListener('abort', onSignal);
    stream.close();
    await screen.drained();
  }
}

type ConsoleStream = ClientStream<'domainOpenConsole'>;
type ConsoleHandlers = StreamHandlers<'domainOpenConsole'>;

async function openConsole(client: Client, request: ConsoleRequest, handlers: ConsoleHandlers): Promise<ConsoleStream> {
  const { domain, device, force, watch } = request;
  try {
    return await client.openStream('domainOpenConsole', { domain, device, mode: watch ? 'watch' : 'write', force, from: 'history' }, handlers);
  } catch (thrown) {
    const error = asVireoError(thrown);
    if (typeof error.details['holder'] !== 'string') throw error;
    throw VireoError.fromRecord({ ...error.toRecord(), details: { ...error.details, remedy: 'use --force to take it over, or --watch to look on' } });
  }
}

/** The one reason for which a console ends; what comes after it is too late. */
class Ending {
  readonly reached: Promise<number>;
  resolve!: (exitCode: number) => void;
  reject!: (error: Error) => void;

  constructor() {
    this.reached = new Promise((resolve, reject) => {
      this.resolve = resolve;
      this.reject = reject;
    });
    this.reached.catch(() => {}); // it may fail before anybody waits for it
  }
}

/** Writes in order and waits for each piece, so that the host is told when it was really shown. */
class Screen {
  readonly #sink: TextSink;
  #last: Promise<void>;
  begin!: () => void;

  constructor(sink: TextSink) {
    this.#sink = sink;
    this.#last = new Promise((resolve) => (this.begin = resolve));
  }

  write(bytes: Uint8Array): Promise<void> {
    const written = this.#last.then(() => this.#write(bytes));
    this.#last = written.catch(() => {});
    return written;
  }

  /** Resolves when everything was shown or could not be. */
  drained(): Promise<void> {
    this.begin();
    return this.#last;
  }

  #write(bytes: Uint8Array): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#sink.write(bytes, (error) => (error ? reject(error) : resolve()));
    });
  }
}

function describe(message: ConsoleServerMessage, escape: EscapeKey): string | null {
  if (message.type === 'gap') return `${message.to - message.from} bytes of the guest's output were not kept`;
  if (message.type === 'refused') return message.error.message;
  if (message.type !== 'notice' || message.what !== 'taken-over') return null;
  return `${message.by ?? 'another client'} took over the console; you are watching (${escape.label} ends)`;
}

function outputFailed(error: unknown): CommandError {
  return new CommandError('SYSTEM_ERROR', `the console's output cannot be written: ${asVireoError(error).message}`, { cause: error });
}

/** Ctrl + C is how a console without a terminal is ended; other signals end it as they end any program. */
export function exitCodeOf(interrupted: AbortSignal): number {
  const numbers: Readonly<Record<string, number>> = { SIGINT: 0, SIGHUP: 128 + 1, SIGTERM: 128 + 15 };
  return numbers[String(interrupted.reason)] ?? 1;
}
