/** The commands between definitions and QEMU's command line. */
import type { MethodResult } from '../../core/api/contract.ts';
import { VireoError } from '../../core/base/errors.ts';
import { type Command, type CommandContext, command } from '../command.ts';
import { CommandError } from '../command-error.ts';
import { lookUp } from '../domain-call.ts';
import { assertExclusive } from '../option-grammar.ts';
import { readTextFile } from '../read-text-file.ts';

/** Recorded conversations of QEMU 9 are about 1 MB long. */
const maximumRecordingBytes = 8 << 20;

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
    capabilities: { type: 'string', named: true, help: 'file with the recorded QMP conversation of the QEMU to convert for' },
  },
  async run(context, values) {
    if (values.format !== 'qemu-argv') throw new VireoError('INVALID_ARG', `unsupported config type ${values.format}`);
    assertExclusive(values, 'domain', 'xml');
    const answer = await argvOf(context, values);
    context.output.result(answer, () => [answer.text.trimEnd()]);
  },
});

interface ArgvSource {
  readonly xml: string | null;
  readonly domain: string | null;
  readonly capabilities: string | null;
}

async function argvOf(context: CommandContext, { xml: file, domain, capabilities: recorded }: ArgvSource): Promise<MethodResult<'connectDomainXMLToNative'>> {
  const settings = { signal: context.interrupted };
  const capabilities = recorded === null ? {} : { capabilities: { name: recorded, text: await readTextFile(context, recorded, 'recorded QMP conversation', maximumRecordingBytes) } };
  if (file !== null) {
    const xml = await readTextFile(context, file);
    return await (await context.client()).call('connectDomainXMLToNative', { xml, ...capabilities }, settings);
  }
  if (domain === null) throw new CommandError('INVALID_ARG', 'need either domain or domain XML');
  const client = await context.client();
  const { uuid } = await lookUp(client, domain, context.interrupted);
  return await client.call('connectDomainXMLToNative', { domain: uuid, ...capabilities }, settings);
}

export const domxmlFromNative: Command = command({
  name: 'domxml-from-native',
  group: 'domain',
  summary: 'Convert native config to domain XML',
  description: 'Convert a command line that this driver has written back to domain XML; anything else in it is refused by name.',
  options: {
    format: { type: 'string', required: true, help: 'source config data format (qemu-argv)' },
    config: { type: 'string', required: true, help: 'config data file to import from' },
  },
  async run(context, { format, config }) {
    if (format !== 'qemu-argv') throw new VireoError('INVALID_ARG', `unsupported config type ${format}`);
    const text = await readTextFile(context, config, 'command line');
    const answer = await (await context.client()).call('connectDomainXMLFromNative', { config: text }, { signal: context.interrupted });
    context.output.result(answer, () => [answer.xml.trimEnd()]);
  },
});
