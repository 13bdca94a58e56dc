/** Accounts inside a guest through its agent: set-user-password, get-user-sshkeys, set-user-sshkeys. */
import { type Command, command, domainOption } from '../command.ts';
import { CommandError } from '../command-error.ts';
import { lookUp } from '../domain-call.ts';
import { assertExclusive } from '../option-grammar.ts';
import { readTextFile } from '../read-text-file.ts';
import { askForPassword, passwordFromInput } from './agent-password.ts';

export const setUserPassword: Command = command({
  name: 'set-user-password',
  group: 'domain',
  summary: 'set the user password inside the domain',
  description: 'Changes the password of the specified user inside the domain. Every user of this host can read a password that stands on the command line: without one it is asked for, and `-` takes a line of standard input.',
  options: {
    domain: domainOption,
    user: { type: 'string', required: true, help: 'the username' },
    password: { type: 'string', help: 'the new password; - reads it from standard input' },
    encrypted: { type: 'boolean', help: 'the password is already encrypted' },
  },
  async run(context, values) {
    const { output, input, interrupted } = context;
    const host = await context.client();
    const { uuid, name } = await lookUp(host, values.domain, interrupted);
    if (values.password === null && !input.isTTY) throw new CommandError('INVALID_ARG', 'there is no terminal to ask for the password; - reads it from standard input');
    const password = values.password === null ? await askForPassword(context, `${values.user} in ${name}`) : values.password === '-' ? await passwordFromInput(context) : values.password;
    await host.call('domainSetUserPassword', { domain: uuid, user: values.user, password, encrypted: values.encrypted }, { signal: interrupted });
    output.done(null, `Password set successfully for ${values.user} in ${name}`);
  },
});

export const getUserSshkeys: Command = command({
  name: 'get-user-sshkeys',
  group: 'domain',
  summary: 'list authorized SSH keys for given user (via agent)',
  description: 'Use the guest agent to query authorized SSH keys for given user',
  options: { domain: domainOption, user: { type: 'string', required: true, help: 'user to list authorized keys for' } },
  async run({ client, output, interrupted }, values) {
    const host = await client();
    const { uuid } = await lookUp(host, values.domain, interrupted);
    const answer = await host.call('domainAuthorizedSSHKeysGet', { domain: uuid, user: values.user }, { signal: interrupted });
    output.result(answer, () => answer.keys);
  },
});

export const setUserSshkeys: Command = command({
  name: 'set-user-sshkeys',
  group: 'domain',
  summary: 'manipulate authorized SSH keys file for given user (via agent)',
  description: "Append, reset or remove SSH keys in the user's authorized keys file. Keys stand on lines of their own.",
  options: {
    domain: domainOption,
    user: { type: 'string', required: true, help: 'user to set authorized keys for' },
    file: { type: 'string', help: 'optional file to read keys from' },
    reset: { type: 'boolean', help: 'clear out authorized keys file before adding new keys' },
    remove: { type: 'boolean', help: 'remove keys from the authorized keys file' },
  },
  async run(context, values) {
    assertExclusive(values, 'reset', 'remove');
    if (values.file === null && values.remove) throw new CommandError('INVALID_ARG', 'Option --file is required by option --remove');
    if (values.file === null && !values.reset) throw new CommandError('INVALID_ARG', 'Option --file is required');
    const keys = values.file === null ? [] : linesOf(await readTextFile(context, values.file, 'file of keys', 1 << 20));
    if (values.file !== null && keys.length === 0) throw new CommandError('INVALID_ARG', `File ${values.file} contains no keys`);
    const host = await context.client();
    const { uuid } = await lookUp(host, values.domain, context.interrupted);
    const change = values.reset ? 'replace' : values.remove ? 'remove' : 'append';
    await host.call('domainAuthorizedSSHKeysSet', { domain: uuid, user: values.user, keys, change }, { signal: context.interrupted });
    context.output.result(null, () => []); // virsh says nothing
  },
});

function linesOf(text: string): string[] {
  return text.split('\n').map((line) => line.trim()).filter((line) => line !== '' && !line.startsWith('#'));
}
