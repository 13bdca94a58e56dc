/** The guest's agent itself: words of one's own for it, and how long it may take. */
import { visibleJson } from '../../core/agent/guest-text.ts';
import { type Command, command, domainOption } from '../command.ts';
import { CommandError } from '../command-error.ts';
import { lookUp } from '../domain-call.ts';

/** libvirt's numbers for a limit that is none. */
const forever = -2;
const byCommand = -1;
const withoutWaiting = 0;

export const qemuAgentCommand: Command = command({
  name: 'qemu-agent-command',
  group: 'host',
  summary: 'QEMU Guest Agent Command',
  description: 'Run an arbitrary qemu guest agent command; use at your own risk. It taints the domain.',
  options: {
    domain: domainOption,
    timeout: { type: 'number', named: true, help: 'timeout seconds. must be positive.' },
    async: { type: 'boolean', help: 'send the command and do not wait for its answer' },
    block: { type: 'boolean', help: 'execute command without timeout' },
    pretty: { type: 'boolean', help: 'pretty-print the output' },
    cmd: { type: 'strings', required: true, help: 'command' },
  },
  async run({ client, output, interrupted }, values) {
    if ([values.timeout !== null, values.async, values.block].filter(Boolean).length > 1) throw new CommandError('INVALID_ARG', 'timeout, async and block options are exclusive');
    const timeoutSeconds = values.async ? withoutWaiting : values.block ? forever : (values.timeout ?? byCommand);
    const host = await client();
    const { uuid } = await lookUp(host, values.domain, interrupted);
    const answer = await host.call('qemuDomainAgentCommand', { domain: uuid, command: values.cmd.join(' '), timeoutSeconds }, { signal: interrupted });
    output.result(answer, () => (answer.result === null ? [] : [visibleJson(values.pretty ? JSON.stringify(JSON.parse(answer.result), null, 2) : answer.result)]));
  },
});

export const guestAgentTimeout: Command = command({
  name: 'guest-agent-timeout',
  group: 'domain',
  summary: 'Set the guest agent timeout',
  description: 'Set the number of seconds to wait for a response from the guest agent, until the domain stops. -2 waits for ever, -1 leaves it to each command (30 seconds, or 300 for those that wait for disks), 0 does not wait.',
  options: { domain: domainOption, timeout: { type: 'string', help: 'timeout seconds.' } },
  async run({ client, output, interrupted }, values) {
    const text = values.timeout ?? String(forever);
    if (!/^-?\d{1,9}$/.test(text)) throw new CommandError('INVALID_ARG', `Numeric value '${text}' for <timeout> option is malformed or out of range`);
    const timeoutSeconds = Number(text);
    if (timeoutSeconds < forever) throw new CommandError('INVALID_ARG', `guest agent timeout '${timeoutSeconds}' is less than the minimum '${forever}'`);
    const host = await client();
    const { uuid } = await lookUp(host, values.domain, interrupted);
    await host.call('domainAgentSetResponseTimeout', { domain: uuid, timeoutSeconds }, { signal: interrupted });
    output.result(null, () => []); // virsh says nothing
  },
});
