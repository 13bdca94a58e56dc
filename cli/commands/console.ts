/** `vireo console`: a guest's serial console in this terminal. */
import { type Command, command, domainOption } from '../command.ts';
import { parseEscape } from '../console/escape.ts';
import { runConsole } from '../console/run-console.ts';
import { lookUp } from '../domain-call.ts';
import { assertExclusive } from '../option-grammar.ts';

export const console: Command = command({
  name: 'console',
  group: 'domain',
  summary: 'connect to the guest console',
  description: 'Connect the virtual serial console for the guest',
  options: {
    domain: domainOption,
    devname: { type: 'string', help: 'character device name' },
    force: { type: 'boolean', help: 'force console connection (disconnect already connected sessions)' },
    safe: { type: 'boolean', help: 'only connect if safe console handling is supported' },
    watch: { type: 'boolean', help: 'look on without writing; any number of clients may' },
    escape: { type: 'string', help: 'key that ends the console (default ^], Ctrl + ])' },
  },
  async run(context, values) {
    assertExclusive(values, 'force', 'watch');
    const escape = values.escape ?? context.escape;
    parseEscape(escape); // a wrong key is refused before anything is connected
    const client = await context.client();
    const domain = await lookUp(client, values.domain, context.interrupted);
    // Every console of Vireo is handled safely, so that --safe asks for nothing more.
    return await runConsole(context, client, { domain: domain.uuid, device: values.devname, force: values.force, watch: values.watch, escape });
  },
});
