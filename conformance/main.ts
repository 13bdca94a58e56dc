/** `npm run -s conformance -- FOLDER [--json] [--capabilities FILE ...] [--schema FILE] [--no-qemu]` */
import { readdir, readFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { silentLog } from '../core/base/log.ts';
import { parseRecordedCapabilities } from '../core/capabilities/recorded-capabilities.ts';
import { firmwareFolders, readFirmwareDescriptors } from '../core/firmware/firmware-descriptor.ts';
import type { Emulator } from './examine-document.ts';
import { isExamineThread, serveExaminations } from './examine-thread.ts';
import { summarize } from './examined-file.ts';
import { installedEmulators } from './installed-emulators.ts';
import { measureFiles, type SourceFile } from './measure-files.ts';
import { formatReport } from './report.ts';
import { findSchema } from './schema-check.ts';

const usage = 'usage: npm run -s conformance -- FOLDER [--json] [--capabilities FILE ...] [--schema FILE] [--no-qemu]\n';

if (isExamineThread()) serveExaminations();
else process.exitCode = await conformance(process.argv.slice(2));

/** 0 where nothing crashed, hung or was lost; a refusal is an answer. */
async function conformance(words: readonly string[]): Promise<number> {
  const { values, positionals } = parseArgs({
    args: [...words],
    allowPositionals: true,
    options: {
      json: { type: 'boolean', default: false },
      capabilities: { type: 'string', multiple: true, default: [] },
      schema: { type: 'string' },
      'no-qemu': { type: 'boolean', default: false },
    },
  });
  const [folder] = positionals;
  if (folder === undefined || positionals.length > 1) {
    process.stderr.write(usage);
    return 2;
  }
  const sources = await readSources(fromCaller(folder));
  const recorded = await Promise.all(values.capabilities.map(async (file): Promise<Emulator> => ({ installed: false, capabilities: await parseRecordedCapabilities(await readFile(fromCaller(file), 'utf8'), file) })));
  const emulators = [...recorded, ...(await installedEmulators(architecturesIn(sources)))];
  const firmware = await readFirmwareDescriptors(firmwareFolders({ env: process.env, home: homedir(), platform: process.platform }), silentLog);
  const schema = await findSchema(values.schema === undefined ? null : fromCaller(values.schema));
  const files = await measureFiles(sources, { emulators, firmware, schema, startQemu: !values['no-qemu'] });
  process.stdout.write(values.json ? `${JSON.stringify({ summary: summarize(files), files }, null, 2)}\n` : formatReport(files));
  return files.some(({ crash }) => crash !== null) ? 1 : 0;
}

/** npm runs scripts in the project's folder; paths are meant from where the caller stands. */
function fromCaller(file: string): string {
  return path.resolve(process.env['INIT_CWD'] ?? '.', file);
}

async function readSources(folder: string): Promise<readonly SourceFile[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const names = entries.filter((entry) => !entry.isDirectory() && entry.name.endsWith('.xml')).map((entry) => path.join(entry.parentPath, entry.name)).toSorted();
  return Promise.all(names.map(async (name) => ({ file: path.relative(folder, name), xml: await readFile(name, 'utf8') })));
}

/** Which QEMUs are worth asking: found without parsing, as a file may not parse. */
function architecturesIn(sources: readonly SourceFile[]): ReadonlySet<string> {
  const found = sources.flatMap(({ xml }) => [...xml.matchAll(/<type[^>]*\barch=["']([a-z0-9_]+)["']|qemu-system-([a-z0-9_]+)/g)].map(([, arch, target]) => arch ?? target ?? ''));
  return new Set(['x86_64', ...found]);
}
