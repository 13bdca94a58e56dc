/** What consoles have said: `vireo console-log`, `vireo console-search` and `vireo console-trigger`. */
import { type FileHandle, open } from 'node:fs/promises';
import path from 'node:path';
import { visibleText } from '../../core/agent/guest-text.ts';
import { consolePieces } from '../../core/api/console-pieces.ts';
import type { MethodInput, MethodResult } from '../../core/api/contract.ts';
import { asVireoError } from '../../core/base/errors.ts';
import type { ConsoleTrigger } from '../../core/console/history/trigger-schema.ts';
import { consoleEncodings } from '../../core/console/history/encodings.ts';
import { type ExportPiece, exportConsole, exportFormats, inWords } from '../../core/console/history/export-console.ts';
import { type Command, type CommandContext, command, domainOption } from '../command.ts';
import { CommandError, CommandFailure } from '../command-error.ts';
import { attempt, lookUp } from '../domain-call.ts';
import { assertExclusive } from '../option-grammar.ts';
import { formatTable } from '../table.ts';

const encodingOption = { type: 'string', named: true, help: `how the guest writes characters: ${consoleEncodings.join(', ')}` } as const;
const beginnings = ['run', 'beginning'] as const;

export const consoleLog: Command = command({
  name: 'console-log',
  group: 'domain',
  summary: 'what a console has said',
  description: "What a domain's console has said, whether it runs or not: as text, as it came, or as a recording for asciinema. A domain that is gone is found by its UUID.",
  options: {
    domain: domainOption,
    devname: { type: 'string', help: 'character device name' },
    from: { type: 'string', named: true, help: 'where to begin: run (the newest run, which is the default) or beginning (all that is kept)' },
    format: { type: 'string', named: true, help: `${exportFormats.join(', ')}; text is without escape sequences` },
    timestamps: { type: 'boolean', help: 'with the time before each line of text' },
    encoding: encodingOption,
    file: { type: 'string', named: true, help: 'write to a file, which must not be there' },
  },
  async run(context, values) {
    const format = oneOf('format', exportFormats, values.format) ?? 'text';
    const encoding = oneOf('encoding', consoleEncodings, values.encoding) ?? 'utf-8';
    if (values.timestamps && format !== 'text') throw new CommandError('INVALID_ARG', 'Option --timestamps is for the format text');
    const client = await context.client();
    const pieces = told(consolePieces(client, { domain: values.domain, device: values.devname, from: oneOf('from', beginnings, values.from) ?? 'run', signal: context.interrupted }), values.domain);
    if (context.output.json && values.file === null) {
      for await (const { bytes, ...piece } of pieces) context.output.result({ ...piece, data: Buffer.from(bytes).toString('base64') }, () => []);
      return;
    }
    const title = values.devname === null ? values.domain : `${values.domain} ${values.devname}`;
    const written = exportConsole(pieces, { format, encoding, timestamps: values.timestamps, title, columns: 80, rows: 24, moment: formatMoment });
    if (values.file === null) {
      for await (const bytes of written) await writeOut(context, bytes);
      return;
    }
    const file = path.resolve(context.folder, values.file);
    const sizeBytes = await writeFile(file, written);
    context.output.done({ file, sizeBytes }, `${sizeBytes} bytes written to ${values.file}`);
  },
});

export const consoleSearch: Command = command({
  name: 'console-search',
  group: 'domain',
  summary: 'find what consoles have said',
  description: 'Looks for a pattern in what all consoles of all domains have said, the newest line first, whether the domains run or not. The exit code is 1 where nothing was found.',
  options: {
    pattern: { type: 'string', required: true, help: 'what to look for, in single lines without escape sequences' },
    domain: { type: 'strings', named: true, help: 'only in these domains' },
    devname: { type: 'string', named: true, help: 'only in consoles of this character device name' },
    regex: { type: 'boolean', help: 'the pattern is a regular expression, as JavaScript has them' },
    'case-sensitive': { type: 'boolean', help: 'capital and small letters differ' },
    lines: { type: 'number', named: true, help: 'at most so many lines (default: all)' },
    encoding: encodingOption,
  },
  async run(context, values) {
    const { output, interrupted } = context;
    const client = await context.client();
    const maximum = values.lines ?? Number.POSITIVE_INFINITY;
    const query = {
      pattern: values.pattern,
      kind: values.regex ? 'regex' : 'text',
      caseSensitive: values['case-sensitive'],
      device: values.devname,
      encoding: oneOf('encoding', consoleEncodings, values.encoding) ?? 'utf-8',
    } as const;
    let count = 0;
    let before: string | null = null;
    do {
      const page: MethodResult<'domainSearchConsoles'> = await attempt(client, 'Failed to search the consoles', 'domainSearchConsoles', { ...query, domains: [...values.domain], before, maximumHits: Math.min(200, maximum - count) }, interrupted);
      for (const hit of page.hits) output.result(hit, () => [formatHit(hit)]);
      for (const { domain, device, reason } of page.problems) output.notice(`${device} of '${domain}' could not be searched: ${reason}`);
      count += page.hits.length;
      before = page.next;
    } while (before !== null && count < maximum);
    return count > 0 ? 0 : 1;
  },
});

export const consoleTrigger: Command = command({
  name: 'console-trigger',
  group: 'domain',
  summary: 'be told when a console says something',
  description: "Lists, adds or removes patterns of a domain: when a console of the running guest writes one, an event and an entry of the timeline tell of it, and the desktop shows a notification. A pattern is told at most every ten seconds; nothing that was written before is looked at.",
  options: {
    domain: domainOption,
    list: { type: 'boolean', help: 'list them, which is also done where nothing is asked' },
    add: { type: 'string', named: true, help: 'a pattern to add' },
    remove: { type: 'string', named: true, help: 'the id, or the pattern, of one to remove' },
    devname: { type: 'string', named: true, help: 'with --add: only on this character device' },
    regex: { type: 'boolean', help: 'with --add: the pattern is a regular expression' },
    'case-sensitive': { type: 'boolean', help: 'with --add: capital and small letters differ' },
    once: { type: 'boolean', help: 'with --add: tell of it once' },
    words: { type: 'string', named: true, help: 'with --add: what the notification is called' },
  },
  async run(context, values) {
    for (const [one, other] of [['add', 'remove'], ['add', 'list'], ['remove', 'list']] as const) assertExclusive(values, one, other);
    const { output, interrupted } = context;
    const client = await context.client();
    const { uuid, name } = await lookUp(client, values.domain, interrupted);
    const { triggers } = await attempt(client, `Failed to get the triggers of domain '${name}'`, 'domainGetConsoleTriggers', { domain: uuid }, interrupted);
    const set = (wanted: MethodInput<'domainSetConsoleTriggers'>['triggers']): Promise<MethodResult<'domainSetConsoleTriggers'>> =>
      attempt(client, `Failed to set the triggers of domain '${name}'`, 'domainSetConsoleTriggers', { domain: uuid, triggers: wanted }, interrupted);
    if (values.add !== null) {
      const added = { pattern: values.add, kind: values.regex ? 'regex' : 'text', caseSensitive: values['case-sensitive'], device: values.devname, once: values.once, words: values.words } as const;
      const after = (await set([...triggers, added])).triggers.at(-1);
      return output.done(after, `Trigger ${after?.id} added to domain '${name}'`);
    }
    if (values.remove !== null) {
      const left = triggers.filter(({ id, pattern }) => id !== values.remove && pattern !== values.remove);
      if (left.length === triggers.length) throw new CommandError('INVALID_ARG', `domain '${name}' has no trigger '${values.remove}'`);
      await set(left);
      return output.done({ removed: triggers.length - left.length }, `Trigger removed from domain '${name}'`);
    }
    output.result(triggers, () => formatTable(['Id', 'Device', 'Kind', 'State', 'Last', 'Pattern'], triggers.map(triggerRow), { withHead: !output.quiet }));
  },
});

function triggerRow({ id, device, kind, enabled, once, problem, lastFired, pattern }: ConsoleTrigger): readonly string[] {
  const state = problem !== null ? `not heeded: ${problem}` : !enabled ? 'told, off' : once ? 'once' : 'on';
  return [id, device ?? 'all', kind, state, lastFired === null ? '-' : formatMoment(lastFired.atMs), visibleText(pattern)];
}

function formatHit({ domain, console, line, fromMs, toMs }: MethodResult<'domainSearchConsoles'>['hits'][number]): string {
  return `${inWords({ fromMs, toMs }, formatMoment)}  ${domain.name}  ${console.label}  ${visibleText(line)}`;
}

function oneOf<T extends string>(option: string, words: readonly T[], word: string | null): T | null {
  if (word === null) return null;
  const found = words.find((each) => each === word);
  if (found === undefined) throw new CommandError('INVALID_ARG', `--${option}: '${word}' is none of ${words.join(', ')}`);
  return found;
}

/** The same pieces; what goes wrong on the way is told in a sentence. */
async function* told(pieces: AsyncIterable<ExportPiece>, domain: string): AsyncGenerator<ExportPiece> {
  try {
    yield* pieces;
  } catch (error) {
    throw new CommandFailure(`Failed to read the console of domain '${domain}'`, asVireoError(error));
  }
}

/** Waits for a pipe that is read slowly. */
function writeOut({ stdout }: CommandContext, bytes: Uint8Array): Promise<void> {
  return new Promise((resolve, reject) => stdout.write(bytes, (error) => (error ? reject(error) : resolve())));
}

async function writeFile(file: string, pieces: AsyncIterable<Uint8Array>): Promise<number> {
  let handle: FileHandle;
  try {
    handle = await open(file, 'wx', 0o600);
  } catch (error) {
    throw new CommandFailure(`Failed to write '${file}'`, asVireoError(error));
  }
  let sizeBytes = 0;
  try {
    for await (const bytes of pieces) {
      await handle.writeFile(bytes);
      sizeBytes += bytes.length;
    }
  } finally {
    await handle.close();
  }
  return sizeBytes;
}

/** As libvirt writes it into logs. */
function formatMoment(atMs: number): string {
  return new Date(atMs).toISOString().replace('T', ' ').replace('Z', '+0000');
}
