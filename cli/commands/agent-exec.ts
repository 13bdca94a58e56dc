/** `vireo guest-exec`: a program inside a guest, as if it ran here: its output, its errors, its exit code. */
import { type Command, type CommandContext, command, domainOption } from '../command.ts';
import { CommandError } from '../command-error.ts';
import { lookUp } from '../domain-call.ts';

const maximumInputBytes = 1 << 20;

export const guestExec: Command = command({
  name: 'guest-exec',
  group: 'domain',
  summary: 'run a program inside the guest (via agent)',
  description: "Runs a program inside the guest, with the rights of the guest agent, and ends with the program's exit code: guest-exec DOMAIN -- PROGRAM ARGUMENTS. With -q nothing but its output is written.",
  options: {
    domain: domainOption,
    timeout: { type: 'number', named: true, help: 'how many seconds it may take, default:60; then it runs on, and nobody waits for it' },
    env: { type: 'strings', named: true, help: 'NAME=value, any number of them; the program has no others then' },
    stdin: { type: 'boolean', help: 'give it what standard input holds' },
    program: { type: 'strings', required: true, help: 'the program and its arguments, after --' },
  },
  async run(context, values) {
    const [program, ...args] = values.program;
    if (program === undefined || program === '') throw new CommandError('INVALID_ARG', 'there is no program to run');
    const host = await context.client();
    const { uuid } = await lookUp(host, values.domain, context.interrupted);
    const input = values.stdin ? await readInput(context) : null;
    const request = { domain: uuid, program, arguments: args, environment: [...values.env], input, ...(values.timeout === null ? {} : { timeoutSeconds: values.timeout }) };
    const end = await host.call('domainGuestExec', request, { signal: context.interrupted });
    if (context.output.json) context.output.result(end, () => []);
    else {
      context.stdout.write(Buffer.from(end.output, 'base64'));
      context.stderr.write(Buffer.from(end.errors, 'base64'));
    }
    if (end.isTruncated) context.output.notice('the guest agent cut what the program printed');
    return end.exitCode ?? 128 + (end.signal ?? 0);
  },
});

async function readInput({ input }: CommandContext): Promise<string> {
  const pieces: Buffer[] = [];
  let bytes = 0;
  for await (const piece of input) {
    pieces.push(Buffer.from(piece as Uint8Array));
    bytes += pieces.at(-1)?.length ?? 0;
    if (bytes > maximumInputBytes) throw new CommandError('INVALID_ARG', `standard input holds more than ${maximumInputBytes} bytes, which is too much for the guest agent`);
  }
  return Buffer.concat(pieces).toString('base64');
}
