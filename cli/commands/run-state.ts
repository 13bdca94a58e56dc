/** The commands that change whether and how a domain runs. */
import { type Command, command, domainOption } from '../command.ts';
import { CommandError } from '../command-error.ts';
import { runConsole } from '../console/run-console.ts';
import { attempt, lookUp } from '../domain-call.ts';

export const start: Command = command({
  name: 'start',
  group: 'domain',
  summary: 'start a (previously defined) inactive domain',
  description: 'Start a domain by a fresh boot.',
  options: {
    domain: { type: 'string', required: true, help: 'name of the inactive domain' },
    console: { type: 'boolean', help: 'attach to console after creation' },
    paused: { type: 'boolean', help: 'leave the guest paused after creation' },
  },
  async run(context, values) {
    const client = await context.client();
    const domain = await lookUp(client, values.domain, context.interrupted);
    // virsh looks before it asks, and says this without libvirt's opening words.
    if (domain.id !== null) throw new CommandError('OPERATION_INVALID', 'Domain is already active', { domain: { name: domain.name, uuid: domain.uuid } });
    const started = await attempt(client, `Failed to start domain '${domain.name}'`, 'domainCreate', { domain: domain.uuid, paused: values.paused }, context.interrupted);
    context.output.done(started, `Domain '${domain.name}' started`);
    if (!values.console) return 0;
    return await runConsole(context, client, { domain: domain.uuid, device: null, force: false, watch: false, escape: context.escape });
  },
});

type PlainAct = 'domainReset' | 'domainSuspend' | 'domainResume' | 'domainUndefine';

/** An act that takes nothing but the domain. */
function act(name: string, method: PlainAct, words: { summary: string; description: string; done: string }): Command {
  return command({
    name,
    group: 'domain',
    summary: words.summary,
    description: words.description,
    options: { domain: domainOption },
    async run(context, values) {
      const client = await context.client();
      const domain = await lookUp(client, values.domain, context.interrupted);
      await attempt(client, `Failed to ${name} domain '${domain.name}'`, method, { domain: domain.uuid }, context.interrupted);
      context.output.done(null, `Domain '${domain.name}' ${words.done}`);
    },
  });
}

export const undefine = act('undefine', 'domainUndefine', {
  summary: 'undefine a domain',
  description: 'Undefine an inactive domain, or convert persistent to transient.',
  done: 'has been undefined',
});
export const reset = act('reset', 'domainReset', { summary: 'reset a domain', description: 'Reset the target domain as if by power button', done: 'was reset' });
export const suspend = act('suspend', 'domainSuspend', { summary: 'suspend a domain', description: 'Suspend a running domain.', done: 'suspended' });
export const resume = act('resume', 'domainResume', { summary: 'resume a domain', description: 'Resume a previously suspended domain.', done: 'resumed' });

/** An act that asks the guest: by its power button or by its agent. */
function request(name: 'shutdown' | 'reboot', method: 'domainShutdown' | 'domainReboot', words: { summary: string; description: string; done: string }): Command {
  return command({
    name,
    group: 'domain',
    summary: words.summary,
    description: words.description,
    options: { domain: domainOption, mode: { type: 'string', help: 'shutdown mode: acpi|agent' } },
    async run(context, values) {
      const mode = shutdownMode(values.mode);
      const client = await context.client();
      const domain = await lookUp(client, values.domain, context.interrupted);
      await attempt(client, `Failed to ${name} domain '${domain.name}'`, method, { domain: domain.uuid, mode }, context.interrupted);
      context.output.done(null, `Domain '${domain.name}' ${words.done}`);
    },
  });
}

function shutdownMode(mode: string | null): 'default' | 'acpi' | 'agent' {
  if (mode === null) return 'default';
  if (mode === 'acpi' || mode === 'agent') return mode;
  throw new CommandError('INVALID_ARG', `Unknown mode ${mode} value, expecting 'acpi' or 'agent'`);
}

export const shutdown = request('shutdown', 'domainShutdown', {
  summary: 'gracefully shutdown a domain',
  description: 'Run shutdown in the target domain.',
  done: 'is being shutdown',
});
export const reboot = request('reboot', 'domainReboot', {
  summary: 'reboot a domain',
  description: 'Run a reboot command in the target domain.',
  done: 'is being rebooted',
});

export const destroy: Command = command({
  name: 'destroy',
  group: 'domain',
  summary: 'destroy (stop) a domain',
  description: 'Forcefully stop a given domain, but leave its resources intact.',
  options: { domain: domainOption, graceful: { type: 'boolean', help: 'terminate gracefully' } },
  async run(context, values) {
    const client = await context.client();
    const domain = await lookUp(client, values.domain, context.interrupted);
    await attempt(client, `Failed to destroy domain '${domain.name}'`, 'domainDestroy', { domain: domain.uuid, graceful: values.graceful }, context.interrupted);
    context.output.done(null, `Domain '${domain.name}' destroyed`);
  },
});
