/**
 * One command line from its words to its exit code, with everything outside the process handed in: 0 when all went
 * well, 1 when not, 128 and the signal's number when a signal ended it.
 */
import path from 'node:path';
import type { Client } from '../core/api/client.ts';
import type { Clock } from '../core/base/clock.ts';
import { asVireoError } from '../core/base/errors.ts';
import { resolveStateFolder } from '../core/status/state-folder.ts';
import { clientLabel } from './client-label.ts';
import { CommandError, CommandFailure, UsageError } from './command-error.ts';
import type { Command, CommandContext, TerminalInput } from './command.ts';
import { commands } from './commands.ts';
import { type GlobalOptions, parseGlobalOptions } from './global-options.ts';
import { formatCommandHelp, formatUsage } from './help.ts';
import { Output, type TextSink } from './output.ts';

/** The hosts that can be reached from here. */
export interface HostDoor {
  /** The host of a state folder; one is started where none is. */
  connect(stateFolder: string, label: string, signal: AbortSignal): Promise<Client>;
  /** The host of a state folder, or null. */
  connectIfThere(stateFolder: string, label: string, signal: AbortSignal): Promise<Client | null>;
  /** The host of a URI (vireo+unix, vireo+ssh); one is started where its state folder is and none runs. */
  connectTo(uri: string, label: string, signal: AbortSignal): Promise<Client>;
  /** Carries the bytes between this process's standard input and output and the host of a state folder, started where none is; resolves with the exit code. */
  bridge(stateFolder: string, label: string, signal: AbortSignal): Promise<number>;
  /** Is the screenless host of a state folder until there is nothing left to do; `tell` gets lines for people. */
  serve(stateFolder: string, tell: (line: string) => void, signal: AbortSignal): Promise<number>;
}

export interface Surroundings {
  readonly argv: readonly string[];
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly folder: string;
  readonly platform: NodeJS.Platform;
  readonly pid: number;
  readonly stdin: TerminalInput;
  readonly stdout: TextSink;
  readonly stderr: TextSink;
  readonly clock: Clock;
  readonly version: string;
  readonly hosts: HostDoor;
  /** Aborts with the signal's name when the process is asked to end. */
  readonly interrupted: AbortSignal;
}

const signalNumbers: Readonly<Record<string, number>> = { SIGHUP: 1, SIGINT: 2, SIGTERM: 15 };

export async function runCommandLine(surroundings: Surroundings): Promise<number> {
  const { stdout, stderr } = surroundings;
  let output = new Output({ stdout, stderr, json: surroundings.argv.includes('--json'), quiet: false });
  try {
    const globals = parseGlobalOptions(surroundings.argv);
    output = new Output({ stdout, stderr, json: globals.json, quiet: globals.quiet });
    const [name, ...words] = globals.words;
    if (globals.show === 'version') output.result({ version: surroundings.version }, () => [surroundings.version]);
    else if (globals.show === 'help' || name === undefined) output.result({ help: formatUsage(commands).join('\n') }, () => formatUsage(commands));
    else return await runCommand(findCommand(name), words, globals, output, surroundings);
    return 0;
  } catch (error) {
    output.error(error);
    return 1;
  }
}

function findCommand(name: string): Command {
  const found = commands.find((command) => command.name === name);
  if (!found) throw new UsageError(`unknown command: '${name}'`);
  return found;
}

async function runCommand(command: Command, words: readonly string[], globals: GlobalOptions, output: Output, surroundings: Surroundings): Promise<number> {
  if (words.includes('--help') && !words.slice(0, words.indexOf('--help')).includes('--')) {
    const lines = formatCommandHelp(command);
    output.result({ help: lines.join('\n') }, () => lines);
    return 0;
  }
  const connections: Client[] = [];
  try {
    const exitCode = await command.run(contextFor(command, globals, output, surroundings, connections), words);
    output.endOfCommand();
    return exitCode;
  } catch (thrown) {
    if (thrown instanceof UsageError) throw thrown;
    const error = thrown instanceof CommandError ? thrown : asVireoError(thrown);
    output.error(error);
    output.endOfCommand();
    const { interrupted } = surroundings;
    return interrupted.aborted && error.code === 'OPERATION_ABORTED' ? 128 + (signalNumbers[String(interrupted.reason)] ?? 0) : 1;
  } finally {
    for (const client of connections) client.close();
  }
}

function contextFor(command: Command, globals: GlobalOptions, output: Output, surroundings: Surroundings, connections: Client[]): CommandContext {
  const { env, platform, hosts, interrupted } = surroundings;
  const folder = env['INIT_CWD'] ?? surroundings.folder;
  const option = globals.home === null ? undefined : path.resolve(folder, globals.home);
  const stateFolder = resolveStateFolder({ option, env, platform });
  const label = (): Promise<string> => clientLabel({ command: command.name, pid: surroundings.pid, env, isTerminal: surroundings.stdin.isTTY === true, platform });
  const keep = <C extends Client | null>(client: C): C => {
    if (client) connections.push(client);
    return client;
  };
  const connectTo = async (uri: string): Promise<Client> => {
    try {
      return await hosts.connectTo(uri, await label(), interrupted);
    } catch (thrown) {
      if (thrown instanceof CommandError) throw thrown;
      const error = asVireoError(thrown);
      throw error.code === 'OPERATION_ABORTED' ? error : new CommandFailure('failed to connect to the hypervisor', error);
    }
  };
  return {
    output,
    input: surroundings.stdin,
    stdout: surroundings.stdout,
    stderr: surroundings.stderr,
    folder,
    stateFolder,
    clock: surroundings.clock,
    version: surroundings.version,
    escape: globals.escape,
    interrupted,
    connect: globals.connect,
    client: async () => connections[0] ?? keep(await (globals.connect === null ? hosts.connect(stateFolder, await label(), interrupted) : connectTo(globals.connect))),
    clientIfThere: async () => (globals.connect === null ? keep(await hosts.connectIfThere(stateFolder, await label(), interrupted)) : keep(await connectTo(globals.connect))),
    clientOf: async (uri) => keep(await connectTo(uri)),
    bridge: async () => hosts.bridge(stateFolder, await label(), interrupted),
    serveHost: () => hosts.serve(stateFolder, (line) => output.line(line), interrupted),
  };
}
