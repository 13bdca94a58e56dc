/** Where a new password comes from: a terminal that shows nothing of it, or a pipe. */
import type { CommandContext } from '../command.ts';
import { CommandError } from '../command-error.ts';
import { makeRaw } from '../console/terminal.ts';

const maximumBytes = 4096;
const backspaces: readonly number[] = [0x08, 0x7f];
const [endOfText, endOfInput, killLine, lineFeed, carriageReturn] = [0x03, 0x04, 0x15, 0x0a, 0x0d];

/**
 * Asks for it twice, without echo. @throws OPERATION_ABORTED for ^C, INVALID_ARG where the two differ or the input ends.
 */
export async function askForPassword(context: CommandContext, of: string): Promise<string> {
  context.output.notice(`New password of ${of}, which is not shown:`);
  using _raw = makeRaw(context.input);
  const lines = readLines(context);
  const first = await nextLine(lines);
  context.output.notice('Once more:', { betweenLines: true });
  const second = await nextLine(lines);
  await lines.return(undefined);
  if (first !== second) throw new CommandError('INVALID_ARG', 'the two passwords differ; nothing was changed');
  return first;
}

/** The first line of standard input, without its end. */
export async function passwordFromInput(context: CommandContext): Promise<string> {
  const lines = readLines(context);
  try {
    return await nextLine(lines);
  } finally {
    await lines.return(undefined);
  }
}

async function nextLine(lines: AsyncGenerator<string, void>): Promise<string> {
  const next = await lines.next();
  if (next.done) throw new CommandError('INVALID_ARG', 'the input ended before the password');
  return next.value;
}

/** Lines as a terminal without its own editing gives them; what a pipe leaves without an end is a line too. */
async function* readLines({ input, interrupted }: CommandContext): AsyncGenerator<string, void> {
  let line: number[] = [];
  for await (const chunk of input) {
    for (const byte of Buffer.from(chunk as Uint8Array)) {
      if (byte === lineFeed || byte === carriageReturn) {
        yield Buffer.from(line).toString('utf8');
        line = [];
      } else if (input.isTTY && (byte === endOfText || (byte === endOfInput && line.length === 0))) throw new CommandError('OPERATION_ABORTED', 'the password was not given; nothing was changed');
      else if (input.isTTY && byte === killLine) line = [];
      else if (input.isTTY && backspaces.includes(byte)) eraseCharacter(line);
      else line.push(byte);
      if (line.length > maximumBytes) throw new CommandError('INVALID_ARG', `a password has at most ${maximumBytes} bytes`);
    }
    interrupted.throwIfAborted();
  }
  if (line.length > 0) yield Buffer.from(line).toString('utf8');
}

/** All bytes of it, where it is not ASCII. */
function eraseCharacter(line: number[]): void {
  const isContinuation = (byte: number | undefined): boolean => byte !== undefined && (byte & 0xc0) === 0x80;
  while (isContinuation(line.at(-1))) line.pop();
  line.pop();
}
