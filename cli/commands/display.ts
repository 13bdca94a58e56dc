/** Where viewers find a guest's display, and the app's own window on it: domdisplay, domdisplay-reload, display. */
import type { AnyMethodResult } from '../../core/api/client.ts';
import type { DomainSummary } from '../../core/domain/domain-summary.ts';
import { asVireoError } from '../../core/base/errors.ts';
import { type Command, type CommandContext, command, domainOption } from '../command.ts';
import { CommandError } from '../command-error.ts';
import { attempt, lookUp } from '../domain-call.ts';
import { assertExclusive } from '../option-grammar.ts';

type Display = AnyMethodResult<'domainGetDisplays'>['displays'][number];

/** The kinds that virsh knows a URI of, in the order in which it looks for them. */
const schemes: readonly string[] = ['vnc', 'spice', 'rdp', 'dbus'];

async function running(context: CommandContext, reference: string): Promise<DomainSummary> {
  const domain = await lookUp(await context.client(), reference, context.interrupted);
  if (domain.id === null) throw new CommandError('OPERATION_INVALID', 'Domain is not running', { domain: { name: domain.name, uuid: domain.uuid } });
  return domain;
}

export const domdisplay: Command = command({
  name: 'domdisplay',
  group: 'domain',
  summary: 'domain display connection URI',
  description: 'Output the IP address and port number for the graphical display.',
  options: {
    domain: domainOption,
    'include-password': { type: 'boolean', help: 'includes the password into the connection URI if available' },
    type: { type: 'string', help: 'select particular graphical display (e.g. "vnc", "spice", "rdp", "dbus")' },
    all: { type: 'boolean', help: 'show all possible graphical displays' },
  },
  async run(context, values) {
    assertExclusive(values, 'all', 'type');
    const { uuid } = await running(context, values.domain);
    const host = await context.client();
    const { displays } = await host.call('domainGetDisplays', { domain: uuid, secure: values['include-password'], clients: false }, { signal: context.interrupted });
    const wanted = schemes.filter((scheme) => values.type === null || scheme === values.type);
    const found = wanted.flatMap((scheme) => displays.flatMap(({ type, uri }) => (type === scheme && uri !== null ? [uri] : [])));
    if (found.length === 0) throw new CommandError('OPERATION_FAILED', values.type === null ? 'No graphical display found' : `No graphical display with type '${values.type}' found`);
    const shown = values.all ? found : found.slice(0, 1);
    context.output.result({ displays: shown }, () => shown);
  },
});

/** virDomainGraphicsReloadType. */
const reloadTypes = ['any', 'vnc'] as const;

export const domdisplayReload: Command = command({
  name: 'domdisplay-reload',
  group: 'domain',
  summary: "Reload domain's graphics display certificates",
  description: "Reload domain's graphics display certificates",
  options: { domain: domainOption, type: { type: 'string', help: 'graphics display type: 0 or any, 1 or vnc' } },
  async run(context, values) {
    const type = reloadTypes.find((name, number) => values.type === null || values.type === name || values.type === String(number));
    if (type === undefined) throw new CommandError('INVALID_ARG', `Numeric value '${values.type}' for <type> option is malformed or out of range`);
    const host = await context.client();
    const { uuid } = await lookUp(host, values.domain, context.interrupted);
    await host.call('domainGraphicsReload', { domain: uuid, type }, { signal: context.interrupted });
    context.output.result(null, () => []);
  },
});

export const display: Command = command({
  name: 'display',
  group: 'domain',
  summary: 'open the guest display',
  description: 'Opens the window of the Vireo app on the display of a running guest. Where no app has the state folder, it says how another viewer connects.',
  options: { domain: domainOption, display: { type: 'number', named: true, least: 0, help: 'which display, counted from 0 in the order of the definition' } },
  async run(context, values) {
    const { uuid, name } = await running(context, values.domain);
    const host = await context.client();
    const index = values.display ?? 0;
    try {
      await host.call('domainShowDisplay', { domain: uuid, display: index }, { signal: context.interrupted });
      return context.output.done({ shown: true }, `The display of ${name} is open`);
    } catch (thrown) {
      const error = asVireoError(thrown);
      if (error.code !== 'OPERATION_UNSUPPORTED') throw error;
      const { displays } = await attempt(host, `could not find the display of ${name}`, 'domainGetDisplays', { domain: uuid, clients: false }, context.interrupted);
      const ways = viewing(displays[index]);
      const advice = `No window of Vireo is there to show ${name}: start Vireo`;
      context.output.result({ shown: false, uri: displays[index]?.uri ?? null }, () => (ways === null ? [`${advice}.`] : [`${advice}, or connect with`, ways]));
    }
  },
});

/** The command line of a viewer, to be copied; null where none can connect. */
function viewing(found: Display | undefined): string | null {
  return found?.uri ? `remote-viewer ${/^[\w+:/.[\]@%?=&-]*$/.test(found.uri) && !/[?&]/.test(found.uri) ? found.uri : `'${found.uri.replaceAll("'", "'\\''")}'`}` : null;
}
