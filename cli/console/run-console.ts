/**
 * A guest's console in this terminal: bytes both ways, until the escape key, the guest's end, or a signal. Who takes the
 * input over, and what was lost, is told between the lines; the terminal is always put back.
 */
import type { Client } from '../../core/api/client.ts';
import type { ConsoleServerMessage } from '../../core/api/console-contract.ts';
import type { CommandContext } from '../command.ts';
import { attempt } from '../domain-call.ts';
import { Ending } from './ending.ts';
import { parseEscape } from './escape.ts';
import { InputControl } from './input-control.ts';
import { pumpInput } from './input-pump.ts';
import { openConsole } from './open-console.ts';
import { QuietEnd } from './quiet-end.ts';
import { Screen } from './screen.ts';
import { makeRaw } from './terminal.ts';

export interface ConsoleRequest {
  readonly domain: string;
  /** Null opens the first console. */
  readonly device: string | null;
  readonly force: boolean;
  readonly watch: boolean;
  readonly escape: string;
  /** Watches while somebody else writes, and asks for the input. */
  readonly ask?: boolean;
  /** Gives the input to the first who asks for it. */
  readonly yields?: boolean;
  /** Lets a paused guest run once its console is open, so that nothing of it is missed. */
  readonly resume?: boolean;
  /** Ends after so much silence once the input has ended; null goes on until the guest ends. */
  readonly quietMs?: number | null;
}

const bell = Buffer.from('\u0007');

/** Resolves with the exit code once the console has ended. @throws when it could not be opened, or the host is lost. */
export async function runConsole(context: CommandContext, client: Client, request: ConsoleRequest): Promise<number> {
  const { input, output, clock } = context;
  const escape = parseEscape(request.escape);
  const { domain, device, force, watch, ask = false, yields = false, resume = false, quietMs = null } = request;
  const screen = new Screen(context);
  const ending = new Ending();
  using quiet = quietMs === null ? null : new QuietEnd(clock, quietMs, () => ending.resolve(0));
  // Both may come before this function goes on: bytes are shown after the greeting, messages heard after it.
  const early: ConsoleServerMessage[] = [];
  let hear = (message: ConsoleServerMessage): void => void early.push(message);
  const stream = await openConsole(client, { domain, device, mode: watch ? 'watch' : ask ? 'write-or-watch' : 'write', force, from: 'history' }, {
    onBytes(bytes, _offset, acknowledge) {
      quiet?.printed();
      void screen.write(bytes).then(acknowledge, (error: NodeJS.ErrnoException) => ending.outputFailed(error));
    },
    onMessage: (message) => hear(message),
    onEnd: (error) => (error ? ending.reject(error) : ending.resolve(0)),
  });
  output.line(`Connected to domain '${stream.opened.domain.name}'`);
  output.line(`Escape character is ${escape.label}`);
  const control = new InputControl({
    wish: watch ? 'watch' : ask ? 'ask' : 'write',
    yields,
    mode: stream.opened.mode,
    ends: escape.label,
    say: (message) => stream.message(message),
    tell: (text) => screen.tell(text),
  });
  hear = (message) => control.hear(message);
  for (const message of early) control.hear(message);
  const beep = (): void => void screen.write(bell).catch(() => {});
  using _signal = ending.onSignal(context.interrupted);
  try {
    using _raw = makeRaw(input);
    using _input = pumpInput({
      input,
      escape,
      async send(bytes) {
        if (watch) return;
        // A script's words wait until they may be said; a person is better told at once that nobody listens.
        if (!control.isOurs && input.isTTY) return beep();
        await control.whenOurs();
        await stream.send(bytes);
      },
      onEscape: () => ending.resolve(0),
      onDropped: beep,
      onEnd: () => quiet?.inputEnded(),
    });
    screen.begin();
    if (resume) await attempt(client, `Failed to resume domain '${stream.opened.domain.name}'`, 'domainResume', { domain }, context.interrupted);
    return await ending.reached;
  } finally {
    stream.close();
    await screen.drained();
  }
}
