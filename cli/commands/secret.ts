/** secret-define and its relatives: what disks are encrypted with and servers are told, in virsh's words. */
import { open } from 'node:fs/promises';
import path from 'node:path';
import { type Command, type CommandContext, command } from '../command.ts';
import { CommandError } from '../command-error.ts';
import { attempt } from '../domain-call.ts';
import { readTextFile } from '../read-text-file.ts';
import { formatTable } from '../table.ts';

const secretOption = { type: 'string', required: true, help: 'secret UUID' } as const;
const maximumValueBytes = 65_536;

export const secretDefine: Command = command({
  name: 'secret-define',
  group: 'secret',
  summary: 'define or modify a secret from an XML file',
  description: 'Define or modify a secret.',
  options: { file: { type: 'string', required: true, help: 'file containing secret attributes in XML' } },
  async run(context, values) {
    const xml = await readTextFile(context, values.file, 'secret definition', 65_536);
    const { uuid } = await attempt(await context.client(), `Failed to set attributes from ${values.file}`, 'secretDefineXML', { xml }, context.interrupted);
    context.output.done({ uuid }, `Secret ${uuid} created`);
  },
});

export const secretDumpxml: Command = command({
  name: 'secret-dumpxml',
  group: 'secret',
  summary: 'secret attributes in XML',
  description: 'Output attributes of a secret as an XML dump to stdout.',
  options: { secret: secretOption },
  async run(context, values) {
    const { xml } = await attempt(await context.client(), failedToGet(values.secret), 'secretGetXMLDesc', { uuid: values.secret }, context.interrupted);
    context.output.result({ xml }, () => xml.trimEnd().split('\n'));
  },
});

export const secretSetValue: Command = command({
  name: 'secret-set-value',
  group: 'secret',
  summary: 'set a secret value',
  description: 'Set a secret value, from a file or from standard input. A value on the command line could be read by every user of the host.',
  options: {
    secret: secretOption,
    file: { type: 'string', help: 'read secret from file; standard input without it' },
    plain: { type: 'boolean', help: 'the value is not base64 encoded' },
  },
  async run(context, values) {
    const bytes = values.file === null ? await readInput(context) : await readBytes(context, values.file);
    const value = values.plain ? bytes.toString('base64') : bytes.toString('latin1').trim();
    if (!/^[A-Za-z0-9+/]+={0,2}$/.test(value)) throw new CommandError('INVALID_ARG', values.plain ? 'The value is empty' : 'Invalid base64 data (--plain takes the value as it is)');
    await attempt(await context.client(), 'Failed to set secret value', 'secretSetValue', { uuid: values.secret, value }, context.interrupted);
    context.output.done(null, 'Secret value set');
  },
});

export const secretGetValue: Command = command({
  name: 'secret-get-value',
  group: 'secret',
  summary: 'Output a secret value',
  description: 'Output a secret value to stdout.',
  options: { secret: secretOption, plain: { type: 'boolean', help: 'get value without converting to base64' } },
  async run(context, values) {
    const { value } = await attempt(await context.client(), 'Failed to get secret value', 'secretGetValue', { uuid: values.secret }, context.interrupted);
    if (values.plain) context.stdout.write(Buffer.from(value, 'base64'));
    else context.output.result({ value }, () => [value]);
  },
});

export const secretUndefine: Command = command({
  name: 'secret-undefine',
  group: 'secret',
  summary: 'undefine a secret',
  description: 'Undefine a secret.',
  options: { secret: secretOption },
  async run(context, values) {
    await attempt(await context.client(), `Failed to delete secret ${values.secret}`, 'secretUndefine', { uuid: values.secret }, context.interrupted);
    context.output.done(null, `Secret ${values.secret} deleted`);
  },
});

export const secretList: Command = command({
  name: 'secret-list',
  group: 'secret',
  summary: 'list secrets',
  description: 'Returns a list of secrets',
  options: {},
  async run({ client, output, interrupted }) {
    const { secrets } = await (await client()).call('connectListAllSecrets', {}, { signal: interrupted });
    const sorted = secrets.toSorted((a, b) => (a.uuid < b.uuid ? -1 : 1));
    output.result({ secrets: sorted }, () => formatTable(['UUID', 'Usage'], sorted.map(({ uuid, usage }) => [uuid, usage ? `${usage.type} ${usage.name}` : 'Unused']), { withHead: !output.quiet }));
  },
});

function failedToGet(secret: string): string {
  return `failed to get secret '${secret}'`;
}

async function readInput({ input }: Pick<CommandContext, 'input'>): Promise<Buffer> {
  const pieces: Buffer[] = [];
  let bytes = 0;
  for await (const piece of input) {
    pieces.push(Buffer.from(piece as Uint8Array));
    bytes += pieces.at(-1)?.length ?? 0;
    if (bytes > 2 * maximumValueBytes) throw new CommandError('INVALID_ARG', 'Standard input is too long to be a secret');
  }
  return Buffer.concat(pieces);
}

/** Not as text: a key is any bytes. */
async function readBytes({ folder }: Pick<CommandContext, 'folder'>, file: string): Promise<Buffer> {
  const handle = await open(path.resolve(folder, file), 'r').catch((error: unknown) => {
    throw new CommandError('SYSTEM_ERROR', `Failed to open file '${file}': ${error instanceof Error ? error.message : String(error)}`, { cause: error });
  });
  try {
    const { bytesRead, buffer } = await handle.read(Buffer.alloc(2 * maximumValueBytes), 0, 2 * maximumValueBytes, 0);
    return buffer.subarray(0, bytesRead);
  } finally {
    await handle.close();
  }
}
