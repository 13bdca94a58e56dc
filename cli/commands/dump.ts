/** A guest's memory in a file (dump), and what is wrong with its disks (domblkerror). */
import path from 'node:path';
import type { MethodResult } from '../../core/api/contract.ts';
import { dumpFormats, type DumpFormat } from '../../core/process/dump-format.ts';
import { asVireoError } from '../../core/base/errors.ts';
import { type Command, command, domainOption } from '../command.ts';
import { CommandError, CommandFailure } from '../command-error.ts';
import { lookUp } from '../domain-call.ts';
import { asJob } from '../job-progress.ts';
import { assertExclusive } from '../option-grammar.ts';

/** A dump takes as long as the disk does; what ends it is its end, not this. */
const longestDumpMs = 24 * 3_600_000;

export const dump: Command = command({
  name: 'dump',
  group: 'domain',
  summary: 'dump the core of a domain to a file for analysis',
  description:
    'Dump the memory and the CPUs of a domain into a file, which is replaced if it is there. QEMU stops the CPUs until the dump is complete, with --live too; it cannot be aborted. --memory-only may be left out: no other form is written.',
  options: {
    domain: domainOption,
    file: { type: 'string', required: true, help: 'where to dump the core' },
    live: { type: 'boolean', help: 'perform a live core dump if supported' },
    crash: { type: 'boolean', help: 'crash the domain after core dump' },
    reset: { type: 'boolean', help: 'reset the domain after core dump' },
    verbose: { type: 'boolean', help: 'display the progress of dump' },
    'memory-only': { type: 'boolean', help: "dump domain's memory only" },
    format: { type: 'string', named: true, help: `specify the format of memory-only dump: ${dumpFormats.join(', ')}` },
  },
  async run(context, values) {
    for (const [one, other] of [['live', 'crash'], ['live', 'reset'], ['crash', 'reset']] as const) assertExclusive(values, one, other);
    const to = path.resolve(context.folder, values.file);
    const client = await context.client();
    const { uuid, name } = await lookUp(client, values.domain, context.interrupted);
    const afterwards = values.crash ? 'crash' : values.reset ? 'reset' : 'nothing';
    const params = { domain: uuid, to, format: formatNamed(values.format), live: values.live, afterwards } as const;
    const work = (): Promise<MethodResult<'domainCoreDumpWithFormat'>> => client.call('domainCoreDumpWithFormat', params, { signal: context.interrupted, timeoutMs: longestDumpMs });
    try {
      const dumped = await asJob(context, client, uuid, { progress: values.verbose ? 'Dump' : null, work });
      context.output.done(dumped, `\nDomain '${name}' dumped to ${values.file}${dumped.replaced ? ' (which was replaced)' : ''}`);
    } catch (thrown) {
      throw new CommandFailure(`Failed to core dump domain '${name}' to ${values.file}`, asVireoError(thrown));
    }
  },
});

function formatNamed(word: string | null): DumpFormat {
  const found = dumpFormats.find((format) => format === (word ?? 'elf'));
  if (found) return found;
  throw new CommandError('INVALID_ARG', `format '${word}' is not supported, expecting 'kdump-zlib', 'kdump-lzo', 'kdump-snappy', 'win-dmp' or 'elf'`);
}

export const domblkerror: Command = command({
  name: 'domblkerror',
  group: 'monitor',
  summary: 'Show errors on block devices',
  description: 'Show block device errors',
  options: { domain: domainOption },
  async run({ client, output, interrupted }, values) {
    const host = await client();
    const { uuid } = await lookUp(host, values.domain, interrupted);
    const { errors } = await host.call('domainGetDiskErrors', { domain: uuid }, { signal: interrupted });
    output.result(errors, () => (errors.length === 0 ? ['No errors found'] : errors.map(({ disk, error }) => `${disk}: ${error}`)));
  },
});
