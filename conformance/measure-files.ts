/** Takes many documents through everything that is measured. */
import { mkdtemp, rm } from 'node:fs/promises';
import path from 'node:path';
import type { Trial } from './examine-document.ts';
import { ExamineThread, type Surroundings } from './examine-thread.ts';
import { type ExaminedFile, unexamined } from './examined-file.ts';
import { checkSchema } from './schema-check.ts';
import { tryStart } from './try-start.ts';

export interface MeasureOptions extends Surroundings {
  /** A RelaxNG schema, null for none. */
  readonly schema: string | null;
  readonly startQemu: boolean;
}

export interface SourceFile {
  readonly file: string;
  readonly xml: string;
}

/** A document that takes longer is judged to hang. */
const limitMs = 2_000;
const atOnce = 2;

export async function measureFiles(sources: readonly SourceFile[], options: MeasureOptions): Promise<readonly ExaminedFile[]> {
  // Sockets lie in it: its path has to be short.
  const folder = await mkdtemp('/tmp/vireo-');
  try {
    const examined = await examineAll(sources, options, folder);
    const schemaErrors = options.schema === null ? null : await checkSchema(examined.formatted, options.schema, path.join(folder, 'schema'));
    const acceptErrors = options.startQemu ? await tryAll(examined.trials) : new Map<string, string | null>();
    return examined.files.map((file): ExaminedFile => {
      const schemaError = schemaErrors?.get(file.file);
      const acceptError = acceptErrors.get(file.file);
      return {
        ...file,
        ...(schemaError === undefined ? {} : { schemaValid: schemaError === null, schemaError }),
        ...(acceptError === undefined ? {} : { accepted: acceptError === null, acceptError }),
      };
    });
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

interface Examined {
  readonly files: ExaminedFile[];
  readonly formatted: Map<string, string>;
  readonly trials: Map<string, Trial>;
}

async function examineAll(sources: readonly SourceFile[], { emulators, firmware }: MeasureOptions, folder: string): Promise<Examined> {
  const examined: Examined = { files: [], formatted: new Map(), trials: new Map() };
  const thread = new ExamineThread({ emulators, firmware });
  try {
    for (const [at, { file, xml }] of sources.entries()) {
      const { found, milliseconds } = await thread.examine({ xml, runFolder: path.join(folder, `r${at}`) });
      const { formatted, trial, ...rest } = found;
      if (formatted !== null) examined.formatted.set(file, formatted);
      if (trial) examined.trials.set(file, trial);
      const crash = rest.crash ?? (milliseconds > limitMs ? `took ${Math.round(milliseconds)} ms` : null);
      examined.files.push({ ...unexamined, ...rest, file, parsed: formatted !== null, crash, milliseconds });
    }
  } finally {
    await thread.close();
  }
  return examined;
}

async function tryAll(trials: ReadonlyMap<string, Trial>): Promise<ReadonlyMap<string, string | null>> {
  const said = new Map<string, string | null>();
  const waiting = [...trials];
  const work = async (): Promise<void> => {
    for (let next = waiting.shift(); next; next = waiting.shift()) said.set(next[0], await tryStart(next[1]));
  };
  await Promise.all(Array.from({ length: atOnce }, work));
  return said;
}
