/** `vireo qemu-monitor-command`: QEMU's own words, at the user's own risk (it taints the domain). */
import { type Command, command, domainOption } from '../command.ts';
import { lookUp } from '../domain-call.ts';
import { assertExclusive } from '../option-grammar.ts';

export const qemuMonitorCommand: Command = command({
  name: 'qemu-monitor-command',
  group: 'host',
  summary: 'QEMU Monitor Command',
  description: 'QEMU Monitor Command',
  options: {
    domain: domainOption,
    hmp: { type: 'boolean', help: 'command is in human monitor protocol' },
    pretty: { type: 'boolean', help: 'pretty-print any qemu monitor protocol output' },
    'return-value': { type: 'boolean', help: "extract the value of the 'return' key from the returned string" },
    cmd: { type: 'strings', required: true, help: 'command' },
  },
  async run({ client, output, interrupted }, values) {
    for (const form of ['pretty', 'return-value']) assertExclusive(values, 'hmp', form);
    const host = await client();
    const domain = await lookUp(host, values.domain, interrupted);
    const answer = await host.call('qemuDomainMonitorCommand', { domain: domain.uuid, command: values.cmd.join(' '), hmp: values.hmp }, { signal: interrupted });
    output.result(answer, () => [formatReply(answer.result, values.pretty, values['return-value'])]);
  },
});

function formatReply(reply: string, pretty: boolean, returnValue: boolean): string {
  if (!pretty && !returnValue) return reply.trimEnd();
  const parsed: unknown = JSON.parse(reply);
  const shown = returnValue && typeof parsed === 'object' && parsed !== null && 'return' in parsed ? parsed.return : parsed;
  return JSON.stringify(shown, null, pretty ? 2 : undefined);
}
