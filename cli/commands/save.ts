/** A guest into a file and out of it again: save, managedsave, managedsave-remove, restore. */
import path from 'node:path';
import { saveFormats, type SaveFormat } from '../../core/save/save-formats.ts';
import { asVireoError } from '../../core/base/errors.ts';
import { type Command, type CommandContext, command, domainOption } from '../command.ts';
import { CommandError, CommandFailure } from '../command-error.ts';
import { attempt, lookUp } from '../domain-call.ts';
import { asJob } from '../job-progress.ts';
import { assertExclusive } from '../option-grammar.ts';
import { readTextFile } from '../read-text-file.ts';

/** It takes as long as the disk does; what ends it is its end, or a Ctrl + C. */
const longestMs = 24 * 3_600_000;

const xmlOption = { type: 'string', named: true, help: 'filename containing updated XML for the target' } as const;

export const save: Command = command({
  name: 'save',
  group: 'domain',
  summary: 'save a domain state to a file',
  description: 'Save the RAM state of a running domain. The domain is ended; Ctrl + C calls the save off until its image is complete.',
  options: {
    domain: domainOption,
    file: { type: 'string', required: true, help: 'where to save the data' },
    'bypass-cache': { type: 'boolean', help: 'avoid file system cache when saving' },
    'image-format': { type: 'string', named: true, help: `format of the save image file: ${saveFormats.join(', ')}` },
    xml: xmlOption,
    running: { type: 'boolean', help: 'set domain to be running on restore' },
    paused: { type: 'boolean', help: 'set domain to be paused on restore' },
    verbose: { type: 'boolean', help: 'display the progress of save' },
  },
  async run(context, values) {
    const restoresTo = restoresToOf(values);
    const format = values['image-format'] === null ? null : formatNamed(values['image-format']);
    const client = await context.client();
    const { uuid, name } = await lookUp(client, values.domain, context.interrupted);
    const xml = await textOf(context, values.xml);
    const params = { domain: uuid, to: path.resolve(context.folder, values.file), format, xml, restoresTo, bypassCache: values['bypass-cache'] };
    try {
      await asJob(context, client, uuid, { progress: values.verbose ? 'Save' : null, work: () => client.call('domainSave', params, { timeoutMs: longestMs }) });
    } catch (thrown) {
      throw new CommandFailure(`Failed to save domain '${name}' to ${values.file}`, asVireoError(thrown));
    }
    context.output.done({ file: params.to }, `\nDomain '${name}' saved to ${values.file}`);
  },
});

export const managedsave: Command = command({
  name: 'managedsave',
  group: 'domain',
  summary: 'managed save of a domain state',
  description: 'Save and stop a running domain, so it can be restarted from the same state at a later time. When the `start` command is next run for the domain, it will automatically be started from this saved state.',
  options: {
    domain: domainOption,
    'bypass-cache': { type: 'boolean', help: 'avoid file system cache when saving' },
    running: { type: 'boolean', help: 'set domain to be running on next start' },
    paused: { type: 'boolean', help: 'set domain to be paused on next start' },
    verbose: { type: 'boolean', help: 'display the progress of save' },
  },
  async run(context, values) {
    const restoresTo = restoresToOf(values);
    const client = await context.client();
    const { uuid, name } = await lookUp(client, values.domain, context.interrupted);
    const params = { domain: uuid, restoresTo, bypassCache: values['bypass-cache'] };
    try {
      await asJob(context, client, uuid, { progress: values.verbose ? 'Managedsave' : null, work: () => client.call('domainManagedSave', params, { timeoutMs: longestMs }) });
    } catch (thrown) {
      throw new CommandFailure(`Failed to save domain '${name}' state`, asVireoError(thrown));
    }
    context.output.done(null, `\nDomain '${name}' state saved by Vireo`);
  },
});

export const managedsaveRemove: Command = command({
  name: 'managedsave-remove',
  group: 'domain',
  summary: 'Remove managed save of a domain',
  description: 'Remove an existing managed save state file from a domain',
  options: { domain: domainOption },
  async run({ client, output, interrupted }, values) {
    const host = await client();
    const { uuid, name } = await lookUp(host, values.domain, interrupted);
    const answer = await attempt(host, `Failed to remove managed save image for domain '${name}'`, 'domainManagedSaveRemove', { domain: uuid }, interrupted);
    output.done(answer, answer.removed ? `Removed managedsave image for domain '${name}'` : `Domain '${name}' has no manage save image; removal skipped`);
  },
});

export const restore: Command = command({
  name: 'restore',
  group: 'domain',
  summary: 'restore a domain from a saved state in a file',
  description: 'Restore a domain. The file stays as it is: restore it once only, for the disks go on.',
  options: {
    file: { type: 'string', required: true, help: 'the state to restore' },
    'bypass-cache': { type: 'boolean', help: 'avoid file system cache when restoring' },
    xml: xmlOption,
    running: { type: 'boolean', help: 'restore domain into running state' },
    paused: { type: 'boolean', help: 'restore domain into paused state' },
    'reset-nvram': { type: 'boolean', help: 're-initialize NVRAM from its pristine template' },
  },
  async run(context, values) {
    const restoresTo = restoresToOf(values);
    const xml = await textOf(context, values.xml);
    const client = await context.client();
    const params = { from: path.resolve(context.folder, values.file), xml, restoresTo, resetNvram: values['reset-nvram'], bypassCache: values['bypass-cache'] };
    try {
      const restored = await client.call('domainRestore', params, { signal: context.interrupted, timeoutMs: longestMs });
      context.output.done(restored, `Domain restored from ${values.file}`);
    } catch (thrown) {
      throw new CommandFailure(`Failed to restore domain from ${values.file}`, asVireoError(thrown));
    }
  },
});

type StateOptions = Readonly<Record<'running' | 'paused', boolean>>;

/** Shared with the commands that change an image. */
export function restoresToOf(values: StateOptions): 'as it is' | 'running' | 'paused' {
  assertExclusive(values, 'running', 'paused');
  return values.running ? 'running' : values.paused ? 'paused' : 'as it is';
}

async function textOf(context: CommandContext, file: string | null): Promise<string | null> {
  return file === null ? null : await readTextFile(context, file);
}

function formatNamed(word: string): SaveFormat {
  const found = saveFormats.find((format) => format === word);
  if (found) return found;
  throw new CommandError('INVALID_ARG', `format '${word}' is not supported, expecting ${saveFormats.map((format) => `'${format}'`).join(', ')}`);
}
