/** `vireo console`: a guest's serial console in this terminal, in a pipe, or as a terminal of this machine. */
import { type Command, command, domainOption } from '../command.ts';
import { CommandError } from '../command-error.ts';
import { parseEscape } from '../console/escape.ts';
import { exportConsole } from '../console/export-console.ts';
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
    resume: { type: 'boolean', help: 'resume a paused guest after connecting to console' },
    watch: { type: 'boolean', help: 'look on without writing; any number of clients may' },
    readonly: { type: 'boolean', help: 'the same as --watch' },
    request: { type: 'boolean', help: 'watch while somebody else writes, and ask for the input' },
    yield: { type: 'boolean', help: 'give the input to the first who asks for it, and watch on' },
    escape: { type: 'string', named: true, help: 'key that ends the console (default ^], Ctrl + ])' },
    linger: { type: 'number', named: true, help: 'end after so many seconds of silence once the input, a pipe or a file, has ended (default: go on until the guest ends)' },
    pty: { type: 'boolean', help: 'make it a terminal of this machine for other programs, and print its path' },
    wait: { type: 'boolean', help: 'with --pty: stay while the guest does not run' },
  },
  async run(context, values) {
    const watch = values.watch || values.readonly;
    for (const other of ['watch', 'readonly']) for (const one of ['force', 'request', 'yield']) assertExclusive(values, one, other);
    assertExclusive(values, 'force', 'request');
    for (const other of ['escape', 'linger', 'request', 'resume']) assertExclusive(values, 'pty', other);
    if (values.wait && !values.pty) throw new CommandError('INVALID_ARG', 'Option --pty is required by option --wait');
    const escape = values.escape ?? context.escape;
    parseEscape(escape); // a wrong key is refused before anything is connected
    const client = await context.client();
    const domain = await lookUp(client, values.domain, context.interrupted);
    // Every console of Vireo is handled safely, so that --safe asks for nothing more.
    const place = { domain: domain.uuid, device: values.devname, force: values.force, watch, yields: values.yield };
    if (values.pty) return await exportConsole(context, client, { ...place, staysOver: values.wait });
    return await runConsole(context, client, { ...place, escape, ask: values.request, resume: values.resume, quietMs: values.linger === null ? null : values.linger * 1000 });
  },
});
