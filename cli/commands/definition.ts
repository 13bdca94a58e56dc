/** The commands about definitions: define, create, dumpxml, and the sample guest's own. */
import path from 'node:path';
import type { MethodResult } from '../../core/api/contract.ts';
import { type Command, type CommandContext, command, domainOption } from '../command.ts';
import { CommandError } from '../command-error.ts';
import { runConsole } from '../console/run-console.ts';
import { attempt, lookUp } from '../domain-call.ts';
import { readTextFile } from '../read-text-file.ts';
import { stayWithDomain } from '../stay-with-domain.ts';

export const define: Command = command({
  name: 'define',
  group: 'domain',
  summary: "define (but don't start) a domain from an XML file",
  description: 'Define a domain.',
  options: {
    file: { type: 'string', required: true, help: 'file containing an XML domain description' },
    validate: { type: 'boolean', help: 'refuse what is not understood' },
  },
  async run(context, values) {
    const xml = await readTextFile(context, values.file);
    if (values.validate) await refuseNotUnderstood(context, xml, values.file);
    const source = path.resolve(context.folder, values.file);
    const answer = await attempt(await context.client(), `Failed to define domain from ${values.file}`, 'domainDefineXML', { xml, source }, context.interrupted);
    context.output.done(answer, `Domain '${answer.domain.name}' defined from ${values.file}`);
    tellNotUnderstood(context, answer);
  },
});

export const create: Command = command({
  name: 'create',
  group: 'domain',
  summary: 'create a domain from an XML file',
  description: 'Create a domain: it is started at once, and gone when it stops.',
  options: {
    file: { type: 'string', required: true, help: 'file containing an XML domain description' },
    console: { type: 'boolean', help: 'attach to console after creation' },
    paused: { type: 'boolean', help: 'leave the guest paused after creation' },
    autodestroy: { type: 'boolean', help: 'stay until the guest stops, and destroy it when this command ends' },
  },
  async run(context, values) {
    const xml = await readTextFile(context, values.file);
    const source = path.resolve(context.folder, values.file);
    const client = await context.client();
    const answer = await attempt(client, `Failed to create domain from ${values.file}`, 'domainCreateXML', { xml, source, paused: values.paused, autodestroy: values.autodestroy }, context.interrupted);
    context.output.done(answer, `Domain '${answer.domain.name}' created from ${values.file}`);
    tellNotUnderstood(context, answer);
    if (values.autodestroy) return await stayWithDomain(context, client, answer.domain, values.console);
    if (!values.console) return 0;
    return await runConsole(context, client, { domain: answer.domain.uuid, device: null, force: false, watch: false, escape: context.escape });
  },
});

export const sample: Command = command({
  name: 'sample',
  group: 'domain',
  summary: 'define the sample guest',
  description: 'Define the sample guest, a small real Linux, under the given name.',
  options: { name: { type: 'string', help: "the new domain's name (sample where none is given)" }, start: { type: 'boolean', help: 'start it at once' } },
  async run(context, values) {
    const client = await context.client();
    const name = values.name ?? 'sample';
    const answer = await attempt(client, `Failed to define the sample guest '${name}'`, 'sampleGuestDefine', { name }, context.interrupted);
    const defined = `Domain '${name}' defined from the sample guest`;
    if (!values.start) return context.output.done(answer, defined);
    if (!context.output.quiet) context.output.line(defined);
    const started = await attempt(client, `Failed to start domain '${name}'`, 'domainCreate', { domain: answer.domain.uuid }, context.interrupted);
    context.output.done({ ...answer, domain: started }, `Domain '${name}' started`);
  },
});

export const dumpxml: Command = command({
  name: 'dumpxml',
  group: 'domain',
  summary: 'domain information in XML',
  description: 'Output the domain information as an XML dump to stdout.',
  options: {
    domain: domainOption,
    inactive: { type: 'boolean', help: 'show inactive defined XML' },
    migratable: { type: 'boolean', help: 'provide XML suitable for migrations' },
    'security-info': { type: 'boolean', help: 'include security sensitive information in XML dump' },
  },
  async run({ client, output, interrupted }, values) {
    const host = await client();
    const domain = await lookUp(host, values.domain, interrupted);
    const answer = await host.call('domainGetXMLDesc', { domain: domain.uuid, inactive: values.inactive, secure: values['security-info'], migratable: values.migratable }, { signal: interrupted });
    output.result(answer, () => [answer.xml.trimEnd()]);
  },
});

/** A definition with an error is left to `define`, which says it in its own words. */
async function refuseNotUnderstood(context: CommandContext, xml: string, file: string): Promise<void> {
  const { notUnderstood } = await (await context.client()).call('connectCheckDomainXML', { xml }, { signal: context.interrupted });
  if (notUnderstood.length === 0) return;
  const named = notUnderstood.map(({ path: where, line }) => `${where} (line ${line})`).join(', ');
  throw new CommandError('XML_ERROR', `Failed to define domain from ${file}: XML error: not understood: ${named}`, { details: { notUnderstood } });
}

function tellNotUnderstood(context: CommandContext, answer: MethodResult<'domainDefineXML'>): void {
  if (context.output.json || context.output.quiet) return;
  for (const { path: where, line } of answer.notUnderstood) context.output.notice(`line ${line}: ${where} is kept but not understood`);
}
