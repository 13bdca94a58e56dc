/** What a command is: its words, its options with their help, and the function that does it. */
import type { Readable } from 'node:stream';
import type { Client } from '../core/api/client.ts';
import type { Clock } from '../core/base/clock.ts';
import { type OptionSpecs, type OptionValues, parseOptions } from './option-grammar.ts';
import type { Output, TextSink } from './output.ts';

export type CommandGroup = 'domain' | 'monitor' | 'host' | 'secret';

/** The part of a terminal's input that a console needs; any readable stream is one, a TTY can also be raw. */
export type TerminalInput = Readable & { readonly isTTY?: boolean; readonly isRaw?: boolean; setRawMode?(raw: boolean): unknown };

/** What a command has in its hands; everything outside the process comes through here, so that tests can replace it. */
export interface CommandContext {
  readonly output: Output;
  readonly input: TerminalInput;
  /** Unformatted output: the console's bytes. */
  readonly stdout: TextSink;
  /** The same for what a program in a guest says of its errors. */
  readonly stderr: TextSink;
  /** Relative files are looked for here: the folder of whoever called, under npm too. */
  readonly folder: string;
  readonly stateFolder: string;
  readonly clock: Clock;
  readonly version: string;
  /** What ends a console, in the form `^]`. */
  readonly escape: string;
  /** The URI of another host, where the command line names one (-c). */
  readonly connect: string | null;
  /** Connects to the host that the command line names, by its URI or its state folder, once; starts it where none is there. */
  readonly client: () => Promise<Client>;
  /** Connects to the host if there is one; starts none. */
  readonly clientIfThere: () => Promise<Client | null>;
  /** One more connection, to the host of a URI. */
  readonly clientOf: (uri: string) => Promise<Client>;
  /** Carries bytes between standard input and output and the host of the state folder; resolves with the exit code. */
  readonly bridge: () => Promise<number>;
  /** Aborts with the name of the signal that asks the command to end. */
  readonly interrupted: AbortSignal;
  /** Serves the state folder until there is nothing left to do; resolves with the exit code. */
  readonly serveHost: () => Promise<number>;
}

export interface Command {
  readonly name: string;
  readonly group: CommandGroup;
  /** One line, for the list of commands. */
  readonly summary: string;
  readonly description: string;
  readonly options: OptionSpecs;
  /** Resolves with the exit code. @throws UsageError for words that make no sense, before anything is done. */
  run(context: CommandContext, words: readonly string[]): Promise<number>;
}

export interface CommandDefinition<O extends OptionSpecs> {
  readonly name: string;
  readonly group: CommandGroup;
  readonly summary: string;
  readonly description: string;
  readonly options: O;
  /** Nothing means that all went well. */
  run(context: CommandContext, values: OptionValues<O>): Promise<number | void>;
}

export function command<const O extends OptionSpecs>(definition: CommandDefinition<O>): Command {
  return {
    ...definition,
    run: async (context, words) => (await definition.run(context, parseOptions(definition.name, definition.options, words))) ?? 0,
  };
}

/** The option that most commands begin with. */
export const domainOption = { type: 'string', required: true, help: 'domain name, id or uuid' } as const;
