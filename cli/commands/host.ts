/** `vireo host`: serves the state folder without a window, or asks the host that does to end. */
import { asVireoError } from '../../core/base/errors.ts';
import { type Command, command } from '../command.ts';
import { CommandFailure } from '../command-error.ts';

export const host: Command = command({
  name: 'host',
  group: 'host',
  summary: 'serve the state folder without a window',
  description: 'Run the screenless host. It ends 30 seconds after the last guest and client are gone, or when it is asked to; guests keep running.',
  options: { stop: { type: 'boolean', help: 'end the screenless host that runs; guests keep running' } },
  async run(context, values) {
    if (!values.stop) return await context.serveHost();
    const client = await context.clientIfThere();
    if (client === null) {
      context.output.done(null, 'No host is running');
      return 0;
    }
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
