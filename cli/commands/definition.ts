/** The commands about definitions: define, create, dumpxml, domxml-to-native, and the sample guest's own. */
import { open } from 'node:fs/promises';
import path from 'node:path';
import { getSystemErrorMap } from 'node:util';
import type { MethodResult } from '../../core/api/contract.ts';
import { VireoError, isSystemError } from '../../core/base/errors.ts';
import { type Command, type CommandContext, command, domainOption } from '../command.ts';
import { CommandError } from '../command-error.ts';
import { runConsole } from '../console/run-console.ts';
import { attempt, lookUp } from '../domain-call.ts';
import { assertExclusive } from '../option-grammar.ts';

/** The host refuses longer ones; a wrong file is found out before it is read whole. */
const maximumDefinitionBytes = 4 << 20;

export const define: Command = command({
  name: 'define',
  group: 'domain',
  summary: "define (but don't start) a domain from an XML file",
  description: 'Define a domain.',
  options: { file: { type: 'string', required: true, help: 'file containing an XML domain description' } },
  async run(context, values) {
    const xml = await readDefinition(context, values.file);
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
  },
  async run(context, values) {
    const xml = await readDefinition(context, values.file);
    const source = path.resolve(context.folder, values.file);
    const client = await context.client();
    const answer = await attempt(client, `Failed to create domain from ${values.file}`, 'domainCreateXML', { xml, source, paused: values.paused }, context.interrupted);
    context.output.done(answer, `Domain '${answer.domain.name}' created from ${values.file}`);
    tellNotUnderstood(context, answer);
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
    'security-info': { type: 'boolean', help: 'include security sensitive information in XML dump' },
  },
  async run({ client, output, interrupted }, values) {
    const host = await client();
    const domain = await lookUp(host, values.domain, interrupted);
    const answer = await host.call('domainGetXMLDesc', { domain: domain.uuid, inactive: values.inactive, secure: values['security-info'] }, { signal: interrupted });
    output.result(answer, () => [answer.xml.trimEnd()]);
  },
});

export const domxmlToNative: Command = command({
  name: 'domxml-to-native',
  group: 'domain',
  summary: 'Convert domain XML to native config',
  description: 'Convert domain XML config to a native guest configuration format.',
  options: {
    format: { type: 'string', required: true, help: 'target config data type format (qemu-argv)' },
    // By position the file comes first here, as in the older form `domxml-to-native qemu-argv FILE`.
    xml: { type: 'string', help: 'xml data file to export from' },
    domain: { type: 'string', help: 'domain name, id or uuid' },
  },
  async run(context, values) {
    if (values.format !== 'qemu-argv') throw new VireoError('INVALID_ARG', `unsupported config type ${values.format}`);
    assertExclusive(values, 'domain', 'xml');
    const answer = await argvOf(context, values.xml, values.domain);
    context.output.result(answer, () => [answer.text.trimEnd()]);
  },
});

async function argvOf(context: CommandContext, file: string | null, domain: string | null): Promise<MethodResult<'connectDomainXMLToNative'>> {
  const settings = { signal: context.interrupted };
  if (file !== null) {
    const xml = await readDefinition(context, file);
    return await (await context.client()).call('connectDomainXMLToNative', { xml }, settings);
  }
  if (domain === null) throw new CommandError('INVALID_ARG', 'need either domain or domain XML');
  const client = await context.client();
  const { uuid } = await lookUp(client, domain, context.interrupted);
  return await client.call('connectDomainXMLToNative', { domain: uuid }, settings);
}

function tellNotUnderstood(context: CommandContext, answer: MethodResult<'domainDefineXML'>): void {
  if (context.output.json || context.output.quiet) return;
  for (const { path: where, line } of answer.notUnderstood) context.output.notice(`line ${line}: ${where} is kept but not understood`);
}

async function readDefinition(context: CommandContext, file: string): Promise<string> {
  try {
    const handle = await open(path.resolve(context.folder, file), 'r');
    try {
      const pieces: Buffer[] = [];
      let bytes = 0;
      // Not readFile: a FIFO or /dev/stdin tells no size, and a wrong file may be a disk image.
      for (;;) {
        const { bytesRead, buffer } = await handle.read(Buffer.alloc(65_536), 0, 65_536, null);
        if (bytesRead === 0) return Buffer.concat(pieces).toString('utf8');
        bytes += bytesRead;
        if (bytes > maximumDefinitionBytes) throw new VireoError('INVALID_ARG', `${file} is longer than ${maximumDefinitionBytes} bytes: this is no domain definition`);
        pieces.push(buffer.subarray(0, bytesRead));
      }
    } finally {
      await handle.close();
    }
  } catch (error) {
    if (!isSystemError(error)) throw error;
    throw new CommandError('SYSTEM_ERROR', `Failed to open file '${file}': ${systemText(error)}`, { cause: error, details: { errno: error.code, path: file } });
  }
}

/** The C library's words for an error number, which Node keeps in lower case. */
function systemText(error: NodeJS.ErrnoException): string {
  const text = (error.errno !== undefined && getSystemErrorMap().get(error.errno)?.[1]) || error.message;
  return text.charAt(0).toUpperCase() + text.slice(1);
}
