/** The commands that change whether and how a domain runs. */
import type { MethodInput } from '../../core/api/contract.ts';
import { type Command, type CommandContext, command, domainOption } from '../command.ts';
import { CommandError } from '../command-error.ts';
import { runConsole } from '../console/run-console.ts';
import { attempt, lookUp } from '../domain-call.ts';
import { stayWithDomain } from '../stay-with-domain.ts';

export const start: Command = command({
  name: 'start',
  group: 'domain',
  summary: 'start a (previously defined) inactive domain',
  description: 'Start a domain, either from the last managedsave state, or via a fresh boot if no managedsave state is present.',
  options: {
    domain: { type: 'string', required: true, help: 'name of the inactive domain' },
    console: { type: 'boolean', help: 'attach to console after creation' },
    paused: { type: 'boolean', help: 'leave the guest paused after creation' },
    'bypass-cache': { type: 'boolean', help: 'avoid file system cache when loading' },
    'force-boot': { type: 'boolean', help: 'force fresh boot by discarding any managed save' },
    'reset-nvram': { type: 'boolean', help: 're-initialize NVRAM from its pristine template' },
    autodestroy: { type: 'boolean', help: 'stay until the guest stops, and destroy it when this command ends' },
  },
  async run(context, values) {
    const client = await context.client();
    const domain = await lookUp(client, values.domain, context.interrupted);
    // virsh looks before it asks, and says this without libvirt's opening words.
    if (domain.id !== null) throw new CommandError('OPERATION_INVALID', 'Domain is already active', { domain: { name: domain.name, uuid: domain.uuid } });
    const started = await attempt(client, `Failed to start domain '${domain.name}'`, 'domainCreate', { domain: domain.uuid, paused: values.paused, resetNvram: values['reset-nvram'], autodestroy: values.autodestroy, forceBoot: values['force-boot'], bypassCache: values['bypass-cache'] }, context.interrupted);
    context.output.done(started, `Domain '${domain.name}' started`);
    if (values.autodestroy) return await stayWithDomain(context, client, started, values.console);
    if (!values.console) return 0;
    return await runConsole(context, client, { domain: domain.uuid, device: null, force: false, watch: false, escape: context.escape });
  },
});

type PlainAct = 'domainReset' | 'domainSuspend' | 'domainResume';

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

export const undefine: Command = command({
  name: 'undefine',
  group: 'domain',
  summary: 'undefine a domain',
  description: 'Undefine an inactive domain, or convert persistent to transient.',
  options: {
    domain: domainOption,
    'managed-save': { type: 'boolean', help: 'remove domain managed state file' },
    nvram: { type: 'boolean', help: 'remove nvram file' },
    'keep-nvram': { type: 'boolean', help: 'keep nvram file' },
    tpm: { type: 'boolean', help: 'remove TPM state' },
    'keep-tpm': { type: 'boolean', help: 'keep TPM state' },
  },
  async run(context, values) {
    if (values.nvram && values['keep-nvram']) throw new CommandError('INVALID_ARG', 'Options --nvram and --keep-nvram are mutually exclusive');
    if (values.tpm && values['keep-tpm']) throw new CommandError('INVALID_ARG', 'Options --tpm and --keep-tpm are mutually exclusive');
    const client = await context.client();
    const domain = await lookUp(client, values.domain, context.interrupted);
    const nvram = values.nvram ? 'remove' : values['keep-nvram'] ? 'keep' : 'refuse';
    await attempt(client, `Failed to undefine domain '${domain.name}'`, 'domainUndefine', { domain: domain.uuid, nvram, keepTpm: values['keep-tpm'], managedSave: values['managed-save'] }, context.interrupted);
    context.output.done(null, `Domain '${domain.name}' has been undefined`);
  },
});
export const reset = act('reset', 'domainReset', { summary: 'reset a domain', description: 'Reset the target domain as if by power button', done: 'was reset' });
export const suspend = act('suspend', 'domainSuspend', { summary: 'suspend a domain', description: 'Suspend a running domain.', done: 'suspended' });
export const resume = act('resume', 'domainResume', { summary: 'resume a domain', description: 'Resume a previously suspended domain.', done: 'resumed' });

export const shutdown: Command = command({
  name: 'shutdown',
  group: 'domain',
  summary: 'gracefully shutdown a domain',
  description: 'Run shutdown in the target domain. `signal` ends QEMU in good order without asking the guest.',
  options: { domain: domainOption, mode: { type: 'string', help: 'shutdown mode: acpi|agent|signal' } },
  run: ({ client, output, interrupted }, values) =>
    request({ client, output, interrupted }, values.domain, 'shutdown', 'domainShutdown', shutdownMode(values.mode, ['acpi', 'agent', 'signal']), 'is being shutdown'),
});

export const reboot: Command = command({
  name: 'reboot',
  group: 'domain',
  summary: 'reboot a domain',
  description: 'Run a reboot command in the target domain.',
  options: { domain: domainOption, mode: { type: 'string', help: 'shutdown mode: acpi|agent' } },
  run: ({ client, output, interrupted }, values) =>
    request({ client, output, interrupted }, values.domain, 'reboot', 'domainReboot', shutdownMode(values.mode, ['acpi', 'agent']), 'is being rebooted'),
});

type Asking = Pick<CommandContext, 'client' | 'output' | 'interrupted'>;

/** An act that asks the guest: by its power button or by its agent. */
async function request<M extends 'domainShutdown' | 'domainReboot'>({ client, output, interrupted }: Asking, domain: string, name: string, method: M, mode: Mode<M>, done: string): Promise<void> {
  const host = await client();
  const { uuid, name: found } = await lookUp(host, domain, interrupted);
  await attempt(host, `Failed to ${name} domain '${found}'`, method, { domain: uuid, mode } as MethodInput<M>, interrupted);
  output.done(null, `Domain '${found}' ${done}`);
}

type Mode<M extends 'domainShutdown' | 'domainReboot'> = NonNullable<MethodInput<M>['mode']>;

/** virsh takes a list; the guest's agent comes first whatever its order, and the button is what is left where it fails. */
function shutdownMode<M extends Mode<'domainShutdown'>>(words: string | null, known: readonly M[]): M | 'default' {
  if (words === null) return 'default';
  const modes = new Set(words.split(',').map((word) => modeNamed(word, known)));
  const [only] = modes;
  if (modes.size === 1 && only !== undefined) return only;
  if ([...modes].some((mode) => mode === 'signal')) throw new CommandError('INVALID_ARG', "mode 'signal' does not ask the guest and stands alone");
  return 'default';
}

function modeNamed<M extends string>(word: string, known: readonly M[]): M {
  const found = known.find((mode) => mode === word);
  if (found !== undefined) return found;
  // virsh knows these for containers and for Xen.
  if (word === 'initctl' || word === 'paravirt') throw new CommandError('NO_SUPPORT', `mode '${word}' is not for guests of QEMU`);
  const words = known.map((mode) => `'${mode}'`);
  throw new CommandError('INVALID_ARG', `Unknown mode ${word} value, expecting ${words.slice(0, -1).join(', ')} or ${words.at(-1)}`);
}

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
