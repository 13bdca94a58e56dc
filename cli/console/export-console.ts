/**
 * `console --pty`: a guest's console as a terminal of this machine, for programs that know serial lines and nothing of
 * Vireo. It is one session like any other: one writer, any number of watchers. What nobody reads from the terminal waits
 * in the host's log, so that a program that comes late, or comes back, misses nothing.
 */
import type { Client } from '../../core/api/client.ts';
import { asVireoError } from '../../core/base/errors.ts';
import type { DomainSummary } from '../../core/domain/domain-summary.ts';
import type { CommandContext } from '../command.ts';
import { lookUp } from '../domain-call.ts';
import { Ending } from './ending.ts';
import { type HostTerminal, openHostTerminal } from './host-terminal.ts';
import { InputControl } from './input-control.ts';
import { openConsole } from './open-console.ts';

export interface ExportRequest {
  readonly domain: string;
  readonly device: string | null;
  readonly force: boolean;
  readonly watch: boolean;
  readonly yields: boolean;
  /** Goes on when the guest stops, and waits until it runs again. */
  readonly staysOver: boolean;
}

/** What the kernel holds of a guest's last words goes with the terminal; a program that reads has them by then. */
const lastWordsMs = 300;

/** Resolves with the exit code when the guest has stopped, or the command is asked to end. */
export async function exportConsole(context: CommandContext, client: Client, request: ExportRequest): Promise<number> {
  const ending = new Ending();
  using _signal = ending.onSignal(context.interrupted);
  await using terminal = await openHostTerminal();
  // Read on between the sessions too: what a program types at a guest that does not run is not for the next run.
  let send = async (_bytes: Uint8Array): Promise<void> => {};
  terminal.onBytes((bytes) => send(bytes));
  const sendTo = (sender: typeof send): void => void (send = sender);
  let told = false;
  const onOpened = (label: string, name: string): void => {
    if (!told) context.output.result({ tty: terminal.path, device: label }, () => [terminal.path]);
    if (!context.output.quiet) context.output.notice(`${told ? 'again ' : ''}console ${label} of domain '${name}' at ${terminal.path} (Ctrl + C ends)`);
    told = true;
  };
  for (let from: 'history' | 'run' = 'history'; ; from = 'run') {
    if (request.staysOver) await Promise.race([running(client, request.domain, context), ending.reached]);
    if (context.interrupted.aborted) return await ending.reached;
    const outcome = await session({ context, client, request, terminal, ending, from, sendTo, onOpened });
    if (outcome !== 'guest ended') return outcome;
    await context.clock.sleep(lastWordsMs, context.interrupted);
    if (!request.staysOver) return 0;
  }
}

interface SessionOptions {
  readonly context: CommandContext;
  readonly client: Client;
  readonly request: ExportRequest;
  readonly terminal: HostTerminal;
  readonly ending: Ending;
  readonly from: 'history' | 'run';
  readonly sendTo: (send: (bytes: Uint8Array) => Promise<void>) => void;
  readonly onOpened: (label: string, domain: string) => void;
}

/** One run of the guest. Resolves with an exit code where the command is to end. */
async function session(options: SessionOptions): Promise<number | 'guest ended'> {
  const { context, client, request, terminal, ending, from, sendTo, onOpened } = options;
  const { domain, device, force, watch, yields } = request;
  let control: InputControl | null = null;
  let onEnd!: (error: Error | null) => void;
  const ended = new Promise<'guest ended'>((resolve, reject) => (onEnd = (error) => (error ? reject(error) : resolve('guest ended'))));
  ended.catch(() => {});
  let shown: Promise<void> = Promise.resolve();
  const stream = await openConsole(client, { domain, device, mode: watch ? 'watch' : 'write', force, from }, {
    onBytes(bytes, _offset, acknowledge) {
      shown = terminal.write(bytes).then(acknowledge, (error: NodeJS.ErrnoException) => ending.outputFailed(error));
    },
    onMessage: (message) => control?.hear(message),
    onEnd: (error) => onEnd(error),
  });
  const input = new InputControl({
    wish: watch ? 'watch' : 'take back',
    yields,
    mode: stream.opened.mode,
    ends: null,
    say: (message) => stream.message(message),
    tell: (text) => context.output.notice(text),
  });
  control = input;
  sendTo(async (bytes) => {
    if (input.isOurs) await stream.send(bytes).catch(() => {}); // the session's end says why
  });
  onOpened(stream.opened.label, stream.opened.domain.name);
  try {
    const outcome = await Promise.race([ended, ending.reached]);
    if (outcome === 'guest ended') await Promise.race([shown, ending.reached]);
    return outcome;
  } finally {
    sendTo(async () => {});
    stream.close();
  }
}

/** Resolves once the domain runs. */
async function running(client: Client, domain: string, context: CommandContext): Promise<void> {
  const isRunning = ({ id, state }: DomainSummary): boolean => id !== null && state !== 'shut off';
  let go!: () => void;
  const told = new Promise<void>((resolve) => (go = resolve));
  using _listener = client.on('domain', ({ domain: { uuid }, summary }) => {
    if (uuid === domain && summary && isRunning(summary)) go();
  });
  try {
    if (isRunning(await lookUp(client, domain, context.interrupted))) return;
    await Promise.race([told, lost(client)]);
  } catch (thrown) {
    if (!context.interrupted.aborted) throw asVireoError(thrown);
  }
}

function lost(client: Client): Promise<never> {
  return new Promise((_resolve, reject) => {
    const fail = (): void => reject(client.closed.reason as Error);
    if (client.closed.aborted) fail();
    else client.closed.addEventListener('abort', fail, { once: true });
  });
}
