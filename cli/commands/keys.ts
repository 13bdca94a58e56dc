/** What the guest's hardware gets from outside: send-key and inject-nmi. */
import { type Codeset, codeOfName, codesets, maximumKeys } from '../../core/process/keycodes/codesets.ts';
import { type Command, command, domainOption } from '../command.ts';
import { CommandError } from '../command-error.ts';
import { lookUp } from '../domain-call.ts';

export const sendKey: Command = command({
  name: 'send-key',
  group: 'domain',
  summary: 'Send keycodes to the guest',
  description: 'Send keycodes (integers or symbolic names) to the guest; all are held at the same time.',
  options: {
    domain: domainOption,
    codeset: { type: 'string', named: true, help: `the codeset of keycodes, default:linux (${codesets.join(', ')})` },
    holdtime: { type: 'number', named: true, help: 'the time (in milliseconds) how long the keys will be held' },
    keycode: { type: 'strings', required: true, help: 'the key code' },
  },
  async run({ client, output, interrupted }, values) {
    const codeset = codesetNamed(values.codeset ?? 'linux');
    if (values.keycode.length > maximumKeys) throw new CommandError('INVALID_ARG', 'too many keycodes');
    const keys = values.keycode.map((word) => keyNamed(codeset, word));
    const host = await client();
    const { uuid } = await lookUp(host, values.domain, interrupted);
    await host.call('domainSendKey', { domain: uuid, codeset, holdTimeMs: values.holdtime, keys }, { signal: interrupted });
    output.result(null, () => []); // virsh says nothing
  },
});

function codesetNamed(name: string): Codeset {
  const found = codesets.find((codeset) => codeset === name);
  if (!found) throw new CommandError('INVALID_ARG', `unknown codeset: '${name}'`);
  return found;
}

/** A number as C writes it, or a name of the codeset. Which numbers are keys the host knows. */
function keyNamed(codeset: Codeset, word: string): number {
  const number = /^0[0-7]+$/.test(word) ? Number.parseInt(word, 8) : /^(0x[0-9a-f]+|\d+)$/i.test(word) ? Number(word) : null;
  const code = number !== null && number <= 0xffff ? number : codeOfName(codeset, word);
  if (code === null) throw new CommandError('INVALID_ARG', `invalid keycode: '${word}'`);
  return code;
}

export const injectNmi: Command = command({
  name: 'inject-nmi',
  group: 'domain',
  summary: 'Inject NMI to the guest',
  description: 'Inject NMI to the guest domain.',
  options: { domain: domainOption },
  async run({ client, output, interrupted }, values) {
    const host = await client();
    const { uuid } = await lookUp(host, values.domain, interrupted);
    await host.call('domainInjectNMI', { domain: uuid }, { signal: interrupted });
    output.result(null, () => []); // virsh says nothing
  },
});
