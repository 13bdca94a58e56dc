/** A guest put to sleep and woken: dompmsuspend, dompmwakeup. */
import { sleepTargets } from '../../core/agent/guest-words.ts';
import { type Command, command, domainOption } from '../command.ts';
import { CommandError } from '../command-error.ts';
import { attempt, lookUp } from '../domain-call.ts';

export const dompmsuspend: Command = command({
  name: 'dompmsuspend',
  group: 'domain',
  summary: 'suspend a domain gracefully using power management functions',
  description: 'Suspends a running domain using guest OS\'s power management. (Note: This requires a guest agent configured and running in the guest OS).',
  options: {
    domain: domainOption,
    target: { type: 'string', required: true, help: 'mem(Suspend-to-RAM), disk(Suspend-to-Disk), hybrid(Hybrid-Suspend)' },
    duration: { type: 'string', named: true, help: 'duration in seconds; only 0, which is no limit, is supported' },
  },
  async run({ client, output, interrupted }, values) {
    const target = sleepTargets.find((each) => each === values.target);
    if (target === undefined) throw new CommandError('INVALID_ARG', 'Invalid target');
    if (values.duration !== null && !/^0+$/.test(values.duration)) throw new CommandError('ARGUMENT_UNSUPPORTED', 'Duration not supported. Use 0 for now');
    const host = await client();
    const { uuid, name } = await lookUp(host, values.domain, interrupted);
    await attempt(host, `Domain '${name}' could not be suspended`, 'domainPMSuspendForDuration', { domain: uuid, target }, interrupted);
    output.done(null, `Domain '${name}' successfully suspended`);
  },
});

export const dompmwakeup: Command = command({
  name: 'dompmwakeup',
  group: 'domain',
  summary: 'wakeup a domain from pmsuspended state',
  description: 'Wakeup a domain that was previously suspended by power management.',
  options: { domain: domainOption },
  async run({ client, output, interrupted }, values) {
    const host = await client();
    const { uuid, name } = await lookUp(host, values.domain, interrupted);
    await attempt(host, `Domain '${name}' could not be woken up`, 'domainPMWakeup', { domain: uuid }, interrupted);
    output.done(null, `Domain '${name}' successfully woken up`);
  },
});
