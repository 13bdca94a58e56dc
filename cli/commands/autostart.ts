/** `vireo autostart`: what starts with the computer's session. */
import { type Command, command, domainOption } from '../command.ts';
import { attempt, lookUp } from '../domain-call.ts';

export const autostart: Command = command({
  name: 'autostart',
  group: 'domain',
  summary: 'autostart a domain',
  description: 'Configure a domain to be automatically started at boot: by the first host that opens after it.',
  options: { domain: domainOption, disable: { type: 'boolean', help: 'disable autostarting' } },
  async run({ client, output, interrupted }, values) {
    const host = await client();
    const domain = await lookUp(host, values.domain, interrupted);
    const what = `${values.disable ? 'unmark' : 'mark'} domain '${domain.name}' as autostarted`;
    await attempt(host, `Failed to ${what}`, 'domainSetAutostart', { domain: domain.uuid, autostart: !values.disable }, interrupted);
    output.done(null, `Domain '${domain.name}' ${values.disable ? 'unmarked' : 'marked'} as autostarted`);
  },
});
