/** `vireo host`: serves the state folder without a window, or asks the host that does to end. */
import type { Client } from '../../core/api/client.ts';
import { type GuestLeaving, shutDownGuests } from '../../core/api/shut-down-guests.ts';
import { VireoError, asVireoError } from '../../core/base/errors.ts';
import { type Command, type CommandContext, command } from '../command.ts';
import { CommandError, CommandFailure } from '../command-error.ts';
import { assertExclusive } from '../option-grammar.ts';

/** libvirt-guests gives each guest five minutes; at a terminal somebody waits. */
const defaultTimeoutS = 60;

export const host: Command = command({
  name: 'host',
  group: 'host',
  summary: 'serve the state folder without a window',
  description: 'Run the screenless host. It ends 30 seconds after the last guest and client are gone, or when it is asked to; guests keep running.',
  options: {
    stop: { type: 'boolean', help: 'end the screenless host that runs; guests keep running' },
    shutdown: { type: 'boolean', help: 'with --stop: shut the guests down first; where one does not go, the host stays' },
    stdio: { type: 'boolean', help: 'connect standard input and output with the host of the state folder, started where none runs; for ssh' },
    timeout: { type: 'number', named: true, help: `with --shutdown: how many seconds guests have (${defaultTimeoutS} where none is given)` },
  },
  async run(context, values) {
    assertExclusive(values, 'stdio', 'stop');
    if (values.stdio) return await context.bridge();
    if (!values.stop) {
      if (values.shutdown) throw new CommandError('INVALID_ARG', 'Option --stop is required by option --shutdown');
      return await context.serveHost();
    }
    const client = await context.clientIfThere();
    if (client === null) {
      context.output.done(null, 'No host is running');
      return 0;
    }
    if (values.shutdown) await emptyHost(context, client, (values.timeout ?? defaultTimeoutS) * 1_000);
    try {
      await client.call('hostHandOver', {}, { signal: context.interrupted });
    } catch (thrown) {
      // A host that is quick to end takes its answer with it.
      if (!client.closed.aborted) throw new CommandFailure('Failed to stop the host', asVireoError(thrown));
    }
    context.output.done(null, 'Host is being stopped');
    return 0;
  },
});

export const hostname: Command = command({
  name: 'hostname',
  group: 'host',
  summary: 'print the hypervisor hostname',
  description: 'Print the name of the computer on which the host runs.',
  options: {},
  async run({ client, output, interrupted }) {
    const answer = await (await client()).call('connectGetHostname', {}, { signal: interrupted });
    output.result(answer, () => [answer.hostname]);
  },
});

/** @throws with every guest that still runs, and why. */
async function emptyHost(context: CommandContext, client: Client, deadlineMs: number): Promise<void> {
  const { role, pid } = await client.call('hostGetStatus', {}, { signal: context.interrupted });
  if (role !== 'host') throw new CommandError('OPERATION_DENIED', `the ${role} (pid ${pid}) serves the folder, and is quit by itself`);
  const told = new Set<string>();
  const tell = (guests: readonly GuestLeaving[]): void => {
    for (const { uuid, name, step } of guests) {
      if (step !== 'off' || told.has(uuid)) continue;
      told.add(uuid);
      if (!context.output.json && !context.output.quiet) context.output.line(`Domain '${name}' is shut off`);
    }
  };
  const guests = await shutDownGuests({ client, clock: context.clock, deadlineMs, signal: context.interrupted, onProgress: tell });
  const left = guests.filter(({ step }) => step !== 'off');
  if (left.length === 0) return;
  const reasons = left.map(({ name, reason }) => `domain '${name}' still runs${reason === null ? '' : `: ${reason}`}`);
  throw new CommandFailure('Failed to stop the host', new VireoError('OPERATION_FAILED', reasons.join('; '), { details: { left: left.map(({ name }) => name) } }));
}
